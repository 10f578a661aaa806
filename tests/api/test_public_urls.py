# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from helpers.refusals import refusal

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.public_urls import refuse_private


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com/a.png",
        "http://example.com:8080/a.png?x=1#y",
        "https://93.184.216.34/a.png",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/a.png",
        "https://bücher.example.org/a.png",
        "https://127.example.com/",
        "https://0x.example.com/",
    ],
)
def test_a_public_host_is_allowed(url: str) -> None:
    assert refusal(refuse_private, url) is None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "169.254.169.254.",
        "2852039166",  # 169.254.169.254
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "0xA9.0xFE.169.254",
        "169.254.43518",
        "017700000001",
        "0x7f.1",
        "999.1.1.1",
        "08.8.8.8",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[fec0::1]",
        "\uff11\uff12\uff17.0.0.1",
        "127\u30020\u30020\u30021",
        "\u2460\u2461\u2466.0.0.1",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "metadata.google.internal",
        "printer.local",
        "redis",
        "router.lan",
    ],
)
def test_a_host_that_is_not_public_is_refused(host: str) -> None:
    for url in (f"http://{host}/", f"https://{host}:443/a.png"):
        with pytest.raises(BadInput, match=r"^url: .*is not a public host; expected http"):
            refuse_private(url)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/a",
        "gopher://example.com/",
        "data:text/plain,hi",
        "//example.com/a",
        "example.com/a",
        "http://",
        "http:///a",
        "http://[::1",
        "http://example.com:port/",
        "http://user@example.com/",
        "http://example.com@127.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://example.com\t/",
        "http://example.com/a b",
        "\nhttp://example.com/",
    ],
)
def test_what_is_no_plain_url_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match=r"^url: .*; expected http:// or https://"):
        refuse_private(url)
