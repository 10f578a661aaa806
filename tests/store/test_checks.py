# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from helpers.postgres import Postgres
from sqlalchemy import event
from store.samples import NOW, called_back, checked, delivered, pending

from airflow_provider_wa.store import sql
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store


def statuses(store: Store, batch: str = "b") -> list[str]:
    return [row.status for row in store.checks.rows(batch)]


def test_rows_are_kept_whole_and_in_the_order_of_the_list(store: Store) -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    rows = [
        checked(1, jid="519876@s.whatsapp.net", detail="ñ", checked_at=there),
        checked(2, "pending", reference="r2"),
        checked(3, "unknown", input="no number", number="no number"),
    ]
    store.checks.put("b", "my_wa", rows[::-1])
    assert list(store.checks.rows("b")) == rows
    assert {row.checked_at.tzinfo is not None for row in store.checks.rows("b")} == {True}
    assert list(store.checks.rows("other")) == []


def test_nothing_may_be_put(store: Store) -> None:
    store.checks.put("b", "my_wa", [])
    assert store.checks.counts("b") == Counter()


def test_a_row_put_again_replaces_the_first_in_all_its_fields(store: Store) -> None:
    store.checks.put("b", "my_wa", [pending(1), pending(2), checked(3)])
    again = checked(2, "absent", input="2", number="+51999", jid="j", detail="d", checked_at=NOW + timedelta(1))
    store.checks.put("b", "my_wa", [again._replace(status="exists"), again])
    assert list(store.checks.rows("b")) == [pending(1), again, checked(3)]


def test_a_row_put_again_for_another_connection_is_answered_by_that_one(store: Store) -> None:
    store.checks.put("b", "my_wa", [pending(1)])
    store.checks.put("b", "other", [pending(1)])
    store.events.add([called_back("ref-1", "absent")])
    assert statuses(store) == ["pending"]
    store.events.add([called_back("ref-1", conn_id="other")])
    assert statuses(store) == ["exists"]


def test_batches_do_not_mix(store: Store) -> None:
    store.checks.put("b", "my_wa", [checked(1)])
    store.checks.put("c", "my_wa", [checked(1, "absent"), checked(2)])
    assert store.checks.counts("b") == {"exists": 1}
    assert statuses(store, "c") == ["absent", "exists"]


def test_rows_are_counted_by_status(store: Store) -> None:
    store.checks.put("b", "my_wa", [checked(row, ("exists", "absent", "pending")[row % 3]) for row in range(1, 11)])
    assert store.checks.counts("b") == {"exists": 3, "absent": 4, "pending": 3}
    assert store.checks.counts("none") == {}
    store.checks.put("b", "my_wa", [checked(3, "absent", form=1)])
    assert [store.checks.count("b"), store.checks.count("none")] == [11, 0]


def test_neighbouring_rows_are_read_together(store: Store) -> None:
    texts = ["+51 9", "a,b", 'quote " and \\ back', "¡número! 😀", "6"]
    numbers = ["+519", "a,b", "+512", "+513", "+514"]
    kinds = ["exists", "invalid", "absent", "exists", "exists"]
    rows = [
        checked(place)._replace(input=text, number=number, status=status)
        for place, (text, number, status) in enumerate(zip(texts, numbers, kinds, strict=True), 3)
    ]
    store.checks.put("b", "c", [*reversed(rows), checked(20)])
    store.checks.put("other", "c", [checked(4)])
    store.checks.put("b", "c", [checked(3)._replace(form=1)])
    together = store.checks.stretch("b", 1, 7, without_digits="invalid")
    assert together.inputs == texts
    assert together.digits.split(",") == ["519", "512", "513", "514"]
    assert together.statuses == {"exists": 3, "invalid": 1, "absent": 1}
    assert store.checks.stretch("b", 8, 19, without_digits="invalid") == ([], "", {})


@pytest.mark.parametrize("limit", [None, 0, 1, 7, 8, 9, 20, 21, 100])
@pytest.mark.parametrize("status", [None, "absent", "pending"])
def test_rows_are_read_in_parts(
    store: Store, monkeypatch: pytest.MonkeyPatch, limit: int | None, status: str | None
) -> None:
    monkeypatch.setattr(sql, "CHUNK", 4)
    rows = [checked(row, ("exists", "absent")[row % 2]) for row in range(1, 41)]
    store.checks.put("b", "my_wa", rows)
    expected = [row for row in rows if status in (None, row.status)][:limit]
    assert list(store.checks.rows("b", status=status, limit=limit)) == expected


@pytest.mark.parametrize("after", [0, 100])
def test_a_part_does_not_cost_more_the_further_behind_it_is(
    airflow_store: Store, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(sql, "CHUNK", 100)
    airflow_store.checks.put("b", "my_wa", [checked(row) for row in range(1, 1001)])
    steps: list[int] = []
    with airflow_store.database.reading() as connection:
        driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: steps.append(1), 10)
    at_row = {row.row: len(steps) for row in airflow_store.checks.rows("b", after=after)}
    driver.set_progress_handler(None, 0)
    second, last = (at_row[row] - at_row[row - 100] for row in (after + 200, 1000))
    assert 0 < last <= second + 1


def test_rows_may_be_answered_while_they_are_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "CHUNK", 2)
    store.checks.put("b", "my_wa", [pending(row) for row in range(1, 8)])
    read = []
    for row in store.checks.rows("b", status="pending"):
        read.append(row.row)
        store.checks.put("b", "my_wa", [checked(row.row)])
    assert read == [1, 2, 3, 4, 5, 6, 7]


def test_a_callback_answers_its_check(store: Store) -> None:
    store.checks.put("b", "my_wa", [pending(1), pending(2)])
    store.events.add([called_back("ref-2", jid="51@s.whatsapp.net", detail="found")])
    one, two = store.checks.rows("b")
    [stored] = store.events.after(0, 1)
    assert one == pending(1)
    assert two == pending(2)._replace(
        status="exists", jid="51@s.whatsapp.net", detail="found", checked_at=stored.received_at
    )


@pytest.mark.parametrize("together", [True, False])
def test_the_first_callback_decides(store: Store, together: bool) -> None:
    store.checks.put("b", "my_wa", [pending(1)])
    told = [called_back("ref-1", "pending"), called_back("ref-1", "absent"), called_back("ref-1", "exists")]
    for part in [told] if together else [[one] for one in told]:
        store.events.add(part)
    assert statuses(store) == ["absent"]


def test_an_answer_that_is_there_stays(store: Store) -> None:
    store.checks.put("b", "my_wa", [checked(1, "absent", reference="ref-1")])
    store.events.add([called_back("ref-1", "exists")])
    store.checks.enter_early_callbacks("b")
    assert statuses(store) == ["absent"]


@pytest.mark.parametrize(
    "told", [called_back("ref-1", conn_id="other"), called_back("ref-2"), delivered("ref-1"), called_back("")]
)
def test_a_callback_for_something_else_answers_nothing(store: Store, told: NewEvent) -> None:
    store.events.add([told])
    store.checks.put("b", "my_wa", [pending(1), checked(2, "pending"), checked(3, "pending", reference="")])
    store.events.add([told])
    store.checks.enter_early_callbacks("b")
    assert statuses(store) == ["pending", "pending", "pending"]


def test_a_callback_answers_all_checks_of_its_reference(store: Store) -> None:
    store.checks.put("b", "my_wa", [pending(1, "r"), pending(2, "r")])
    store.checks.put("c", "my_wa", [pending(1, "r")])
    store.events.add([called_back("r")])
    assert statuses(store, "b") + statuses(store, "c") == ["exists"] * 3


def test_a_callback_that_came_before_its_check_is_entered_by_settling(store: Store) -> None:
    store.events.add([called_back("ref-1", "pending"), called_back("ref-1", "absent", detail="first")])
    store.events.add([called_back("ref-1", "exists"), called_back("ref-2", "unknown")])
    store.checks.put("b", "my_wa", [pending(1), pending(2), pending(3)])
    assert statuses(store) == ["pending"] * 3
    store.checks.enter_early_callbacks("b")
    assert statuses(store) == ["absent", "unknown", "pending"]
    assert next(store.checks.rows("b")).detail == "first"


def test_settling_is_of_one_batch(store: Store) -> None:
    store.events.add([called_back("ref-1"), called_back("ref-2")])
    store.checks.put("b", "my_wa", [pending(1)])
    store.checks.put("c", "my_wa", [pending(2)])
    store.checks.enter_early_callbacks("b")
    assert (statuses(store, "b"), statuses(store, "c")) == (["exists"], ["pending"])


def test_a_repeated_callback_answers_a_check_that_was_put_again(store: Store) -> None:
    store.checks.put("b", "my_wa", [pending(1)])
    store.events.add([called_back("ref-1")])
    store.checks.put("b", "my_wa", [pending(1)])
    assert store.events.add([called_back("ref-1")]) == 0
    assert statuses(store) == ["exists"]


def test_any_text_is_stored(store: Store) -> None:
    junk, cleaned = "a\0\ud800" + _random_text(5000), "a?" + _random_text(5000)
    row = checked(1, "pending", input=junk, number=junk, jid=junk, detail=junk, reference=junk)
    store.checks.put("b", "my_wa", [row])
    long = {"input": cleaned, "jid": cleaned, "detail": cleaned}
    assert list(store.checks.rows("b")) == [row._replace(**long, number=cleaned[:255], reference=cleaned[:255])]


def _random_text(length: int) -> str:
    # Of all planes and without repetition: an index cannot make it small.
    chance = random.Random(1)
    return "".join(chr(chance.randrange(0x10000, 0x20000)) for _ in range(length))


def test_no_check_stays_pending_when_callbacks_race_it(store: Store) -> None:
    """A run stores its checks and settles while callbacks come in: before, between and after."""
    chance = random.Random(7)
    for round_ in range(25):
        batch, names = f"b{round_}", [f"{round_}-{number}" for number in range(12)]
        rows = [pending(number, name) for number, name in enumerate(names, 1)]
        callbacks = [called_back(name) for name in chance.sample(names, len(names))]

        def run(rows: list = rows, batch: str = batch) -> None:
            store.checks.put(batch, "my_wa", rows[:6])
            store.checks.put(batch, "my_wa", rows[6:])
            store.checks.enter_early_callbacks(batch)

        def call_back(part: list) -> Callable[[], None]:
            return lambda: [store.events.add([callback]) for callback in part] and None

        threads = [
            threading.Thread(target=work) for work in (run, call_back(callbacks[::2]), call_back(callbacks[1::2]))
        ]
        chance.shuffle(threads)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.checks.counts(batch) == {"exists": 12}


@pytest.mark.system
def test_settling_a_long_list_does_not_wait_for_statistics(postgres: Postgres) -> None:
    """PostgreSQL counts rows a minute after they came: until then it must not choose to read all for each one."""
    store = Store(postgres.new_database())
    with store.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE wa_events SET (autovacuum_enabled = false)")
        connection.exec_driver_sql("ALTER TABLE wa_checks SET (autovacuum_enabled = false)")
    store.events.add([called_back(f"ref-{row}") for row in range(1, 2001)])
    store.checks.put("b", "my_wa", [pending(row) for row in range(1, 4001)])
    asked: list[tuple[str, Any]] = []

    @event.listens_for(store.database.engine, "before_cursor_execute")
    def note(_: Any, cursor: Any, statement: str, parameters: Any, *others: Any) -> None:
        asked.append((statement, parameters))

    store.checks.enter_early_callbacks("b")
    assert store.checks.counts("b") == {"exists": 2000, "pending": 2000}
    [(statement, parameters)] = [(text, values) for text, values in asked if "JOIN" in text]
    with store.database.reading() as connection:
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
    assert "using wa_events_reference" in plan
    store.close()


def test_the_moment_of_an_answer_is_that_of_its_callback(store: Store) -> None:
    before = datetime.now(timezone.utc)
    store.checks.put("b", "my_wa", [pending(1)])
    store.events.add([called_back("ref-1")])
    [row] = store.checks.rows("b")
    assert before <= row.checked_at <= datetime.now(timezone.utc)


def test_an_answer_from_the_future_is_not_reused_as_its_age_is_unknown(store: Store) -> None:
    """It was stored before the clock was set back. The clocks of two machines may differ by some minutes."""
    now = datetime.now(timezone.utc)
    ages = {1: timedelta(hours=-6), 2: timedelta(minutes=-1), 3: timedelta(minutes=1)}
    rows = [checked(row, number=f"+1202555000{row}", checked_at=now - age) for row, age in ages.items()]
    store.checks.put("b", "my_wa", rows)
    found = store.checks.answers("my_wa", [row.number for row in rows], now - timedelta(hours=1))
    assert set(found) == {"+12025550002", "+12025550003"}
