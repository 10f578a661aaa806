# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import Any

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.json_fields import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_VALUES,
    BeyondBounds,
    decoded,
    moment,
    pick,
    png_bytes,
    text,
    truth,
    whole_number,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        (b'\xef\xbb\xbf["\xc3\xb1"]', ["ñ"]),
        ('"\\ud83d"', "\ud83d"),
        ("9" * MAX_DIGITS, int("9" * MAX_DIGITS)),
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, None),
        ('"' + "[" * 5000 + '"', "[" * 5000),
    ],
)
def test_json_within_bounds_is_decoded(body: str | bytes, value: Any) -> None:
    assert value is None or decoded(body) == value
    decoded(body)


BEYOND = {
    "lists": "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
    "objects": '{"a":' * 700 + "1" + "}" * 700,
    "900 levels": "[" * 900 + "]" * 900,
    "a million levels": "[" * 1_000_000,
    "an integer": "9" * (MAX_DIGITS + 1),
    "a negative one": '{"a": -' + "9" * 5000 + "}",
    "a fraction": "0." + "1" * 5000,
    "an exponent": "1e" + "0" * 5000,
    "values": "[" + "0," * MAX_VALUES + "0]",
    "empty objects": "[" + "{}," * MAX_VALUES + "{}]",
}


@pytest.mark.parametrize("body", BEYOND.values(), ids=BEYOND)
def test_json_beyond_bounds_is_refused(body: str) -> None:
    for document in (body, body.encode()):
        with pytest.raises(BeyondBounds, match="expected at most") as refused:
            decoded(document)
        assert len(str(refused.value)) < 100, "it does not quote the body"


@pytest.mark.parametrize("body", ["", "{", "nonsense", b"\xff", "[1] 2", '{"a": 1'])
def test_what_is_not_json_is_refused(body: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"column|codec"):
        decoded(body)


@pytest.mark.parametrize("body", ["NaN", '{"a": [Infinity]}', "-Infinity"])
def test_what_some_programs_take_for_json_is_refused_where_that_matters(body: str) -> None:
    decoded(body)
    with pytest.raises(ValueError, match="is not JSON"):
        decoded(body, strict=True)


@pytest.mark.parametrize(
    ("source", "names", "value"),
    [
        ({"messageIDs": [1]}, ("messageIds",), [1]),
        ({"messageIds": [1]}, ("messageIDs",), [1]),
        ({"LoggedIn": False}, ("loggedin",), False),
        ({"a": None, "b": 2}, ("a", "b"), 2),
        ({"a": 1, "b": 2}, ("b", "a"), 2),
        ({"a": 0}, ("a", "b"), 0),
        ({}, ("a",), None),
        (None, ("a",), None),
        ("a", ("a",), None),
        (["a"], ("a",), None),
        ({1: "x"}, ("1",), "x"),
    ],
)
def test_pick_finds_a_key_in_any_case(source: Any, names: tuple[str, ...], value: Any) -> None:
    assert pick(source, *names) == value


@pytest.mark.parametrize(
    ("value", "words"),
    [("x", "x"), (" x\n", "x"), (5, "5"), (0, "0"), (1.5, "1.5"), (None, ""), (True, ""), ([], ""), ({"a": 1}, "")],
)
def test_text_is_text_or_nothing(value: Any, words: str) -> None:
    assert text(value) == words


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (True, True), ("yes", True), ("YES", True), ("True", True), (1, True), ("1", True), (" yes ", True),
        (False, False), ("no", False), ("No", False), ("FALSE", False), (0, False), ("0", False),
        (None, None), ("", None), ("maybe", None), (2, None), (-1, None), (0.0, None), ([], None), ({}, None),
        ("null", None),
    ],
)  # fmt: skip
def test_truth_is_only_what_clearly_says_so(value: Any, answer: bool | None) -> None:
    assert truth(value) is answer


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5), ("5", 5), (" 5 ", 5), ("-5", -5), ("+5", 5), (0, 0), ("007", 7),
        (None, None), ("", None), ("5.0", None), (5.0, None), ("5e3", None), (True, None), ("5 left", None),
        ("9" * 19, None), (float("inf"), None), ([5], None),
    ],
)  # fmt: skip
def test_whole_number_is_a_number_or_nothing(value: Any, number: int | None) -> None:
    assert whole_number(value) == number


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc,arg-type]


INDIA = timezone(timedelta(hours=5, minutes=30))

MOMENTS = {
    "unix": (1650469748, utc(2022, 4, 20, 15, 49, 8)),
    "unix as text": ("1650469748", utc(2022, 4, 20, 15, 49, 8)),
    "milliseconds": (1650469748123, utc(2022, 4, 20, 15, 49, 8)),
    "RFC 3339": ("2022-04-20T12:49:08-03:00", utc(2022, 4, 20, 15, 49, 8)),
    "RFC 3339, UTC": ("2022-04-20T15:49:08Z", utc(2022, 4, 20, 15, 49, 8)),
    "fractions": ("2022-06-25T14:36:16.546+05:30", datetime(2022, 6, 25, 14, 36, 16, 546000, INDIA)),
    "the portal's own": ("2023-05-04 22:29:59 +0530 IST", datetime(2023, 5, 4, 22, 29, 59, 0, INDIA)),
    "the same without a name": ("2023-05-04 22:29:59 +0530", datetime(2023, 5, 4, 22, 29, 59, 0, INDIA)),
    "no zone": ("2020-05-23 23:21:33", utc(2020, 5, 23, 23, 21, 33)),
    "Go's zero": ("0001-01-01T00:00:00Z", None),
    "unix zero": (0, None),
    "unix zero as text": ("0", None),
    "in 1971": ("1971-01-02T00:00:00Z", utc(1971, 1, 2)),
    "before 1971": ("1969-07-20T20:17:40Z", None),
    "negative": (-5, None),
    "far too large": (10**18, None),
    "a date without a time": ("2022-04-20", None),
    "a compact date": ("20231212", None),
    "an impossible date": ("2022-13-45T99:99:99Z", None),
    "an interval": ("2022-04-20T00:00:00Z/2022-04-21T00:00:00Z", None),
    "words": ("yesterday", None),
    "empty": ("", None),
    "null": (None, None),
    "true": (True, None),
    "an object": ({"seconds": 1650469748}, None),
}


@pytest.mark.parametrize(("value", "found"), MOMENTS.values(), ids=MOMENTS)
def test_a_moment_is_read_in_any_form(value: Any, found: datetime | None) -> None:
    assert moment(value) == found


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:00:00.5Z",
        "2026-11-21T10:00:00.123456789+05:30",
        "2026-11-21T23:59:59.000001-03:00",
        "2024-02-29T00:00:00Z",
        "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "2026-11-21T10:00:61Z",
        "2026-11-21T10:00:00+25:00",
        "0001-01-01T00:00:00Z",
        "\u0662026-11-21T10:00:00Z",
    ],
)
def test_the_usual_form_of_a_moment_is_read_as_pendulum_reads_it(value: str) -> None:
    try:
        expected = pendulum.parse(value)
    except ValueError:
        expected = None
    kept = isinstance(expected, datetime) and expected.year > 1970
    assert moment(value) == (expected if kept else None)
    assert not kept or moment(value).isoformat() == expected.isoformat()


def test_a_moment_has_a_zone() -> None:
    read = moment("2020-05-23 23:21:33")
    assert read is not None
    assert read.utcoffset() == timedelta(0)


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
CODED = base64.b64encode(PNG).decode()

PICTURES: dict[str, tuple[Any, bytes | None]] = {
    "plain": (CODED, PNG),
    "data URL": (f"data:image/png;base64,{CODED}", PNG),
    "line breaks": ("\r\n".join((CODED[:7], CODED[7:])), PNG),
    "no padding": (CODED.rstrip("="), PNG),
    "a picture that is no PNG": (base64.b64encode(b"GIF89a").decode(), None),
    "empty": ("", None),
    "an empty data URL": ("data:image/png;base64,", None),
    "a link": ("https://example.com/qr.png", None),
    "words": ("no QR code!", None),
    "beyond ASCII": ("é", None),
    "null": (None, None),
    "an object": ({"png": CODED}, None),
}


@pytest.mark.parametrize(("value", "picture"), PICTURES.values(), ids=PICTURES)
def test_a_picture_is_read_from_base64(value: Any, picture: bytes | None) -> None:
    assert png_bytes(value) == picture


@given(ANYTHING | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d[\d:./+TZW -]{0,20}", fullmatch=True))
def test_whatever_comes_is_read_or_left(value: Any) -> None:
    assert pick(value, "a") is None or isinstance(value, dict)
    assert isinstance(text(value), str)
    assert truth(value) in (True, False, None)
    assert isinstance(whole_number(value), int | None)
    assert isinstance(png_bytes(value), bytes | None)
    read = moment(value)
    assert read is None or read.tzinfo is not None
