# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.numbers import (
    NumberRules,
    PhoneNumber,
    country_code,
    is_about_number,
    parse,
    person,
    recipient,
    region,
    time_zones,
)

SPAIN = "34666666666"

SPELLINGS: dict[str, str | int] = {
    "digits": "34666666666",
    "int": 34666666666,
    "plus": "+34666666666",
    "double zero": "0034666666666",
    "double zero, apart": "00 34 666 666 666",
    "double zero, bracketed": "(00 34) 666666666",
    "spaces": "+34 666 66 66 66",
    "dashes": "34-666-666-666",
    "dots": "+34.666.666.666",
    "brackets": "(+34) 666 666 666",
    "brackets after plus": "+(34)666666666",
    "slash": "34/666666666",
    "all at once": " + 34 (666) 66-66.66 ",
    "no-break space": "+34\u00a0666\u00a0666\u00a0666",
    "narrow no-break space": "+34\u202f666\u202f666\u202f666",
    "typographic space": "+34\u2009666\u2007666666",
    "non-breaking hyphen": "34\u2011666\u2011666\u2011666",
    "en dash": "34\u2013666\u2013666666",
    "left-to-right marks": "\u200e+34 666 666 666\u200f",
    "copied from a contact card": "\u202a+34 666 666 666\u202c",
    "zero-width space": "34\u200b666666666",
    "byte order mark": "\ufeff34666666666",
    "tab and line break": "\t34666666666\r\n",
    "Arabic digits": "٣٤٦٦٦٦٦٦٦٦٦",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("region", [None, "ES"])
def test_a_number_is_read_in_any_common_spelling(spelling: str | int, region: str | None) -> None:
    number = parse(spelling, region)
    assert (number.digits, number.country_code) == (SPAIN, "34")
    assert (number.e164, number.national, str(number)) == ("+34666666666", "666666666", "+34666666666")


@pytest.mark.parametrize(
    ("text", "region", "digits"),
    [
        ("987 654 321", "PE", "51987654321"),
        (987654321, "PE", "51987654321"),
        ("51987654321", "PE", "51987654321"),
        ("+34666666666", "PE", SPAIN),
        ("0034666666666", "PE", SPAIN),
        ("666-66-66-66", "ES", SPAIN),
        ("(415) 555-2671", "US", "14155552671"),
        ("011 51 987654321", "US", "51987654321"),
        ("020 7946 0958", "GB", "442079460958"),
        ("+44 (0)20 7946 0958", None, "442079460958"),
        ("+39 06 698 1234", None, "39066981234"),
        ("11 98765-4321", "BR", "5511987654321"),
        ("011 15-2345-6789", "AR", "5491123456789"),
        ("55 5123 4567", "MX", "525551234567"),
    ],
)
def test_without_a_plus_it_is_national_where_that_is_valid(text: str | int, region: str | None, digits: str) -> None:
    assert parse(text, region).digits == digits


NOT_NUMBERS = {
    "empty": "",
    "blank": " \t",
    "only invisible marks": "\u200e\u200f\ufeff",
    "only a plus": "+",
    "only zeros": "00",
    "only separators": "(-) . /",
    "letters": "not a number",
    "letters as digits": "1-800-FLOWERS",
    "an extension": "+34 666 666 666 ext 5",
    "a JID": "34666666666@s.whatsapp.net",
    "scientific": "3.4666666666E+10",
    "scientific, lower case": "3.4666666666e+10",
    "too short": "+34666",
    "too long": "+346666666666666666",
    "a very long line": "3" * 10_000,
    "no such country": "+999123456789",
    "national without a region": "666666666",
    "two numbers": "34666666666, 34666666667",
    "double zero and plus": "00+34666666666",
    "two pluses": "+34+666666666",
    "NaN": "nan",
    "None": "None",
    "Excel's error": "#N/A",
    "a minus sign and a point": "-0.5",
}


@pytest.mark.parametrize("text", NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_what_is_no_phone_number_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", ["15112345678.0", "15112345678,00", 15112345678.0])
def test_a_spreadsheets_float_never_gains_a_digit(text: str | float) -> None:
    assert parse(text, "DE").digits == "4915112345678"


# Text, region, international_without_plus; the digits and the remark, or the reason against it.
RULES: list[tuple[str, str | None, bool | None, tuple[str, str] | str]] = [
    ("3224323817", "CO", None, ("573224323817", "")),
    ("3224323817", None, None, ("3224323817", "read as +32 (BE)")),
    ("3224323817", None, True, ("3224323817", "")),
    ("3224323817", None, False, "has no country code"),
    ("573224323817", "CO", None, ("573224323817", "")),
    ("573224323817", "CO", False, ("573224323817", "")),
    ("34666666666", "CO", None, "is not a number of CO; write + and the country code"),
    ("34666666666", "CO", False, "is not a number of CO"),
    ("34666666666", "CO", True, (SPAIN, "")),
    ("3224323817", "CO", True, ("573224323817", "")),
    ("+34666666666", "CO", False, (SPAIN, "")),
    ("0034666666666", None, False, (SPAIN, "")),
    ("+34666666666", None, None, (SPAIN, "")),
    ("0034 666 666 666", "DE", None, (SPAIN, "")),
    ("0151 12345678", "DE", None, ("4915112345678", "")),
    ("0151 12345678", None, None, "write it with + and the country code, or set a default region"),
    ("0011 34 666 666 666", "AU", None, (SPAIN, "")),
    ("883510012345678", None, None, ("883510012345678", "read as +883")),
    ("044 55 1234 5678", "MX", None, ("525512345678", "")),
    ("045 55 1234 5678", "MX", None, ("525512345678", "")),
    ("01 55 1234 5678", "MX", None, ("525512345678", "")),
    ("01 55 1234 5678", None, None, "not a valid phone number"),
    ("+34 (0) 666 666 666", None, None, (SPAIN, "")),
    ("0034 (0) 666 666 666", None, None, (SPAIN, "")),
    ("+44 (0)20 7946 0958", None, None, ("442079460958", "")),
    ("+39 (0)6 698 1234", None, None, ("39066981234", "")),
]


@pytest.mark.parametrize(("text", "region", "without_plus", "expected"), RULES)
def test_no_number_is_read_as_another_countrys_in_silence(
    text: str, region: str | None, without_plus: bool | None, expected: tuple[str, str] | str
) -> None:
    if isinstance(expected, tuple):
        number = parse(text, region, without_plus)
        assert (number.digits, number.remark) == expected
        assert NumberRules(region, without_plus).remark(text) == expected[1]
    else:
        with pytest.raises(BadInput, match=re.escape(expected)) as caught:
            parse(text, region, without_plus)
        assert is_about_number(str(caught.value))


@given(st.from_regex(r"[1-9][0-9]{5,14}", fullmatch=True), st.sampled_from(["ES", "DE", "CO", "US", "MX", "AU", "IT"]))
def test_with_a_region_digits_are_of_that_region(digits: str, code: str) -> None:
    try:
        number = parse(digits, code)
    except BadInput:
        return
    # A region may dial abroad with digits that do not begin with 00: 011 does not begin with 1 to 9.
    assert number.country_code == country_code(code)
    assert not number.assumed


def test_a_row_may_have_a_country_of_its_own() -> None:
    rules = NumberRules("ES", None)
    assert rules.within("co").parse("3224323817").digits == "573224323817"
    assert rules.within(" ") == rules.within(None) == rules
    with pytest.raises(BadInput, match="country_column: 'SPAIN' is not a country; expected a code of two letters"):
        rules.within("Spain")


FORMS = {
    "Mexico": ("525512345678", "5215512345678"),
    "Argentina": ("541123456789", "5491123456789"),
    "Brazil": ("551187654321", "5511987654321"),
    "Brazil, another area": ("554866666666", "5548966666666"),
}


@pytest.mark.parametrize(("one", "two"), FORMS.values(), ids=FORMS)
def test_both_forms_are_read_and_name_each_other(one: str, two: str) -> None:
    for digits, other in ((one, two), (two, one)):
        number = parse(digits)
        assert number.digits == digits, "a number must not be rewritten silently"
        assert number.other_form == PhoneNumber(other, digits[:2])
        assert number.other_form.other_form == number
    jids = (f"{digits}@{server}" for digits in (one, two) for server in ("s.whatsapp.net", "c.us"))
    assert {person(each) for each in (one, two, *jids)} == {min(one, two)}


@pytest.mark.parametrize("other", ["34666666666", "5215512345678-1600000000@g.us", "5215512345678@lid"])
def test_whoever_else_is_named_as_written(other: str) -> None:
    assert person(other) == other


ONE_FORM = {
    "Spain": SPAIN,
    "Peru": "51987654321",
    "Brazil, a landline": "551132654321",
    # Ninth digits came before 6 to 9 only: without it this would be somebody's landline.
    "Brazil, a mobile that never had eight digits": "5511932654321",
    "United States, digits like Mexico's": "15255123456",
}


@pytest.mark.parametrize("digits", ONE_FORM.values(), ids=ONE_FORM)
def test_other_numbers_have_one_form(digits: str) -> None:
    assert PhoneNumber(digits, "1" if digits.startswith("1") else digits[:2]).other_form is None


@given(st.sampled_from(["52", "54", "55", "51"]), st.from_regex(r"[0-9]{6,13}", fullmatch=True))
def test_the_other_form_of_the_other_form_is_the_number(country_code: str, national: str) -> None:
    number = PhoneNumber(country_code + national, country_code)
    other = number.other_form
    if other is not None:
        assert other != number
        assert other.country_code == country_code
        assert other.other_form == number


@given(
    st.text(max_size=25) | st.text("0123456789+-. ()/٣eE\u202f\u200e", max_size=25),
    st.sampled_from([None, "PE", "MX", "XX"]),
)
def test_any_text_is_a_number_or_bad_input(text: str, region: str | None) -> None:
    try:
        number = parse(text, region)
    except BadInput:
        return
    assert number.digits.isascii()
    assert number.digits.isdigit()
    assert number.digits.startswith(number.country_code)
    assert parse(number.e164) == number


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("+34 666 666 666", SPAIN),
        (34666666666, SPAIN),
        ("34666666666@s.whatsapp.net", SPAIN),
        (" +34666666666@s.whatsapp.net ", SPAIN),
        ("34666666666@c.us", SPAIN),
        ("5491155554444:52@s.whatsapp.net", "5491155554444"),
        ("5491155554444.0:52@s.whatsapp.net", "5491155554444"),
        ("12345678@s.whatsapp.net", "12345678"),  # no valid phone number, but WhatsApp said so
        ("120363023605733675@g.us", "120363023605733675@g.us"),
        ("5491155553934-1600000000@g.us", "5491155553934-1600000000@g.us"),
        ("123456789012345@lid", "123456789012345@lid"),
        ("123456789012345:7@lid", "123456789012345:7@lid"),
        ("status@broadcast", None),
        ("120363000000000000@newsletter", "120363000000000000@newsletter"),
        ("34666666666@example.com", None),
        ("somebody@s.whatsapp.net", None),
        ("٣٤٦٦٦٦٦٦٦٦٦@s.whatsapp.net", None),
        ("١٢٠٣٦٣@g.us", None),
        ("@s.whatsapp.net", None),
        ("34666666666@", None),
        ("34666666666@s.whatsapp.net@g.us", None),
        ("34666666666:x@s.whatsapp.net", None),
        ("34 666 666 666@c.us", None),
        ("120363023605733675@g.us/../x", None),
        ("", None),
        ("666666666", None),
    ],
)
def test_a_recipient_is_digits_or_a_jid_that_is_no_person(text: str | int, to: str | None) -> None:
    if to is None:
        with pytest.raises(BadInput):
            recipient(text)
    else:
        assert recipient(text) == to


def test_a_recipient_is_read_with_the_region() -> None:
    assert recipient("987654321", "PE") == "51987654321"


@pytest.mark.parametrize(("text", "code"), [("PE", "PE"), (" es ", "ES"), ("", None), (None, None)])
def test_a_region_is_a_countrys_code_in_capitals(text: str | None, code: str | None) -> None:
    assert region(text) == code


@pytest.mark.parametrize("text", ["XX", "Peru", "51", "001"])
def test_what_is_no_country_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="not a country; expected a code of two letters"):
        region(text)


TIME_ZONES: dict[str, tuple[str, ...]] = {
    "51987654321": ("America/Lima",),
    "14155552671": ("America/Los_Angeles",),
    "12125550123": ("America/New_York",),
    SPAIN: ("Atlantic/Canary", "Europe/Madrid"),
    "525551234567": ("America/Mexico_City",),
    "5215551234567": ("America/Mexico_City",),
    "551187654321": ("America/Sao_Paulo",),
    "5511987654321": ("America/Sao_Paulo",),
    "800123456789": (),
    "999123456789": (),
    "3466666": (),
    "5": (),
    "": (),
    "120363043968066561@g.us": (),
    "123456789012345@lid": (),
    "34666666666@s.whatsapp.net": (),
    "+34666666666": (),
    "٣٤٦٦٦٦٦٦٦٦٦": (),
}


@pytest.mark.parametrize(("digits", "zones"), TIME_ZONES.items(), ids=lambda value: str(value)[:30])
def test_the_time_zones_that_a_number_may_be_in(digits: str, zones: tuple[str, ...]) -> None:
    assert time_zones(digits) == zones


def test_a_mobile_number_may_be_anywhere_in_its_country() -> None:
    assert {"Europe/Moscow", "Asia/Kamchatka"} <= set(time_zones("79161234567"))


def test_a_number_with_its_country_is_not_read_again_for_its_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    # libphonenumber would take most of the time of a result.
    monkeypatch.setattr(phonenumbers, "parse", lambda *_: pytest.fail("read again"))
    rules = NumberRules()
    assert [rules.remark(given, "+34666666666") for given in ("+34 666 666 666", "0034666666666")] == ["", ""]


def test_a_number_that_begins_with_a_plus_has_no_remark_whatever_follows() -> None:
    rules = NumberRules()
    for text in ("+34 666 666 666", "+", "+34 666 666 666 / +34 666 666 667", "+1", "+34666666666 (Ana)"):
        assert rules.remark(text) == ""
