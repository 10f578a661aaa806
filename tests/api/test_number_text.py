# SPDX-License-Identifier: Apache-2.0
"""Texts of numbers as spreadsheets, phones and people write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.number_text import LONGEST, Dialled, dialled, given_text, shown
from airflow_provider_wa.api.numbers import parse

PLUS = "+34666666611"

READ: dict[str, Any] = {
    "a float": 34666666611.0,
    "a float as text": "34666666611.0",
    "two decimals": "34666666611.00",
    "a comma in a float": "34666666611,0",
    "a DECIMAL": Decimal("34666666611"),
    "a DECIMAL with a fraction of zeros": Decimal("34666666611.00"),
    "an apostrophe": "'+34666666611",
    "a typographic apostrophe": "’+34666666611",
    "Excel's formula of a text": '="+34666666611"',
    "Excel's formula of a number": "=34666666611",
    "quotes": '"+34666666611"',
    "isolates": "\u2068+34 666 666 611\u2069",
    "embedding": "\u202a+34 666 666 611\u202c",
    "a variation selector": "+34 666 666 611\ufe0e",
    "soft hyphens": "+34\u00ad666\u00ad666611",
    "keycaps": "+34" + "".join(f"{digit}\ufe0f\u20e3" for digit in "666666611"),
    "middle dots": "+34·666·666·611",
    "bullets": "+34•666•666•611",
    "full width": "＋３４（６６６）６６６－６１１",
    "Persian digits": "۳۴۶۶۶۶۶۶۶۱۱",
    "Devanagari digits": "+३४६६६६६६६११",
    "minus signs": "+34\u2212666\u2212666\u2212611",
    "em dashes": "+34\u2014666\u2014666611",
    "an ideographic space": "+34\u3000666666611",
    "a comma at the end": "+34 666 666 611,",
    "a semicolon at the end": "+34 666 666 611 ; ",
    "a full stop at the end": "+34 666 666 611.",
    "tel": "tel:+34-666-666-611",
    "TEL": "TEL: +34666666611",
    "whatsapp": "whatsapp:+34666666611",
    "a link": "https://wa.me/34666666611",
    "a link without a scheme": "wa.me/34666666611",
    "a link with a plus": "wa.me/+34666666611",
    "00 34": "00 34 666666611",
    "brackets after plus": "+(34) 666666611",
    "a trunk zero in brackets": "+34 (0) 666 666 611",
    "a slash after an area code": "+34 666/666611",
}


@pytest.mark.parametrize("given_value", READ.values(), ids=READ)
def test_a_number_is_read_as_it_was_meant(given_value: Any) -> None:
    assert parse(given_value, "ES").e164 == PLUS


def test_an_area_code_may_end_with_a_slash() -> None:
    assert parse("030/1234567", "DE").digits == "49301234567"
    assert parse("0475/12.34.56", "BE").digits == "32475123456"


LOST, SEVERAL, OTHER = "its last digits are lost", "may be more than one number", "is not a phone number"

REFUSED: dict[str, tuple[Any, str]] = {
    "an exponent": ("3.46667E+10", LOST),
    "an exponent, comma": ("3,46667e+10", LOST),
    "an exponent without a sign": ("346667E5", LOST),
    "a large float": (3.4666666666611e16, LOST),
    "a DECIMAL with an exponent": (Decimal("3.46667E+10"), LOST),
    "a fraction": ("34666666611.5", "is a decimal number"),
    "a float with a fraction": (3466666.6611, "is a decimal number"),
    "a DECIMAL with a fraction": (Decimal("34666666611.25"), "is a decimal number"),
    "a negative number": (-34666666611, "is a negative number"),
    "a negative text": ("\u221234666666611", "is a negative number"),
    "an infinite number": (float("inf"), "decimal number"),
    "NaN": (float("nan"), "decimal number"),
    "a DECIMAL that is none": (Decimal("NaN"), OTHER),
    "a truth value": (True, "of the type bool"),
    "nothing": (None, "of the type NoneType"),
    "bytes": (b"+34666666611", "of the type bytes"),
    "a list": (["+34666666611"], "of the type list"),
    "an error": ("#ERROR!", "is a spreadsheet's error"),
    "another error": ("#¡REF!", "is a spreadsheet's error"),
    "a formula": ("=A1", OTHER),
    "an extension": ("+34 666 666 611 ext. 5", "has an extension"),
    "an extension, x": ("+34666666611x5", "has an extension"),
    "an extension, #": ("+34666666611#5", "has an extension"),
    "an extension, RFC 3966": ("tel:+34666666611;ext=5", "has an extension"),
    "an extension, comma": ("+34 666 666 611, ext 5", "has an extension"),
    "three colons": ("+34 666 666 611 ::: +34 666 666 612", SEVERAL),
    "a line end": ("+34 666 666 611\n+34 666 666 612", SEVERAL),
    "a line end, no plus": ("666666611\r\n666666612", SEVERAL),
    "a paragraph separator": ("666666611\u2029666666612", SEVERAL),
    "a comma": ("666666611,666666612", SEVERAL),
    "a semicolon": ("666666611; 666666612", SEVERAL),
    "a bar": ("666666611 | 666666612", SEVERAL),
    "an ampersand": ("666666611 & 666666612", SEVERAL),
    "a backslash": ("666666611\\666666612", SEVERAL),
    "a slash with blanks": ("666666611 / 666666612", SEVERAL),
    "a slash with a blank": ("666666611/ 666666612", SEVERAL),
    "a slash": ("6666661/6666662", SEVERAL),
    "a slash with a short tail": ("666666611/2", SEVERAL),
    "two slashes": ("030/1234567/8", SEVERAL),
    "two pluses": ("+34666666611+34666666612", SEVERAL),
    "a plus and a blank": ("+34666666611 +34666666612", SEVERAL),
    "a plus after a number": ("666666611 +34666666612", SEVERAL),
    "digits in brackets": ("+34 666 666 611 (2)", "has digits in brackets at its end"),
    "a name in brackets": ("+34 666 666 611 (Ana)", OTHER),
    "a label": ("Mob: +34666666611", OTHER),
    "an o for a zero": ("+34 6o6 666 611", OTHER),
    "a superscript": ("+3466666661²", OTHER),
    "a link with a text": ("https://wa.me/34666666611?text=hi", OTHER),
    "a masked digit": ("+34 666 666 6**", OTHER),
    "NUL": ("+34666666611\0", OTHER),
    "too long": ("+34666666611" + " " * LONGEST + "1", "is longer than a phone number"),
}


@pytest.mark.parametrize(("given_value", "reason"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("region", [None, "ES", "DE"])
def test_what_may_be_another_number_is_refused(given_value: Any, reason: str, region: str | None) -> None:
    with pytest.raises(BadInput) as caught:
        parse(given_value, region)
    assert reason in str(caught.value)
    assert str(caught.value).startswith("number: ")
    assert str(caught.value).isprintable()


def test_what_is_not_shown_is_shown_by_its_escape() -> None:
    assert shown("\u202a+34\ufe0e\n") == r"'\u202a+34\ufe0e\n'"
    assert shown("é\ud800") == r"'é\ud800'"
    assert shown("1" * 41) == f"'{'1' * 40}...'"


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (7.0, "7"), (7.5, "7.5"), (1e16, "1e+16"), (7, "7"), ("7.0", "7.0")]
)
def test_a_value_of_a_list_as_text(value: Any, text: str) -> None:
    assert given_text(value) == text


def digits_of(text: str) -> Dialled | str:
    """Return what is dialled, or the reason why nothing is."""
    try:
        return dialled(text)
    except BadInput as error:
        return str(error)


MARKS = st.sampled_from(["", " ", "-", ".", "\u00a0", "\u200e", "\u2011", "·", "(", ")", "\ufe0e", "\u2212"])


@given(st.text("0123456789", min_size=5, max_size=15), st.lists(MARKS, max_size=30), st.sampled_from(["", "+", "＋"]))
def test_marks_between_digits_change_nothing(digits: str, marks: list[str], plus: str) -> None:
    marks += [""] * len(digits)
    text = plus + digits[0] + "".join(mark + digit for mark, digit in zip(marks, digits[1:], strict=False))
    found = digits_of(text)
    if isinstance(found, str):
        assert "decimal" in found
        return
    assert digits.startswith(found.digits.lstrip("+"))
    # Only the zeros of a whole float are not among the digits.
    assert not digits.removeprefix(found.digits.lstrip("+")).strip("0")
    assert found.digits.startswith("+") == bool(plus)


@given(st.from_regex(r"\+[1-9][0-9]{6,13}", fullmatch=True), st.from_regex(r"[+/,;:|\n][ 0-9]*[0-9]", fullmatch=True))
def test_two_numbers_never_become_one(one: str, other: str) -> None:
    with pytest.raises(BadInput):
        dialled(one + " " + other)


@given(st.text(max_size=2 * LONGEST) | st.text("+-/()0123456789eE.,;: x#\n", max_size=LONGEST))
def test_any_text_has_digits_or_a_reason(text: str) -> None:
    found = digits_of(text)
    if isinstance(found, str):
        assert found.isprintable()
        return
    digits = found.digits.removeprefix("+")
    assert not digits or (digits.isascii() and digits.isdigit())
