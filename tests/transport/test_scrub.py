# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import html
import json
import logging
import time
import traceback
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import httpx
import pytest
from helpers.driving import Driver, Tiny
from helpers.raw_server import RawServer, echo, hang_up, reply, say
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput, RateLimited, UnexpectedReply, WaError
from airflow_provider_wa.api.flow import Effect, Flow, Request, exchange
from airflow_provider_wa.api.records import CheckResult, CheckStatus, QrCode, Record, Session, SessionState
from airflow_provider_wa.transport.channel import Channel, Endpoint
from airflow_provider_wa.transport.drive import drive
from airflow_provider_wa.transport.scrub import MASK, MESSAGE_LENGTH, RAW_LENGTH, Scrubber

pytestmark = pytest.mark.sockets

PARTS = ("sEsaM", "oeFFne", "dIch", "jeTzt")
"""However the whole is spelt or cut to pieces, these remain to be found."""
HARD = f"{PARTS[0]}+/=&{PARTS[1]}%@:~!'()*,;$[]{PARTS[2]} üñ€😀\"\\<>^`{{|}}{PARTS[3]}"
YARLS_END = f"%C3%BC%C3%B1%E2%82%AC%F0%9F%98%80%22%5C%3C%3E%5E%60%7B%7C%7D{PARTS[3]}"
HEADER = HARD.replace("üñ€😀", "")
"""A header takes ASCII alone."""


def _assert_clean(text: str) -> None:
    assert [part for part in PARTS if part.lower() in text.lower()] == []


SPELLINGS = {
    "plain": HARD,
    "percent-encoded": quote(HARD, safe=""),
    "in lower case": quote(HARD, safe="").lower(),
    "with slashes": quote(HARD),
    "as a form": quote_plus(HARD),
    "as a query": urlencode({"token": HARD}),
    "percent-encoded twice": quote(quote(HARD, safe=""), safe=""),
    "httpx's query": str(httpx.URL("http://h/", params={"token": HARD})),
    "httpx's path": str(httpx.URL("http://h/" + HARD)),
    "httpx's quoted path": str(httpx.URL("http://h/" + quote(HARD, safe=""))),
    # As written by yarl, aiohttp's library, which is not always installed.
    "yarl's query": f"http://h/?token={PARTS[0]}%2B/%3D%26{PARTS[1]}%25@:~!'()*,%3B$%5B%5D{PARTS[2]}+{YARLS_END}",
    "yarl's path": f"http://h/{PARTS[0]}%2B%2F=&{PARTS[1]}%25@:~!'()*,;$%5B%5D{PARTS[2]}%20{YARLS_END}",
    "yarl for humans": f"http://h/{HARD.replace('%', '%25')}",
    "JSON": json.dumps({"token": HARD}),
    "JSON in UTF-8": json.dumps({"token": HARD}, ensure_ascii=False),
    "PHP's JSON": json.dumps({"token": HARD}).replace("/", "\\/"),
    "Go's JSON": json.dumps({"token": HARD}).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    "JSON in JSON in JSON": json.dumps(json.dumps(json.dumps(HARD))),
    "HTML": html.escape(HARD),
    "repr": repr(HARD),
    "repr of bytes": repr(HARD.encode()),
    "repr of a quoted header": repr(f"'{HEADER}'".encode()),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_a_secret_is_found_in_every_spelling(text: str) -> None:
    clean = Scrubber([HARD, HEADER]).text(f"before {text} after")
    _assert_clean(clean)
    assert MASK in clean
    assert clean.startswith("before ")
    assert clean.endswith(" after")


@given(st.text(min_size=6, max_size=40).map(str.strip).filter(lambda secret: len(secret) >= 6))
@example("aaaaaa\\\\ \\ /")
@example("%25%25%25")
@example("+1 555+ /")
def test_any_secret_is_found_in_every_spelling(secret: str) -> None:
    scrubber = Scrubber([secret])
    for spelling in (
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        quote(quote(secret, safe=""), safe=""),
        json.dumps(secret)[1:-1],
        str(httpx.URL("http://h/", params={"k": secret})).partition("k=")[2],
    ):
        assert scrubber.text(f"<{spelling}>") == f"<{MASK}>"


def test_what_is_no_secret_stays() -> None:
    text = "POST https://host/api/send?phone=+51987654321&text=hola%20mundo 200"
    assert Scrubber(["S3cr3tT0k3n", "xyz"]).text(text) == text
    assert Scrubber([]).text(text) == text
    assert Scrubber(["", "   "]).text(text) == text


@pytest.mark.parametrize(
    ("secret", "text", "expected"),
    [
        ("1234", "51123456789", "51123456789"),
        ("1234", "+51 987 1234567", "+51 987 1234567"),
        ("1234", "pin=1234&to=51123499", "pin=***&to=51123499"),
        ("abc", "abc abcd xabc _abc", "*** abcd xabc _abc"),
        ("a b", "k=a%20b&x=a+b&y=xa+b", "k=***&x=***&y=xa+b"),
        ("123456", "51123456789", "51***789"),
    ],
)
def test_a_short_secret_is_masked_only_where_it_stands_alone(secret: str, text: str, expected: str) -> None:
    assert Scrubber([secret]).text(text) == expected


@pytest.mark.parametrize("secret", ["5", "_", "jw", "ko", "qy"])
def test_a_very_short_secret_is_not_found_in_what_looks_like_base64(secret: str) -> None:
    text = "https://api.green-api.com/waInstance1101000001/getStateInstance/a9D2kkQpWm4xYtLb8Ls0uR7cVnZ3hJ6eTfGq"
    assert Scrubber([secret]).text(text) == text


def test_the_longer_secret_wins_where_one_begins_with_the_other() -> None:
    assert Scrubber(["abcdefgh", "abcdefghijkl"]).text("abcdefghijkl abcdefgh") == "*** ***"


def test_the_spaces_around_a_secret_do_not_matter() -> None:
    assert Scrubber([" S3cr3tT0k3n\n"]).text("Token: S3cr3tT0k3n") == "Token: ***"


@pytest.mark.parametrize(
    "secret",
    [
        HARD,
        "%25" * 30,
        "%" * 60,
        "a" * 60,
        "+ " * 30,
        "&amp;" * 15,
        "\\+" * 30,
        "é😀" * 30,
        "\\" * 60 + "+",
        "\\x5c" * 20,
    ],
    ids=lambda secret: secret[:6],
)
def test_what_nearly_is_the_secret_cannot_make_the_search_slow(secret: str) -> None:
    scrubber, began = Scrubber([f"{secret}!"]), time.thread_time()
    for encode in (str, quote, json.dumps, html.escape, repr, lambda text: json.dumps(json.dumps(text)), quote_plus):
        near = encode(secret).strip("'\"")
        assert scrubber.text(f"{near}? " * 30) == f"{near}? " * 30
    assert time.thread_time() - began < 1


def test_data_is_cleaned_in_depth() -> None:
    scrubber = Scrubber([HARD])
    dirty = {"a": [HARD, {HARD: ("x", f"1{HARD}2")}], "n": 1, "none": None, "yes": True, "b": b"bytes"}
    assert scrubber.data(dirty) == {
        "a": [MASK, {MASK: ["x", f"1{MASK}2"]}],
        "n": 1,
        "none": None,
        "yes": True,
        "b": b"bytes",
    }
    assert HARD in dirty["a"], "what belongs to others is not changed"  # type: ignore[operator]


@dataclass(frozen=True, kw_only=True)
class Folder(Record):
    """A record with more in it than today's have."""

    names: tuple[str, ...] = ()
    children: tuple[Record, ...] = ()
    child: Record | None = None


def test_a_record_is_cleaned_and_stays_what_it_was() -> None:
    moment = datetime(2026, 1, 2, tzinfo=timezone.utc)
    record = CheckResult(
        vendor="tiny", number="51987654321", status=CheckStatus.EXISTS, detail=f"no {HARD}!", raw={"t": [HARD]}
    )
    clean = Scrubber([HARD]).result(record)
    assert clean == CheckResult(vendor="tiny", number="51987654321", status=CheckStatus.EXISTS, detail=f"no {MASK}!")
    assert clean.raw == {"t": [MASK]}
    assert clean.status is CheckStatus.EXISTS
    assert record.raw == {"t": [HARD]}
    assert Scrubber([HARD]).result([record, (record,), moment, None, 3]) == [clean, (clean,), moment, None, 3]
    qr = QrCode(png=b"\x89PNG")
    assert Scrubber([HARD]).result(qr) == qr


def test_records_within_records_are_cleaned() -> None:
    leaf = Session(state=SessionState.LOGGED_IN, raw={"token": HARD})
    clean = Scrubber([HARD]).result(Folder(names=("a", HARD), children=(leaf,), child=leaf))
    assert clean.names == ("a", MASK)
    assert clean.children == (leaf,)
    assert isinstance(clean.child, Session)
    assert clean.child.raw == clean.children[0].raw == {"token": MASK}
    assert clean.child.state is SessionState.LOGGED_IN


def test_plain_results_are_cleaned() -> None:
    scrubber = Scrubber([HARD])
    assert scrubber.result(f"probed {HARD}") == f"probed {MASK}"
    assert scrubber.result({"a": HARD}) == {"a": MASK}
    assert scrubber.result(None) is None


SECRET = "two\nLines\\"
SPELLINGS = [
    SECRET,
    SECRET.swapcase(),
    quote(SECRET),
    json.dumps(SECRET),
    f"x{SECRET.encode().hex()}",
    "two",
    "Lines\\",
]


@given(st.lists(st.lists(st.sampled_from(SPELLINGS) | st.text(), max_size=3).map("".join)))
def test_a_result_is_masked_as_each_of_its_texts_is(texts: list[str]) -> None:
    scrubber = Scrubber([SECRET])
    clean = list(map(scrubber.text, texts))
    result = scrubber.result({place: {text: [text]} for place, text in enumerate(texts)})
    assert result == {place: {text: [text]} for place, text in enumerate(clean)}


def test_a_result_without_secrets_is_not_copied() -> None:
    results = [CheckResult(number="51987654321", status=CheckStatus.EXISTS, raw={"t": ["two", "Lines"]})]
    assert Scrubber([SECRET]).result(results) is results


def test_an_error_is_cleaned_in_place_with_its_kind_and_details() -> None:
    error = RateLimited(f"no {HARD}", vendor="tiny", code=HARD, status=429, retry_after=3, raw={"t": HARD})
    error.__cause__ = ValueError(HARD)
    error.__context__ = ValueError(HARD)
    clean = Scrubber([HARD]).error(error)
    assert clean is error
    assert (error.message, error.code, error.raw) == (f"no {MASK}", MASK, {"t": MASK})
    assert (error.vendor, error.status, error.retry_after) == ("tiny", 429, 3)
    assert (str(error), repr(error)) == (f"tiny: no {MASK}", f"RateLimited('no {MASK}')")
    assert error.__cause__ is None
    assert error.__context__ is None


# Over real connections: the token is everywhere, the server quotes it back, and every logger is at DEBUG.


def _requests() -> dict[str, dict[str, Any]]:
    return {
        "path": {"path": f"/waInstance1/send/{quote(HARD, safe='')}"},
        "raw path": {"path": f"/waInstance1/send/{HARD}"},
        "query": {"params": {"access_token": HARD, "to": "1"}},
        "header": {"headers": {"Token": HEADER}},
        "json": {"json": {"apikey": HARD}},
        "form": {"form": {"apikey": HARD}},
    }


FAULTS = {"quotes": echo, "junk": say(b"HTTP/1.1 yes " + HEADER.encode() + b"\r\n\r\n"), "hangs up": hang_up}


def _everything(error: WaError) -> str:
    chain: list[BaseException | None] = [error, error.__cause__, error.__context__]
    texts = [str(error), repr(error), repr(error.args), repr(vars(error)), json.dumps(error.raw), *map(repr, chain)]
    return "\n".join([*texts, *traceback.format_exception(type(error), error, error.__traceback__)])


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("place", _requests())
def test_no_secret_comes_out_of_a_failure(
    run: Driver, caplog: pytest.LogCaptureFixture, place: str, fault: Any, effect: Effect
) -> None:
    _log_everything(caplog)
    with RawServer(fault) as server:
        endpoint = Endpoint(server.url, secrets=(HARD, HEADER), timeout=5)
        ended = run(Tiny().call(effect, "POST", **_requests()[place]), endpoint)
        assert server.requests
    assert ended.error is not None
    _assert_clean(_everything(ended.error))
    _assert_clean(_logged(caplog))
    if fault is echo:
        assert ended.kind is BadInput
        assert MASK in str(ended.error.raw), "the server did quote it"


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("place", _requests())
def test_no_secret_comes_out_of_a_success(
    run: Driver, caplog: pytest.LogCaptureFixture, place: str, effect: Effect
) -> None:
    _log_everything(caplog)
    request = Request("POST", **{"path": "/", **_requests()[place]}, effect=effect)

    def flow() -> Flow[list[Record]]:
        answer = yield from exchange(request)
        return [Session(state=SessionState.LOGGED_IN, detail=answer.beginning, raw=answer.object)]

    with RawServer(reply({"you": "sent", "me": [HARD]}, location=HEADER, set_cookie=quote(HARD))) as server:
        (record,) = run(flow(), Endpoint(server.url, secrets=(HARD, HEADER), timeout=5)).value or ()
    assert record.raw == {"you": "sent", "me": [MASK]}
    _assert_clean(repr(record.to_dict()))
    _assert_clean(_logged(caplog))
    assert server.url not in caplog.text, "no library writes down where a request went"


def test_a_base_url_may_hold_a_secret(run: Driver, caplog: pytest.LogCaptureFixture) -> None:
    _log_everything(caplog)
    with RawServer(echo) as server:
        base = f"{server.url}/{quote(HARD, safe='')}/v1"
        ended = run(Tiny().call(Effect.READ), Endpoint(base, secrets=(HARD,), timeout=5))
        assert server.requests[0].target.endswith("/v1/call")
    assert ended.error is not None
    _assert_clean(_everything(ended.error) + _logged(caplog))


@pytest.mark.parametrize("fault", [echo, hang_up])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_password_of_a_proxy_is_a_secret_too(
    run: Driver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, scheme: str, fault: Any
) -> None:
    _log_everything(caplog)
    with RawServer(fault) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", f"http://name:{quote(HARD, safe='')}@127.0.0.1:{proxy.port}")
        ended = run(Tiny().call(Effect.READ), Endpoint(f"{scheme}://vendor.test", timeout=5))
        assert "proxy-authorization" in proxy.requests[0].headers
    assert ended.error is not None
    _assert_clean(_everything(ended.error) + _logged(caplog))
    for part in _parts_in_base64(f"name:{HARD}"):
        assert part not in _everything(ended.error) + _logged(caplog)


def _parts_in_base64(text: str) -> list[str]:
    """Return the middle of a text in base64, as a header has it."""
    encoded = b64encode(text.encode()).decode()
    return [encoded[place : place + 12] for place in range(12, len(encoded) - 12, 12)]


def test_an_error_of_the_flows_own_is_cleaned_with_all_that_it_is_chained_to(run: Driver) -> None:
    def flow() -> Flow[None]:
        try:
            yield from exchange(Request("GET", f"/{quote(HARD)}"))
            raise KeyError(HARD)
        except KeyError as error:
            raise UnexpectedReply(f"no {HARD}", raw=[HARD]) from error

    with RawServer(reply()) as server:
        ended = run(flow(), Endpoint(server.url, secrets=(HARD,), timeout=5))
    assert ended.error is not None
    assert ended.error.__cause__ is None
    assert ended.error.__context__ is None
    _assert_clean(_everything(ended.error))


def test_an_endpoint_does_not_show_its_secrets() -> None:
    _assert_clean(repr(Endpoint("http://h", secrets=(HARD,))))


def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    # Airflow, once it is imported, lets the HTTP libraries log warnings only.
    for name in (None, "httpx", "httpcore", "aiohttp.client"):
        caplog.set_level(logging.DEBUG, name)


def _logged(caplog: pytest.LogCaptureFixture) -> str:
    lines = [f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records]
    return "\n".join([caplog.text, *lines])


def test_drive_cleans_with_the_channels_own_secrets() -> None:
    def flow() -> Flow[str]:
        yield from ()
        return HARD

    with Channel(Endpoint("http://h", secrets=(HARD,))) as channel:
        assert drive(flow(), channel) == MASK


@pytest.mark.parametrize("raw", ["x" * 50_000, {"code": "odd", "more": "x" * 50_000}], ids=["text", "JSON"])
def test_a_long_error_is_shortened(raw: Any) -> None:
    error = Scrubber(()).error(UnexpectedReply("odd " * 500, code="y" * 5000, raw=raw))
    assert len(str(error)) < MESSAGE_LENGTH + 10
    assert len(error.code or "") < MESSAGE_LENGTH + 10
    assert len(error.raw) < RAW_LENGTH + 10


@pytest.mark.parametrize("before", range(MESSAGE_LENGTH - len(HARD) - 2, MESSAGE_LENGTH + 2))
def test_a_secret_across_the_cut_leaves_no_beginning(before: int) -> None:
    said = "x" * before + HARD
    error = Scrubber((HARD,)).error(UnexpectedReply(said, raw="x" * (RAW_LENGTH - MESSAGE_LENGTH) + said))
    for text in (str(error), error.raw):
        assert not any(HARD[:length] in text for length in range(4, len(HARD)))
