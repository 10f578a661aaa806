# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from helpers.connections import FIELDS, set_connection
from helpers.refusals import refusal
from helpers.tasks import FakeTask, run_of

from airflow_provider_wa.api.errors import BadInput, UnsupportedByVendor, WaError
from airflow_provider_wa.api.numbers import NumberRules
from airflow_provider_wa.bulk.send_results import Addressed, Identity, Unaddressed
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators._run import row_messages
from airflow_provider_wa.operators._run.list_numbers import ListNumbers
from airflow_provider_wa.operators._run.message_keys import MessageKeys
from airflow_provider_wa.operators._run.row_messages import RowMessages, recipient_names
from airflow_provider_wa.operators._run.row_template import RowTemplate
from airflow_provider_wa.operators._run.send_once import SendOnce
from airflow_provider_wa.store.store import Store

PHONE = "+51987654321"
PEOPLE = [{"phone": PHONE}, {"phone": PHONE, "name": "Ann"}]


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch, airflow_store: Store) -> None:
    set_connection(monkeypatch, "wa_portal", "wa_portal", **FIELDS["wa_portal"])


def messages(message: Any, key: str | None = None, **options: Any) -> RowMessages:
    task = FakeTask(WaHook.for_connection("wa_portal"), "wa_portal")
    templates = RowTemplate(message, "message", {}), RowTemplate(key, "idempotency_key", {}, filled=True)
    numbers = ListNumbers("phone", None, NumberRules(), jids=True)
    return RowMessages(SendOnce(task, MessageKeys(run_of(), "wa_portal", **options)), numbers, *templates)


def prove(message: Any, rows: Any, key: str | None = None) -> None:
    messages(message, key).prove(rows, ["phone", "name", "kind"], [])


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("51987654321", {"to": "+51987654321", "jid": "51987654321@s.whatsapp.net"}),
        ("1203@g.us", {"to": "1203@g.us", "jid": "1203@g.us"}),
        ("77@lid", {"to": "77@lid", "jid": "77@lid"}),
    ],
)
def test_a_recipient_has_two_names(to: str, expected: dict[str, str]) -> None:
    assert recipient_names(to) == expected


@pytest.mark.parametrize(
    ("phone", "jid", "to"),
    [
        ("+55 11 98765 4307", "551187654307@s.whatsapp.net", "551187654307"),
        ("+55 11 98765 4307", "551187654307:3@s.whatsapp.net", "551187654307"),
        ("+55 11 98765 4307", "5511987654307@s.whatsapp.net", "5511987654307"),
        ("+55 11 98765 4307", "551187654308@s.whatsapp.net", "5511987654307"),  # of somebody else
        ("+55 11 98765 4307", "100000000000001@lid", "5511987654307"),
        ("+55 11 98765 4307", None, "5511987654307"),
        ("1203123@g.us", "551187654307@s.whatsapp.net", "1203123@g.us"),
    ],
)
def test_the_form_that_a_check_found_is_the_one_that_is_written_to(phone: str, jid: str | None, to: str) -> None:
    row = {"phone": phone} if jid is None else {"phone": phone, "jid": jid}
    found = messages("Hi").address(1, row)
    assert isinstance(found, Addressed)
    assert (found.to, found.given) == (to, phone)


def test_a_row_has_its_message_or_the_reason_and_its_recipient_if_that_is_one() -> None:
    made = messages("Hi {{ name }}, {{ to }}", "{{ jid }}")
    good = made.address(3, {"phone": "00 51 987 654 321", "name": "Ann"})
    assert isinstance(good, Addressed)
    assert (good.row, good.given, good.to) == (3, "00 51 987 654 321", "51987654321")
    assert (good.message.to_dict()["body"], good.name) == ("Hi Ann, +51987654321", "51987654321@s.whatsapp.net")
    lacking, nobody, nothing = (made.address(4, row) for row in ({"phone": PHONE}, {"phone": "x"}, {}))
    assert isinstance(lacking, Unaddressed)
    assert (lacking.given, lacking.to) == (PHONE, "51987654321")
    for each, given in ((nobody, "x"), (nothing, "")):
        assert isinstance(each, Unaddressed)
        assert (each.given, each.to) == (given, "")


@pytest.mark.parametrize(
    ("message", "rows"),
    [
        ("Hi {{ name }}", PEOPLE),
        ("Hi {{ name }}", [{"phone": PHONE}] * 5000 + PEOPLE),
        ("{{ name | default('') }}", PEOPLE),
        ({"type": "{{ kind }}", "body": "x"}, [{"phone": PHONE, "kind": "poll"}, {"phone": PHONE, "kind": "text"}]),
        ("Hi {{ to }}", [{"phone": "nobody"}]),
        ("Hi {{ to }}", [{}]),
    ],
)
def test_one_row_that_makes_a_message_proves_the_template(message: Any, rows: Any) -> None:
    assert refusal(prove, message, rows) is None


@pytest.mark.parametrize(
    ("message", "rows", "error"),
    [
        ("Hi {{ name }}", [{"phone": PHONE}], BadInput),
        ("Hi {{ nam }}", PEOPLE, BadInput),
        ({"type": "poll", "question": "?", "options": ["a", "b"]}, PEOPLE, UnsupportedByVendor),
        (" ", PEOPLE, BadInput),
    ],
)
def test_otherwise_the_first_failure_is_the_lists(message: Any, rows: Any, error: type[WaError]) -> None:
    with pytest.raises(error):
        prove(message, rows)


def test_as_many_different_messages_are_tried_as_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []

    def refused(self: SendOnce, spec: Any) -> None:
        tried.append(spec)
        raise BadInput(f"not {spec}")

    monkeypatch.setattr(row_messages, "MESSAGES_PROVED", 3)
    monkeypatch.setattr(SendOnce, "prove", refused)
    rows = [{"phone": PHONE, "name": name} for name in "aabbccddeeff"]
    with pytest.raises(BadInput, match="not a"):
        prove("{{ name }}", rows)
    assert tried == ["a", "b", "c"]
    with pytest.raises(BadInput):
        prove("hello", iter(rows))
    assert tried[3:] == ["hello"], "the same message is tried once"


def test_a_key_is_proved_by_its_names() -> None:
    with pytest.raises(BadInput, match="idempotency_key: there is no column 'invoice'"):
        prove("hello", PEOPLE, "{{ invoice }}")


def test_a_row_without_a_message_has_the_key_that_its_message_had_unless_that_is_of_the_text() -> None:
    row = {"phone": PHONE}
    sent = messages("Hi").address(1, row)
    lacking = messages("Hi {{ name }}").address(1, row)
    assert isinstance(lacking, Unaddressed)
    assert (lacking.key, lacking.identity) == (sent.key, Identity.RECIPIENT)
    named = messages("Hi {{ name }}", "n-{{ to }}").address(1, row)
    assert isinstance(named, Unaddressed)
    assert (named.key, named.name) == (messages("Hi", "n-{{ to }}").address(1, row).key, f"n-{PHONE}")
    for made in (messages("Hi {{ name }}", duplicates=True), messages("Hi", "n-{{ name }}")):
        assert made.address(1, row).key == ""
