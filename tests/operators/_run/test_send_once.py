# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from helpers.connections import FIELDS, set_connection
from helpers.tasks import FakeTask, run_of

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    SessionDown,
    UnsupportedByVendor,
    VendorUnavailable,
)
from airflow_provider_wa.api.messages import Image, Text
from airflow_provider_wa.bulk.send_results import Identity
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators._run.message_keys import MessageKeys
from airflow_provider_wa.operators._run.send_once import SendOnce, passing
from airflow_provider_wa.store.store import Store

TO = "51987654321"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch, airflow_store: Store) -> None:
    for conn_type, fields in FIELDS.items():
        set_connection(monkeypatch, conn_type, conn_type, **fields)


def sender(conn_id: str = "wa_portal", raw: bool = False) -> SendOnce:
    task = FakeTask(WaHook.for_connection(conn_id), conn_id)
    return SendOnce(task, MessageKeys(run_of(), conn_id), raw)


def test_a_recipient_and_a_message_are_made_of_what_was_given() -> None:
    made = sender().address(7, "987 654 321", TO, {"type": "text", "body": "hello"}, None, None)
    assert (made.row, made.given, made.to, made.message) == (7, "987 654 321", TO, Text("hello"))
    assert (made.message_id, made.again) == (None, False)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Hola {{ name }}", "message: body holds '{{' after it was rendered"),
        ("Hola {% if x %}", "message: body holds '{%'"),
        ({"type": "image", "url": "https://example.com/a.png", "caption": "of {{ x"}, "message: caption holds '{{'"),
        ({"type": "image", "url": "https://example.com/{{ x }}.png"}, "message: url holds '{{'"),
        ({"type": "buttons", "body": "b", "buttons": [{"text": "{{ x }}"}]}, "message: text holds '{{'"),
    ],
)
def test_a_text_that_is_still_a_template_is_refused_unless_it_is_raw(message: Any, told: str) -> None:
    with pytest.raises(BadInput, match=re.escape(told)) as refused:
        sender().prove(message)
    assert "Hola" not in str(refused.value)
    sender(raw=True).prove(message)


def test_other_braces_are_text() -> None:
    assert sender().prove("{ } }} %} {# {name}") == Text("{ } }} %} {# {name}")


def test_where_the_vendor_takes_our_id_it_follows_from_the_key() -> None:
    made = [sender("wuzapi").address(1, TO, TO, "hello", None, None) for _ in range(2)]
    assert made[0].message_id
    assert made[0].message_id == made[1].message_id
    other = sender("wuzapi").address(1, TO, "51987654322", "hello", None, None)
    assert other.message_id != made[0].message_id
    assert sender("wuzapi").address(1, TO, TO, "hello", None, "ORDER-1").message_id == "ORDER-1"


def test_a_key_of_the_authors_is_kept_with_the_message() -> None:
    made = sender().address(1, TO, TO, "hello", "invoice-7", None)
    assert (made.name, made.identity) == ("invoice-7", Identity.KEY)
    assert sender().address(1, TO, TO, "hello", None, None).name == ""


def test_what_a_vendor_does_not_send_is_refused() -> None:
    poll = {"type": "poll", "question": "Tea?", "options": ["yes", "no"]}
    for ask in (lambda: sender().prove(poll), lambda: sender().address(1, TO, TO, poll, None, None)):
        with pytest.raises(UnsupportedByVendor, match="green_api, wuzapi"):
            ask()


@pytest.mark.parametrize(("spec", "key"), [("", None), ({"type": "fax"}, None), (5, None), ("hello", " ")])
def test_what_is_no_message_or_no_key_is_refused(spec: Any, key: str | None) -> None:
    with pytest.raises(BadInput):
        sender().address(1, TO, TO, spec, key, None)


def test_a_file_is_read_once_for_all_and_anew_for_another_task(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    spec = {"type": "image", "path": str(picture)}

    def contents(made: SendOnce) -> bytes | None:
        message = made.address(1, TO, TO, spec, None, None).message
        assert isinstance(message, Image)
        return message.media.content

    picture.write_bytes(PNG)
    first = sender()
    assert contents(first) == PNG
    picture.write_bytes(PNG + b"new")
    assert contents(first) == PNG, "all recipients of a task get the same"
    assert contents(sender()) == PNG + b"new"


def test_what_a_retry_clears_up_is_an_error_that_airflow_retries() -> None:
    down = SessionDown("logged out")
    assert passing(down) is down
    error = passing(OutcomeUnknown("no reply"))
    assert isinstance(error, VendorUnavailable)
    assert "no reply" in str(error)
