# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import httpx
import pytest

from airflow_provider_wa.api.flow import Effect, Reply, Request, Upload
from airflow_provider_wa.transport.body import Body, ReplyTooLong, UnknownCoding
from airflow_provider_wa.transport.http1 import BadHeader, BadReply, Origin, ReplyParser, outgoing

HEADERS = {"accept": "*/*"}
OK = b"HTTP/1.1 200 OK\r\n"


def written(request: Request, url: str = "http://vendor.example/call", **proxy: str) -> bytes:
    return outgoing(request, url, HEADERS, proxy or None).data


def test_a_request_is_one_head_and_one_body() -> None:
    request = Request("POST", "/call", Effect.SEND, headers={"Token": "a+/="}, json={"text": "¡Hola!", "none": None})
    assert written(request) == (
        b"POST /call HTTP/1.1\r\nHost: vendor.example\r\naccept: */*\r\nToken: a+/=\r\n"
        b"Content-Type: application/json\r\nContent-Length: 30\r\n\r\n" + '{"text":"¡Hola!","none":null}'.encode()
    )


@pytest.mark.parametrize(
    ("url", "origin", "host", "target"),
    [
        ("http://h", Origin("http", "h", 80), "h", "/"),
        ("https://h/a/b?c=d", Origin("https", "h", 443), "h", "/a/b?c=d"),
        ("https://H:8443/a b", Origin("https", "h", 8443), "h:8443", "/a%20b"),
        ("http://[::1]:8080/x", Origin("http", "::1", 8080), "[::1]:8080", "/x"),
        ("http://bücher.example/é", Origin("http", "xn--bcher-kva.example", 80), "xn--bcher-kva.example", "/%C3%A9"),
    ],
)
def test_a_url_leads_to_an_origin(url: str, origin: Origin, host: str, target: str) -> None:
    made = outgoing(Request("GET", "/"), url, HEADERS, None)
    assert made.origin == origin
    assert made.data.startswith(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n".encode())


def test_parameters_follow_those_of_the_url() -> None:
    params = {"text": "a b&c", "to": ("1", "2")}
    assert written(Request("GET", "/", params=params), "http://h/x?y=z").startswith(
        b"GET /x?y=z&text=a+b%26c&to=1&to=2 HTTP/1.1\r\n"
    )


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT"])
def test_a_request_without_a_body_says_so_where_one_is_expected(method: str) -> None:
    assert (b"Content-Length: 0" in written(Request(method, "/"))) is (method in ("POST", "PUT"))


def test_a_form_with_a_file_is_multipart() -> None:
    data = written(Request("POST", "/", form={"to": "1"}, files=(Upload("file", "a.png", b"\x89PNG", "image/png"),)))
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"Content-Type: multipart/form-data; boundary=(\w+)", head)
    assert found is not None
    assert body.endswith(b"\x89PNG\r\n--" + found[1] + b"--\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


def test_a_proxy_is_given_the_whole_url_and_its_credentials() -> None:
    data = written(Request("GET", "/"), "http://h:81/x", **{"Proxy-Authorization": "Basic x"})
    assert data.startswith(b"GET http://h:81/x HTTP/1.1\r\nHost: h:81\r\n")
    assert b"Proxy-Authorization: Basic x\r\n" in data
    assert b"Proxy" not in written(Request("GET", "/"), "https://h/x", **{"Proxy-Authorization": "Basic x"})


@pytest.mark.parametrize("value", ["a\nb", "a\r\nX: y", "a\0b", " a", "a ", "é", "\x7f"])
def test_a_header_that_http_cannot_carry_is_refused(value: str) -> None:
    with pytest.raises(BadHeader):
        written(Request("GET", "/", headers={"Token": value}))


@pytest.mark.parametrize("url", ["vendor.example", "ftp://h/x", "http://", "/x"])
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        written(Request("GET", "/"), url)


def test_what_is_written_is_not_shown() -> None:
    assert "s3cr3t" not in repr(outgoing(Request("GET", "/"), "http://h/s3cr3t", HEADERS, None))


def parsed(*parts: bytes, has_body: bool = True) -> ReplyParser:
    parser = ReplyParser(Body(60), has_body=has_body)
    for part in parts:
        parser.feed(part)
    return parser


KEPT = {
    "by its length": OK + b"Content-Length: 2\r\n\r\nok",
    "in chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nX-Trailer: x\r\n\r\n",
    "after interim replies": b"HTTP/1.1 100 Go on\r\nX: y\r\n\r\n" * 3 + OK + b"Content-Length: 2\r\n\r\nok",
    "of HTTP/1.0 that keeps": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
    "without words": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
}
ENDS = {
    "announced": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok",
    "of HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "with more than was asked for": OK + b"Content-Length: 2\r\n\r\nok" + OK + b"Content-Length: 5\r\n\r\nwrong",
    "with junk behind": OK + b"Content-Length: 2\r\n\r\nokjunk",
    "with junk behind its announced end": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nokjunk",
}


@pytest.mark.parametrize("size", [None, 1], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("data", KEPT.values(), ids=KEPT)
def test_a_reply_after_which_the_connection_is_kept(data: bytes, size: int | None) -> None:
    parser = parsed(*([data] if size is None else [bytes([byte]) for byte in data]))
    assert parser.done
    assert parser.keeps
    reply = parser.reply()
    assert (reply.status, reply.body) == (200, b"ok")
    assert "x" not in reply.headers
    assert "x-trailer" not in reply.headers


@pytest.mark.parametrize("data", ENDS.values(), ids=ENDS)
def test_a_reply_after_which_the_connection_ends(data: bytes) -> None:
    parser = parsed(data)
    assert parser.done
    assert not parser.keeps
    assert parser.reply().body == b"ok"


def test_a_reply_without_a_length_ends_with_the_connection() -> None:
    parser = parsed(OK + b"\r\nso", b"me")
    assert not parser.done
    parser.feed_eof()
    assert parser.done
    assert not parser.keeps
    assert parser.reply() == Reply(200, b"some", {})


@pytest.mark.parametrize("status", [204, 304])
def test_a_reply_without_a_body_is_done_with_its_head(status: int) -> None:
    parser = parsed(b"HTTP/1.1 %d No\r\nContent-Length: 5\r\n\r\n" % status)
    assert parser.done
    assert parser.keeps


def test_the_reply_to_a_head_request_has_no_body() -> None:
    parser = parsed(OK + b"Content-Length: 5\r\n\r\n", has_body=False)
    assert parser.done
    assert parser.reply() == Reply(200, b"", {"content-length": "5"})


CUT = [
    b"",
    b"HTTP/1.1 20",
    OK + b"Content-Ty",
    OK + b"Content-Length: 100\r\n\r\nsome",
    OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
    OK + b"Transfer-Encoding: gzip\r\n\r\nsome",
    b"HTTP/1.1 100 Go on\r\n\r\n",
]


@pytest.mark.parametrize("data", CUT)
def test_a_reply_that_is_cut_off_is_not_a_shorter_one(data: bytes) -> None:
    parser = parsed(data)
    assert not parser.done
    with pytest.raises(BadReply):
        parser.feed_eof()


JUNK = [
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"HTTP/1.1 yes OK\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\nhello\r\n",
    OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
    OK + b"Content-Length: -2\r\n\r\nok",
    b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
]


@pytest.mark.parametrize("data", JUNK)
def test_what_is_not_http_is_refused(data: bytes) -> None:
    with pytest.raises(BadReply):
        parsed(data)


FLOODS = {
    "headers": (OK, b"X: y\r\n"),
    "one header": (OK + b"X: ", b"y" * 1000),
    "interim replies": (b"", b"HTTP/1.1 100 Go on\r\n\r\n"),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", b"X: y\r\n"),
    "a chunk's extension": (OK + b"Transfer-Encoding: chunked\r\n\r\n2;", b"x" * 1000),
}


@pytest.mark.parametrize(("begin", "more"), FLOODS.values(), ids=FLOODS)
def test_what_is_not_the_body_has_a_maximum_length(begin: bytes, more: bytes) -> None:
    parser = parsed(begin)

    def flood() -> None:
        for _ in range(200):
            parser.feed(more * (2000 // len(more)))

    with pytest.raises(ReplyTooLong):
        flood()


def test_a_body_may_come_in_very_small_chunks() -> None:
    parser = parsed(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(100):
        parser.feed(b"1\r\nx\r\n" * 1000)
    parser.feed(b"0\r\n\r\n")
    assert parser.done
    assert len(parser.reply().body) == 100_000


def test_a_coding_in_layers_is_refused_before_the_body_comes() -> None:
    with pytest.raises(UnknownCoding):
        parsed(OK + b"Content-Encoding: gzip, gzip\r\nContent-Length: 100\r\n\r\n")


def test_a_second_layer_may_be_named_by_a_second_header() -> None:
    parser = ReplyParser(Body(60))
    with pytest.raises(UnknownCoding):
        parser.feed(OK + b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx")
