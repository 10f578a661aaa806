# SPDX-License-Identifier: Apache-2.0
"""What the pages and waiting tasks ask is answered by stretches of indexes: rows that are not shown are not read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers.postgres import Postgres
from sqlalchemy import event, text

from airflow_provider_wa.store import overview
from airflow_provider_wa.store.batch_rows import STAGES
from airflow_provider_wa.store.batches import BatchFilter, BatchKind
from airflow_provider_wa.store.store import Store

ROWS = 3000
FILL = (
    """INSERT INTO wa_deliveries (key, batch, row, stage, answer) SELECT 'k' || CAST(i AS TEXT), 'b', i,
    CASE WHEN i = 2900 THEN 'failed' WHEN i = 2950 THEN 'read' ELSE 'delivered' END,
    CASE WHEN i = 2960 THEN 'opted_out' WHEN i < 200 THEN 'answered' END FROM n""",
    """INSERT INTO wa_sends (key, batch, row, conn_id, given, recipient, state, detail, intended_at) SELECT
    'k' || CAST(i AS TEXT), 'b', i, 'busy', '', CAST(i AS TEXT), CASE WHEN i = 2970 THEN 'failed' ELSE 'accepted' END,
    '', '2026-03-01' FROM n""",
    """INSERT INTO wa_checks (batch, form, row, conn_id, input, number, status, checked_at, detail, reused) SELECT
    'b', 0, i, 'busy', '', '+' || CAST(i AS TEXT), CASE WHEN i = 2980 THEN 'absent' ELSE 'exists' END, '2026-03-01', '',
    CAST(0 AS BOOLEAN) FROM n""",
    """INSERT INTO wa_events (id, conn_id, vendor, kind, vendor_kind, key, party, status, received_at, content, raw)
    SELECT i, CASE WHEN i < 1500 THEN 'old' ELSE 'busy' END, 'v', 'inbox', '', CAST(i AS TEXT), CAST(i AS TEXT), '',
    '2026-03-01', '{}', '{}' FROM n""",
    """INSERT INTO wa_batches (name, kind, conn_id, calls, created_at) SELECT CAST(i AS TEXT),
    CASE WHEN i < 10 THEN 'check' ELSE 'send' END, CASE WHEN i < 20 THEN 'old' ELSE 'busy' END, 0, '2026-03-01'
    FROM n""",
)
SERIES = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"

Ask = Callable[[Store], Any]

QUESTIONS: dict[str, tuple[str, Ask]] = {
    **{
        f"rows that are {status}": (index, lambda store, status=status: rows(store, BatchKind.SEND, status=status))
        for status, index in zip(STAGES, [*["wa_deliveries_stage"] * 3, *["wa_deliveries_answer"] * 2], strict=True)
    },
    "rows that failed": ("wa_sends_state", lambda store: rows(store, BatchKind.SEND, status="failed")),
    "rows from the middle": ("wa_sends_batch", lambda store: rows(store, BatchKind.SEND, after=(1500, "k1500"))),
    "a person": ("wa_sends_recipient", lambda store: rows(store, BatchKind.SEND, people=["7"])),
    "a person among the delivered": (
        "wa_sends_recipient",
        lambda store: rows(store, BatchKind.SEND, status="delivered", people=["7"]),
    ),
    "absent numbers": ("wa_checks_status", lambda store: rows(store, BatchKind.CHECK, status="absent")),
    "absent numbers of a task": ("wa_checks_status", lambda store: list(store.checks.rows("b", status="absent"))),
    "a number": ("wa_checks_number", lambda store: rows(store, BatchKind.CHECK, people=["7"])),
    "senders of an account that is no longer used": (
        "wa_events_kind",
        lambda store: store.conversations.people(5, conn_ids=["old"]),
    ),
    "the last events of such an account": ("wa_events_kind", lambda store: store.overview.last_events("old", 5)),
    "a word in its messages": ("wa_events_kind", lambda store: store.overview.messages_with("x", 5, ["old"])),
    "campaigns of such an account": (
        "wa_batches_age",
        lambda store: store.batches.newest(5, BatchFilter(conn_ids=["old"], kind=BatchKind.CHECK)),
    ),
}


FEW = ("a person", "a person among the delivered", "a number")
"""Questions whose few rows are sorted after they are found."""


def rows(store: Store, kind: BatchKind, **options: Any) -> Any:
    return store.batch_rows.page("b", kind, 5, **options)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.system)])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'plans.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database()
    store = Store(url)
    with store.database.writing() as connection:
        for statement in FILL:
            head, select, tail = statement.partition("SELECT")
            connection.execute(text(f"{head} {SERIES} {select}{tail}"))
    with store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    yield store
    store.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_page_reads_the_rows_that_it_shows_by_an_index(
    filled: Store, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "SEARCHED", 50)  # far fewer than the account has
    index, ask = QUESTIONS[question]
    plans = list(explained(filled, ask))
    assert plans
    assert any(index in plan for plan in plans)
    for plan in plans:
        assert "Seq Scan" not in plan
        assert "SCAN " not in plan.replace("SCAN n", "")
        assert "TEMP B-TREE FOR ORDER BY" not in plan or question in FEW


def test_events_to_count_are_read_in_their_order_without_those_behind(filled: Store) -> None:
    plan = next(explained(filled, lambda store: store.deliveries.follow(), "FROM wa_events \nWHERE wa_events.id >"))
    assert "wa_events_pkey" in plan or "PRIMARY KEY" in plan
    assert "Sort" not in plan
    assert "ORDER BY" not in plan


def explained(store: Store, ask: Ask, part: str = "SELECT") -> Iterator[str]:
    """Yield the plans of all queries that a question makes. ``wa_positions`` has a few rows."""
    asked: list[tuple[str, Any]] = []

    def note(_: Any, cursor: Any, statement: str, parameters: Any, *others: Any) -> None:
        asked.append((statement, parameters))

    event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        ask(store)
    finally:
        event.remove(store.database.engine, "before_cursor_execute", note)
    with store.database.reading() as connection:
        words = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        for statement, parameters in asked:
            if statement.startswith("SELECT") and part in statement and "FROM wa_positions" not in statement:
                found = connection.exec_driver_sql(f"{words} {statement}", parameters)
                yield "\n".join(str(row[-1]) for row in found)
