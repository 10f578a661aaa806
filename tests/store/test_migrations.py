# SPDX-License-Identifier: Apache-2.0
"""A filled database of an earlier release is carried over to the tables of today."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from helpers.ready_tables import ready_tables
from sqlalchemy import JSON, Connection, DateTime, bindparam, inspect, text

from airflow_provider_wa.bulk.check_results import CheckBatch
from airflow_provider_wa.store import migrations
from airflow_provider_wa.store.batches import BatchInfo, BatchKind
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.usefixtures("migrated_tables")

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
CHECKS, ALONE, SENDS, ONLY_CALLS = "c" * 32, "a" * 32, "5" * 32, "f" * 32
BRAZILIAN, OTHER = "+5511987654307", "+551187654307"


def migrate(connection: Connection, revision: str) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    command.upgrade(config, revision)


def insert(connection: Connection, table: str, *rows: dict[str, Any]) -> None:
    names = list(rows[0])
    statement = text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})")
    kinds = {name: JSON() for name in ("value", "content", "raw")}
    kinds |= {name: DateTime(timezone=True) for name in names if name.endswith("_at")}
    connection.execute(
        statement.bindparams(*(bindparam(name, type_=kind) for name, kind in kinds.items() if name in names)), rows
    )


def check(batch: str, row: int, status: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "batch": batch, "row": row, "conn_id": "my_wa", "input": f"in {row}", "number": f"+51987654{row:03d}",
        "status": status, "jid": None, "checked_at": at, "detail": "d", "reference": None, "reused": False, **fields,
    }  # fmt: skip


def send(key: str, row: int, state: str, intended: datetime | None, settled: datetime | None) -> dict[str, Any]:
    return {
        "key": key, "batch": SENDS, "row": row, "conn_id": "my_wa", "given": "g", "recipient": "51987654321",
        "state": state, "message_id": f"m-{key}", "detail": "", "intended_at": intended, "settled_at": settled,
    }  # fmt: skip


def test_other_tests_have_the_same_tables_from_a_copy(tmp_path: Path) -> None:
    def made(path: Path) -> list[str]:
        with closing(Store(f"sqlite:///{path}")) as store:
            store.check_writable()
        with closing(sqlite3.connect(path)) as database:
            return [each for each in database.iterdump() if not each.startswith('INSERT INTO "wa_store"')]

    migrated = made(tmp_path / "migrated.db")
    with ready_tables():
        assert made(tmp_path / "copied.db") == migrated


@pytest.fixture
def filled(store: Store) -> Store:
    """A store whose database is one of revision 0001, with rows of each kind."""
    with store.database._exclusive() as connection:
        migrate(connection, "0001")
        absent = {"number": BRAZILIAN, "reference": "r2"}
        insert(
            connection,
            "wa_checks",
            check(CHECKS, 1, "exists", NOON + HOUR, jid="j@s.whatsapp.net"),
            check(CHECKS, 2, "absent", NOON + 2 * HOUR, **absent),
            check(CHECKS, 3, "pending", NOON + 3 * HOUR, reference="r3"),
            check(CHECKS, 4, "exists", NOON - 9 * HOUR, reused=True),
            check(f"{CHECKS}-other", 2, "pending", NOON + 4 * HOUR, number=OTHER, reference="r2b"),
            check(ALONE, 1, "exists", NOON, reused=True),
        )
        insert(
            connection,
            "wa_sends",
            send("k1", 1, "accepted", NOON, NOON + HOUR),
            send("k2", 2, "intended", NOON + HOUR, None),
            send("k3", 3, "skipped", None, NOON - HOUR),
        )
        insert(
            connection,
            "wa_cursors",
            {"name": f"calls:{CHECKS}", "value": 7, "moved_at": NOON},
            {"name": f"calls:{ONLY_CALLS}", "value": 3, "moved_at": NOON},
            {"name": "read:my_wa", "value": {"event_id": 5, "since": 1.5}, "moved_at": NOON},
        )
        insert(connection, "wa_suppressions", {"recipient": "51987654321", "reason": "STOP", "since": NOON.isoformat()})
    return store


def test_checks_of_the_other_form_join_their_batch(filled: Store) -> None:
    first = list(filled.checks.rows(CHECKS))
    assert [(row.row, row.status, row.form) for row in first] == [
        (1, "exists", 0), (2, "absent", 0), (3, "pending", 0), (4, "exists", 0),
    ]  # fmt: skip
    assert (first[0].jid, first[0].checked_at, first[0].input, first[0].detail) == (
        "j@s.whatsapp.net", NOON + HOUR, "in 1", "d",
    )  # fmt: skip
    assert [row.reused for row in first] == [False, False, False, True]
    (second,) = filled.checks.rows(CHECKS, form=1)
    assert (second.row, second.number, second.reference, second.status) == (2, OTHER, "r2b", "pending")
    assert list(filled.checks.rows(f"{CHECKS}-other")) == []
    assert filled.checks.counts(CHECKS) == {"exists": 2, "absent": 1, "pending": 2}
    results = CheckBatch(lambda: filled, CHECKS, "my_wa").results()
    assert [result["status"] for result in results] == ["exists", "pending", "pending", "exists"]


def test_each_row_has_its_batch_and_calls_are_its(filled: Store) -> None:
    checks, alone, sends, only_calls = (filled.batches.get(name) for name in (CHECKS, ALONE, SENDS, ONLY_CALLS))
    assert checks is not None
    assert (checks.kind, checks.conn_id, checks.calls, checks.created_at) == (
        BatchKind.CHECK, "my_wa", 7, NOON + HOUR,
    )  # fmt: skip
    assert (checks.dag_id, checks.counts, checks.ended_at) == (None, None, None)
    assert alone is not None
    assert (alone.calls, alone.created_at) == (0, NOON)
    assert sends is not None
    assert (sends.kind, sends.conn_id, sends.calls, sends.created_at) == (BatchKind.SEND, "my_wa", 0, NOON)
    assert only_calls is not None
    assert (only_calls.kind, only_calls.calls) == (BatchKind.CHECK, 3)
    with filled.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM wa_batches")).scalar() == 4


def test_sends_positions_and_suppressions_are_as_they_were(filled: Store) -> None:
    rows = list(filled.sends.rows(SENDS))
    assert [(row.key, row.state) for row in rows] == [
        ("k1", SendState.ACCEPTED), ("k2", SendState.INTENDED), ("k3", SendState.SKIPPED),
    ]  # fmt: skip
    assert (rows[0].intended_at, rows[0].settled_at, rows[0].message_id) == (NOON, NOON + HOUR, "m-k1")
    assert filled.positions.get("read:my_wa") == {"event_id": 5, "since": 1.5}
    assert filled.positions.get(f"calls:{CHECKS}") is None
    assert [each.recipient for each in filled.suppressions.all()] == ["51987654321"]


def test_a_batch_goes_on_after_it_was_carried_over(filled: Store) -> None:
    batch = CheckBatch(lambda: filled, CHECKS, "my_wa")
    assert (batch.calls, batch.is_open(), batch.last()) == (7, True, 4)
    batch.begin(BatchInfo(name=CHECKS, kind=BatchKind.CHECK, conn_id="my_wa", dag_id="dag"))
    again = next(filled.checks.rows(CHECKS))._replace(status="absent")
    filled.checks.put(CHECKS, "my_wa", [again], calls=9)
    assert (batch.calls, next(filled.checks.rows(CHECKS)).status) == (9, "absent")
    assert filled.checks.counts(CHECKS).total() == 5


def test_counts_over_time_keep_their_steps_of_ten_minutes(store: Store) -> None:
    with store.database._exclusive() as connection:
        migrate(connection, "0007")
        insert(
            connection,
            "wa_tallies",
            {"batch": SENDS, "name": "delivered", "bucket": 2_954_000, "count": 5},
            {"batch": SENDS, "name": "read", "bucket": 2_954_003, "count": 2},
        )
    found = store.deliveries.over_time(SENDS)
    assert (found.totals, found.step) == ({"delivered": 5, "read": 2}, timedelta(minutes=10))
    at = datetime.fromtimestamp(2_954_000 * 600, timezone.utc)
    assert found.buckets == [(at, {"delivered": 5}), (at + timedelta(minutes=30), {"read": 2})]


def test_nothing_of_the_old_tables_is_left(filled: Store) -> None:
    filled.events.last_id()
    with filled.database.reading() as connection:
        found = inspect(connection)
        assert {name for name in found.get_table_names() if name.startswith("wa_")} == {
            "wa_version", "wa_events", "wa_checks", "wa_sends", "wa_batches", "wa_suppressions", "wa_positions",
            "wa_identities", "wa_posts", "wa_store", "wa_deliveries", "wa_tallies", "wa_pauses", "wa_daily_limits",
        }  # fmt: skip
        assert found.get_pk_constraint("wa_checks")["constrained_columns"] == ["batch", "form", "row"]
        assert {index["name"] for index in found.get_indexes("wa_checks")} == {
            "wa_checks_number",
            "wa_checks_reference",
            "wa_checks_status",
        }


def test_an_empty_database_is_carried_over_as_well(store: Store) -> None:
    with store.database._exclusive() as connection:
        migrate(connection, "0001")
    assert store.batches.get("b") is None
    assert store.checks.counts("b") == {}


def test_sends_of_the_second_release_are_kept_and_found_by_their_recipient(store: Store) -> None:
    to = "525512345678"
    with store.database._exclusive() as connection:
        migrate(connection, "0002")
        insert(
            connection,
            "wa_sends",
            {**send("k1", 1, "accepted", NOON, NOON + HOUR), "recipient": to},
            {**send("k2", 2, "unknown", NOON + HOUR, None), "recipient": "5215512345678"},
            {**send("k3", 3, "skipped", None, NOON - HOUR), "recipient": to},
        )
        insert(
            connection,
            "wa_batches",
            {"name": SENDS, "kind": "send", "conn_id": "my_wa", "calls": 2, "created_at": NOON, "ended_at": NOON},
        )
    assert [(row.key, row.state.value) for row in store.sends.rows(SENDS)] == [
        ("k1", "accepted"), ("k2", "unknown"), ("k3", "skipped"),
    ]  # fmt: skip
    recent = store.sends.recent([to], NOON - HOUR)[to]
    assert (recent.count, recent.last) == (2, NOON + HOUR)
    batch = store.batches.get(SENDS)
    assert batch is not None
    assert (batch.calls, batch.ended_at) == (2, NOON)
    with store.database.reading() as connection:
        indexes = {index["name"]: index["column_names"] for index in inspect(connection).get_indexes("wa_sends")}
    assert indexes["wa_sends_recipient"] == ["recipient", "intended_at"]


def test_a_store_of_the_third_release_learns_identities(store: Store) -> None:
    with store.database._exclusive() as connection:
        migrate(connection, "0003")
        insert(connection, "wa_suppressions", {"recipient": "51987654321", "reason": "r", "since": NOON})
    assert store.identities.learn({"1@lid": "51987654321", "100@lid": "51987654321"}) == 1
    assert store.suppressions.among(["100@lid"]) == {"100@lid"}


def test_events_of_the_fourth_release_keep_their_json(store: Store) -> None:
    with store.database._exclusive() as connection:
        migrate(connection, "0004")
        common = {
            "conn_id": "my_wa",
            "vendor": "wuzapi",
            "kind": "delivery",
            "vendor_kind": "Receipt",
            "status": "read",
        }
        moments = {"happened_at": NOON, "received_at": NOON}
        insert(
            connection,
            "wa_events",
            {**common, **moments, "key": "k1", "content": {"to": "1"}, "raw": {"ids": ["a", "b"]}},
            {**common, **moments, "key": "k2", "content": {"to": "1"}, "raw": None},
        )
    assert [event.raw for event in store.events.get([1, 2])] == [{"ids": ["a", "b"]}, None]
    assert store.events.remove_before(NOON + HOUR) == 2
