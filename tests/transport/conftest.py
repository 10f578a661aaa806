# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import certifi
import pytest
from helpers.driving import Driver


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Driver:
    """Drives a flow over a channel: each test of it runs for both."""
    return Driver(request.param)


@pytest.fixture(scope="session")
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA bundle of one, which is read in no time; certifi's takes longer than most exchanges here."""
    bundle = tmp_path_factory.mktemp("tls") / "ca.pem"
    end = "-----END CERTIFICATE-----\n"
    bundle.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end, encoding="utf-8")
    return bundle


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, few_authorities: Path) -> None:
    """No proxy of the environment stands in between."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(few_authorities))
