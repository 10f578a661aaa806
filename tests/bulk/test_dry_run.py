# SPDX-License-Identifier: Apache-2.0
"""The rest is in tests/operators/test_bulk_send.py, where a real run follows a dry one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_wa.api.messages import Button as B
from airflow_provider_wa.api.messages import Buttons, ContactCard, Image, Media, Message, Poll, Text
from airflow_provider_wa.bulk.caps import Cap
from airflow_provider_wa.bulk.dry_run import DryRun, shown_text
from airflow_provider_wa.bulk.pacing import SendingPolicy
from airflow_provider_wa.bulk.send_results import Addressed, Unaddressed
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_intents import Intend
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/wa.db")
    yield store
    store.close()


def address(place: int, row: Mapping[str, Any]) -> Addressed | Unaddressed:
    to, text = str(row["to"]), str(row.get("text", "hello"))
    if not text:
        return Unaddressed(place, to, "no text", to, row.get("state", SendState.FAILED))
    return Addressed(place, f"+{to}", to, Text(text), sha256(f"{to} {text}".encode()).hexdigest())


def outlook(store: Store, *rows: Mapping[str, Any], **options: Any) -> list[tuple[str, str]]:
    dry = DryRun(store=store, batch="b", conn_id="c", address=address, **options)
    results = list(dry.results(iter(rows)))
    assert dry.counts.total() == len(rows)
    return [(row["status"], row["detail"]) for row in results]


def leave(store: Store, row: SendRow, state: SendState | None = None, batch: str = "b") -> None:
    store.sends.change([Intend(batch=batch, conn_id="c", row=row)])
    if state:
        store.sends.change([Settle(key=row.key, state=state)])


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (SendState.ACCEPTED, ("skipped", "it was accepted before")),
        (SendState.UNKNOWN, ("skipped", "it may have gone out before, which a send would clear up")),
        (None, ("skipped", "it may have gone out before, which a send would clear up")),
        (SendState.FAILED, ("would_send", "")),
        (SendState.DELAYED, ("would_send", "")),
    ],
)
def test_what_the_store_knows_is_taken_into_account(
    store: Store, state: SendState | None, expected: tuple[str, str]
) -> None:
    made = address(1, {"to": 7})
    assert isinstance(made, Addressed)
    leave(store, SendRow(key=made.key, row=1, given="7", recipient="7", state=SendState.INTENDED), state)
    assert outlook(store, {"to": 7}, {"to": 8}) == [expected, ("would_send", "")]


def test_a_row_without_a_message_has_its_state_and_reason(store: Store) -> None:
    rows = [{"to": 1, "text": ""}, {"to": 2, "text": "", "state": SendState.SKIPPED}]
    assert outlook(store, *rows) == [("failed", "no text"), ("skipped", "no text")]


def test_the_messages_of_the_list_itself_count_for_the_cap_and_the_days_limit(store: Store) -> None:
    leave(store, SendRow(key="k", row=1, given="7", recipient="7", state=SendState.INTENDED), batch="other")
    texts = [{"to": 7, "text": text} for text in ("a", "b", "c")]
    found = outlook(store, *texts, policy=SendingPolicy(cap=Cap(2, timedelta(hours=1))))
    assert [status for status, _ in found] == ["would_send", "skipped", "skipped"]
    assert found[1][1].startswith("capped: 2 messages in 1 hour, the last at ")
    held = outlook(store, *texts, policy=SendingPolicy(daily_limit=3, wait=False))
    assert [status for status, _ in held] == ["would_send", "would_send", "skipped"]


def test_rows_of_many_chunks_are_in_the_order_of_the_list(store: Store) -> None:
    rows = [{"to": number} for number in range(1, 251)] + [{"to": 1}]
    found = outlook(store, *rows, first=1001)
    assert found[:250] == [("would_send", "")] * 250
    assert found[250][1] == "same recipient as row 1001"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Text("hello"), "hello"),
        (Image(Media(content=b"x", filename="a.png"), caption="look"), "look"),
        (Image(Media(content=b"x", filename="a.png")), ""),
        (Poll("Tea?", ("yes", "no")), "Tea?"),
        (Buttons("Well?", (B("Yes"),)), "Well?"),
        (ContactCard("Ann", "+12025550111"), "Ann"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_text_is_the_one_that_people_read_first(message: Message, text: str) -> None:
    assert shown_text(message) == text
