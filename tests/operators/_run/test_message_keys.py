# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from helpers.tasks import run_of

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.send_results import Identity
from airflow_provider_wa.operators._run.message_keys import MessageKeys, batch_name

TO = "51987654321"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def keys(conn_id: str = "wa_portal", run: dict[str, Any] | None = None, **options: Any) -> MessageKeys:
    return MessageKeys(run_of(**(run or {})), conn_id, **options)


def key(message: Any = "hello", to: str = TO, given: str | None = None, **options: Any) -> str:
    return keys(**options).key(to, message, given)


def test_a_message_has_one_key_in_all_tries_of_a_run() -> None:
    assert key() == key(run={"try_number": 2}) == key(run={"max_tries": 9})
    assert len(key()) == 64
    assert int(key(), 16)


@pytest.mark.parametrize(
    "other",
    [
        {"to": "51987654322"},
        *({"run": {name: "other"}} for name in ("dag_id", "run_id", "task_id")),
        {"run": {"map_index": 1}},
    ],
    ids=str,
)
def test_another_run_or_recipient_has_another_key(other: dict[str, Any]) -> None:
    assert key(**other) != key()


def test_another_text_makes_no_other_message_unless_duplicates_are_allowed() -> None:
    for other in ("bye", {"type": "text", "body": "hello"}):
        assert key(other) == key()
        assert key(other, duplicates=True) != key(duplicates=True)
    assert key(duplicates=True) == key(duplicates=True)


@pytest.mark.parametrize("duplicates", [False, True])
def test_both_forms_of_a_number_and_its_jid_are_one_person(duplicates: bool) -> None:
    one, two = (key(to=to, duplicates=duplicates) for to in ("525512345678", "5215512345678"))
    assert one == two


def test_what_makes_two_rows_the_same_message_has_a_name() -> None:
    assert keys().identity() is Identity.RECIPIENT
    assert keys(duplicates=True).identity() is Identity.MESSAGE
    assert keys().identity("invoice-1") is keys(duplicates=True).identity("invoice-1") is Identity.KEY


def test_the_connection_makes_no_other_message() -> None:
    """Who turns to another vendor, after a try that failed, must not send to all again."""
    assert key(conn_id="wuzapi") == key()
    assert keys("wuzapi").batch != keys().batch


def test_a_part_of_a_list_makes_no_other_message() -> None:
    parts = [keys(run={"map_index": index}, part=True) for index in range(2)]
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
    assert key(spec, duplicates=True) == key(dict(reversed(spec.items())), duplicates=True)
    assert key(spec, duplicates=True) != key({"type": "image", "media": {"content": PNG + b"x"}}, duplicates=True)


def test_without_a_run_nothing_is_ever_the_same_message() -> None:
    made = [MessageKeys({}, "wa_portal") for _ in range(2)]  # type: ignore[typeddict-item]
    assert made[0].key(TO, "hello") != made[1].key(TO, "hello")
    assert made[0].key(TO, "hello") == made[0].key(TO, "hello")


def test_all_tries_of_a_run_share_a_batch_and_nothing_else_does() -> None:
    def name(conn_id: str = "c", *more: Any, **fields: Any) -> str:
        return batch_name(run_of(**fields), conn_id, *more)

    assert name() == name(try_number=2)
    others = [name(dag_id="x"), name(run_id="x"), name(task_id="x"), name(map_index=3), name("x"), name("c", "PE")]
    assert len({name(), *others}) == 7
    assert batch_name({}, "c") != batch_name({}, "c")  # type: ignore[typeddict-item]
