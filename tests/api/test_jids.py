# SPDX-License-Identifier: Apache-2.0
"""JIDs are read in any vendor's spelling, and written in the one that is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.jids import Jid, JidKind

SPAIN = "34666666666"


@pytest.mark.parametrize(
    ("text", "parts", "kind", "phone"),
    [
        (f"{SPAIN}@s.whatsapp.net", Jid(SPAIN, "s.whatsapp.net"), JidKind.PERSON, SPAIN),
        (f"{SPAIN}@c.us", Jid(SPAIN, "c.us"), JidKind.PERSON, SPAIN),
        (f"+{SPAIN}@c.us", Jid(f"+{SPAIN}", "c.us"), JidKind.PERSON, SPAIN),
        (f"{SPAIN}:52@s.whatsapp.net", Jid(SPAIN, "s.whatsapp.net", ":52"), JidKind.PERSON, SPAIN),
        (f"{SPAIN}.0:52@s.whatsapp.net", Jid(SPAIN, "s.whatsapp.net", ".0:52"), JidKind.PERSON, SPAIN),
        ("0@c.us", Jid("0", "c.us"), JidKind.PERSON, "0"),
        ("ana@c.us", Jid("ana", "c.us"), JidKind.PERSON, ""),
        ("123456789012345:7@lid", Jid("123456789012345", "lid", ":7"), JidKind.LID, ""),
        ("5491155553934-1600000000@g.us", Jid("5491155553934-1600000000", "g.us"), JidKind.GROUP, ""),
        ("120363000000000000@newsletter", Jid("120363000000000000", "newsletter"), JidKind.CHANNEL, ""),
        ("status@broadcast", Jid("status", "broadcast"), JidKind.BROADCAST, ""),
        ("12345@hosted", Jid("12345", "hosted"), None, ""),
    ],
)
def test_a_jid_is_read_in_its_parts(text: str, parts: Jid, kind: JidKind | None, phone: str) -> None:
    found = jids.read(text)
    assert found == parts
    assert (found.kind, found.phone, str(found)) == (kind, phone, text)
    assert found.plain == f"{parts.user}@{parts.server}"


@pytest.mark.parametrize("text", ["", "@", SPAIN, "@c.us", "1@", "a b@c.us", "a@b@c.us", "1@g.us/../x", ":12@lid"])
def test_other_texts_are_not_jids(text: str) -> None:
    assert jids.read(text) is None
    assert jids.phone_or_jid(text) == jids.without_device(text) == text
    assert not jids.is_group(text)


@pytest.mark.parametrize(
    "text",
    [f"{SPAIN}@c.us", f" {SPAIN}:1@s.whatsapp.net ", "12345@c.us", "123@lid", "123456-789@g.us", "123@newsletter"],
)
def test_a_jid_of_whatsapp_is_taken(text: str) -> None:
    assert str(jids.parse(text)) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["1234@c.us", f"{'1' * 21}@c.us", "ana@c.us", f"{SPAIN}:x@c.us", "12@lid", "status@broadcast", "12345@hosted",
     "٣٤٦٦٦٦٦٦٦٦٦@c.us", "١٢٠٣٦٣@g.us", "12345@example.com"],
)  # fmt: skip
def test_what_whatsapp_does_not_give_out_is_refused(text: str) -> None:
    assert jids.parse(text) is None


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        (SPAIN, SPAIN),
        (f"+{SPAIN}", SPAIN),
        (f" {SPAIN}:12 ", SPAIN),
        (f"{SPAIN}@c.us", SPAIN),
        (f"{SPAIN}:12@s.whatsapp.net", SPAIN),
        ("123456789012345@lid", ""),
        ("123456-789@g.us", ""),
        ("1234", ""),
        ("ana", ""),
        ("", ""),
    ],
)
def test_digits_come_from_a_number_or_a_persons_jid(text: str, digits: str) -> None:
    assert jids.digits(text) == digits


@pytest.mark.parametrize(
    ("text", "short", "plain"),
    [
        (f"{SPAIN}:12@s.whatsapp.net", SPAIN, f"{SPAIN}@s.whatsapp.net"),
        (f"{SPAIN}@c.us", SPAIN, f"{SPAIN}@c.us"),
        ("98765432101234:3@lid", "98765432101234@lid", "98765432101234@lid"),
        ("123456-789@g.us", "123456-789@g.us", "123456-789@g.us"),
        ("ana@c.us", "ana@c.us", "ana@c.us"),
    ],
)
def test_a_reported_address_loses_its_device(text: str, short: str, plain: str) -> None:
    assert jids.phone_or_jid(text) == short
    assert jids.without_device(text) == plain


def test_a_number_is_written_for_either_server() -> None:
    assert jids.of_person(SPAIN) == f"{SPAIN}@s.whatsapp.net"
    assert jids.of_person(SPAIN, jids.OLD_PERSON_SERVER) == f"{SPAIN}@c.us"


@pytest.mark.parametrize(("text", "group"), [("123-456@g.us", True), ("1@g.us", True), (f"{SPAIN}@c.us", False)])
def test_a_group_is_known_by_its_server(text: str, group: bool) -> None:
    assert jids.is_group(text) is group


@given(st.from_regex(r"[0-9]{5,20}", fullmatch=True), st.sampled_from(["s.whatsapp.net", "c.us"]))
def test_what_is_written_is_read_again(number: str, server: str) -> None:
    assert jids.digits(jids.of_person(number, server)) == number


@given(st.text())
def test_any_text_is_read_or_not(text: str) -> None:
    found = jids.read(text)
    assert found is None or str(found) == text


@pytest.mark.parametrize("worst", ["1", "1.", ":", "@", "1:1", "@c.us", "+1@", " "])
def test_the_work_for_a_text_does_not_grow_with_its_length(worst: str, monkeypatch: pytest.MonkeyPatch) -> None:
    matched: list[int] = []

    class Counting:
        @staticmethod
        def fullmatch(text: str) -> None:
            matched.append(len(text))

    monkeypatch.setattr(jids, "_JID", Counting)
    text = (worst * (1_000_000 // len(worst) + 1))[:1_000_000]
    for read in (
        jids.read,
        jids.parse,
        jids.digits,
        jids.is_group,
        jids.is_lid,
        jids.without_device,
        jids.phone_or_jid,
    ):
        read(text)
    assert sum(matched) <= 7 * jids.MAX_LENGTH


def test_a_jid_is_read_up_to_the_length_that_is_kept() -> None:
    user = "1" * (jids.MAX_LENGTH - len("@lid"))
    assert jids.read(f"{user}@lid") == Jid(user, "lid")
    assert jids.read(f"1{user}@lid") is None
