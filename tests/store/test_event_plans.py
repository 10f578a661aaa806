# SPDX-License-Identifier: Apache-2.0
"""The indexes that PostgreSQL takes before it has counted the rows: in the minute after many events came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers.postgres import Postgres
from sqlalchemy import event
from store.samples import came_in, delivered

from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.events import Subject
from airflow_provider_wa.store.store import Store

ANA = "51987654321"


@pytest.fixture
def uncounted(postgres: Postgres) -> Iterator[Store]:
    """A store whose events PostgreSQL has never counted."""
    store = Store(postgres.new_database())
    with store.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE wa_events SET (autovacuum_enabled = false)")
    store.events.add([make(f"m{number}") for make in (came_in, delivered) for number in range(2000)])
    yield store
    store.close()


@pytest.mark.parametrize(
    ("index", "ask"),
    [
        ("wa_events_party", lambda store: store.events.about([Subject("my_wa", EventKind.INBOX, ANA)])),
        ("wa_events_reference", lambda store: store.events.about([Subject("my_wa", EventKind.DELIVERY, "m7")])),
        ("wa_events_kind", lambda store: store.overview.last_events("my_wa", 3)),
        ("wa_events_kind", lambda store: store.overview.messages_with("x", 3, ["my_wa"])),
    ],
    ids=["messages of a person", "receipts of a message", "newest events", "search"],
)
def test_a_question_is_answered_by_its_own_index(uncounted: Store, index: str, ask: Callable[[Store], Any]) -> None:
    asked: list[tuple[str, Any]] = []

    @event.listens_for(uncounted.database.engine, "before_cursor_execute")
    def note(_: Any, cursor: Any, statement: str, parameters: Any, *others: Any) -> None:
        asked.append((statement, parameters))

    ask(uncounted)
    statement, parameters = next(each for each in asked if "FROM wa_events" in each[0])
    with uncounted.database.reading() as connection:
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
    assert f" using {index} " in plan
