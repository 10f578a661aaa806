# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import traceback

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.transport.proxies import environment_proxy, password_of

PASSWORD = "S3cret-of-the-proxy"


@pytest.mark.parametrize("scheme", ["", "http://", "https://"])
def test_a_proxy_and_its_password_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("https_proxy", f"{scheme}name:{PASSWORD}@127.0.0.1:9")
    proxy = environment_proxy("https://vendor.test/path")
    assert proxy is not None
    assert (proxy.url.scheme, proxy.url.host, proxy.url.port) == (scheme[:-3] or "http", "127.0.0.1", 9)
    assert password_of(proxy) == (PASSWORD,)


def test_there_is_none_for_another_scheme_and_for_hosts_that_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "vendor.test")
    assert environment_proxy("http://other.test") is None
    assert environment_proxy("https://vendor.test") is None
    assert password_of(None) == ()


@pytest.mark.parametrize(
    "address", ["ftp://name:{}@host:9", "socks5://name:{}@host:9", "http://name:{}@", "http://name:{}@host:none"]
)
@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_the_address_of_no_http_proxy_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv(name, address.format(PASSWORD))
    with pytest.raises(BadInput, match=f"^{name}: not the address of an HTTP proxy; expected") as caught:
        environment_proxy("http://vendor.test")
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
