# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.connections import FIELDS

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    SessionDown,
    UnsupportedByVendor,
    VendorUnavailable,
)
from airflow_provider_wa.api.messages import Image, Text
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators._run.send_once import SendOnce, passing
from airflow_provider_wa.store.store import Store

TO = "51987654321"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch, airflow_store: Store) -> None:
    for conn_type, fields in FIELDS.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_type.upper()}", json.dumps({"conn_type": conn_type, **fields}))


def outbox(conn_id: str = "wa_portal", run: dict[str, Any] | None = None, **options: Any) -> SendOnce:
    known = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1, "max_tries": 2, "try_number": 1}
    context: Any = {"ti": SimpleNamespace(**{**known, **(run or {})})}
    return SendOnce(WaHook.for_connection(conn_id), context, conn_id, **options)


def key(message: Any = "hello", to: str = TO, given: str | None = None, **options: Any) -> str:
    return outbox(**options).key(to, message, given)


def test_a_message_has_one_key_in_all_tries_of_a_run() -> None:
    assert key() == key(run={"try_number": 2}) == key(run={"max_tries": 9})
    assert len(key()) == 64
    assert int(key(), 16)


@pytest.mark.parametrize(
    "other",
    [
        {"to": "51987654322"},
        {"message": "bye"},
        {"message": {"type": "text", "body": "hello"}},
        *({"run": {name: "other"}} for name in ("dag_id", "run_id", "task_id")),
        {"run": {"map_index": 1}},
    ],
    ids=str,
)
def test_another_run_recipient_or_message_has_another_key(other: dict[str, Any]) -> None:
    assert key(**other) != key()


def test_the_connection_makes_no_other_message() -> None:
    """Who turns to another vendor, after a try that failed, must not send to all again."""
    assert key(conn_id="wuzapi") == key()
    assert outbox("wuzapi").batch != outbox().batch


def test_a_part_of_a_list_makes_no_other_message() -> None:
    parts = [outbox(run={"map_index": index}, part=True) for index in range(2)]
    assert parts[0].key(TO, "hello") == parts[1].key(TO, "hello")
    assert parts[0].batch != parts[1].batch


def test_a_key_of_the_authors_is_the_same_in_whatever_run() -> None:
    assert key(given="invoice-1") == key("bye", "51987654322", "invoice-1", run={"dag_id": "other"})
    assert key(given="invoice-1") != key(given="invoice-2")


@pytest.mark.parametrize("given", ["", "  "])
def test_a_key_of_the_authors_that_is_empty_is_refused(given: str) -> None:
    with pytest.raises(BadInput, match="idempotency_key: it is empty"):
        key(given=given)


def test_with_resend_each_clear_makes_other_messages() -> None:
    def cleared(max_tries: int, resend: bool = True) -> str:
        return key(run={"max_tries": max_tries}, resend=resend, retries=2)

    assert cleared(2) == cleared(2)
    assert len({cleared(2), cleared(5), cleared(8)}) == 3
    assert cleared(2, resend=False) == cleared(5, resend=False)


def test_a_files_content_counts_and_the_order_of_a_dicts_names_does_not() -> None:
    spec = {"type": "image", "media": {"content": PNG}}
    assert key(spec) == key(dict(reversed(spec.items())))
    assert key(spec) != key({"type": "image", "media": {"content": PNG + b"x"}})


def test_without_a_run_nothing_is_ever_the_same_message() -> None:
    made = [SendOnce(WaHook.for_connection("wa_portal"), {}, "wa_portal") for _ in range(2)]
    assert made[0].key(TO, "hello") != made[1].key(TO, "hello")
    assert made[0].key(TO, "hello") == made[0].key(TO, "hello")


def test_a_recipient_and_a_message_are_made_of_what_was_given() -> None:
    made = outbox().address(7, "987 654 321", "PE", {"type": "text", "body": "hello"}, None, None)
    assert (made.row, made.given, made.to, made.message) == (7, "987 654 321", TO, Text("hello"))
    assert (made.message_id, made.again) == (None, False)


def test_where_the_vendor_takes_our_id_it_follows_from_the_key() -> None:
    made = [outbox("wuzapi").address(1, TO, None, "hello", None, None) for _ in range(2)]
    assert made[0].message_id
    assert made[0].message_id == made[1].message_id
    other = outbox("wuzapi").address(1, TO, None, "bye", None, None)
    assert other.message_id != made[0].message_id
    assert outbox("wuzapi").address(1, TO, None, "hello", None, "ORDER-1").message_id == "ORDER-1"


def test_what_a_vendor_does_not_send_is_refused() -> None:
    poll = {"type": "poll", "question": "Tea?", "options": ["yes", "no"]}
    for ask in (lambda: outbox().prove(poll), lambda: outbox().address(1, TO, None, poll, None, None)):
        with pytest.raises(UnsupportedByVendor, match="green_api, wuzapi"):
            ask()


@pytest.mark.parametrize(("given", "spec"), [("nobody", "hello"), (TO, ""), (TO, {"type": "fax"}), (TO, 5)])
def test_what_is_no_recipient_or_no_message_is_refused(given: str, spec: Any) -> None:
    with pytest.raises(BadInput):
        outbox().address(1, given, None, spec, None, None)


def test_a_file_is_read_once_for_all_and_anew_for_another_task(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    spec = {"type": "image", "path": str(picture)}

    def contents(made: SendOnce) -> bytes | None:
        message = made.address(1, TO, None, spec, None, None).message
        assert isinstance(message, Image)
        return message.media.content

    picture.write_bytes(PNG)
    first = outbox()
    assert contents(first) == PNG
    picture.write_bytes(PNG + b"new")
    assert contents(first) == PNG, "all recipients of a task get the same"
    assert contents(outbox()) == PNG + b"new"


def test_what_a_retry_clears_up_is_an_error_that_airflow_retries() -> None:
    down = SessionDown("logged out")
    assert passing(down) is down
    told = passing(OutcomeUnknown("no reply"))
    assert isinstance(told, VendorUnavailable)
    assert "no reply" in str(told)
