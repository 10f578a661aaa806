# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from airflow_provider_wa.store.batches import Batch, BatchFilter, BatchInfo, BatchKind, BatchProgress, BatchState
from airflow_provider_wa.store.store import Store

INFO = BatchInfo(
    name="b", kind=BatchKind.CHECK, conn_id="my_wa", dag_id="dag", run_id="manual__1", task_id="check", map_index=-1
)


def test_a_batch_is_kept_whole(store: Store) -> None:
    before = datetime.now(timezone.utc)
    store.batches.begin(INFO)
    batch = store.batches.get("b")
    assert batch is not None
    assert {name: getattr(batch, name) for name in INFO.__dataclass_fields__} == vars(INFO)
    assert (batch.counts, batch.calls, batch.ended_at) == (None, 0, None)
    assert before <= batch.created_at <= datetime.now(timezone.utc)
    assert isinstance(batch.kind, BatchKind)
    assert store.batches.get("other") is None


def test_a_batch_that_ended_has_its_counts(store: Store) -> None:
    store.batches.begin(INFO)
    store.batches.end("b", {"total": 3, "exists": 2})
    batch = store.batches.get("b")
    assert batch is not None
    assert batch.counts == {"total": 3, "exists": 2}
    assert batch.ended_at is not None
    assert batch.ended_at >= batch.created_at


def test_a_further_try_goes_on_with_the_batch(store: Store) -> None:
    store.batches.begin(INFO)
    store.checks.put("b", "my_wa", [], calls=7)
    store.batches.end("b", {"total": 3})
    first = store.batches.get("b")
    store.batches.begin(INFO)
    again = store.batches.get("b")
    assert first is not None
    assert again is not None
    assert (again.calls, again.counts, again.created_at) == (7, {"total": 3}, first.created_at)
    assert again.ended_at is None


def test_calls_are_counted_for_a_batch_that_was_never_begun_as_well(store: Store) -> None:
    assert store.batches.calls("b") == 0
    store.checks.put("b", "my_wa", [], calls=2)
    store.checks.put("b", "my_wa", [], calls=5)
    assert store.batches.calls("b") == 5
    store.batches.begin(INFO)
    batch = store.batches.get("b")
    assert batch is not None
    assert (batch.calls, batch.dag_id) == (5, "dag")


def test_outside_of_a_dag_run_a_batch_has_no_task(store: Store) -> None:
    store.batches.begin(BatchInfo(name="b", kind=BatchKind.SEND, conn_id="my_wa"))
    batch = store.batches.get("b")
    assert batch is not None
    assert (batch.kind, batch.dag_id, batch.map_index) == (BatchKind.SEND, None, None)


def test_any_text_is_stored(store: Store) -> None:
    store.batches.begin(BatchInfo(name="b", kind=BatchKind.SEND, conn_id="my_wa", run_id="a\0b\ud800" + "x" * 1000))
    batch = store.batches.get("b")
    assert batch is not None
    assert batch.run_id == ("ab?" + "x" * 1000)[:255]


# Progress.

HALF = BatchProgress(counts={"total": 5, "accepted": 4, "held": 1}, done=5, rows=10, rate=2.0)


def test_a_batch_has_the_progress_of_its_try(store: Store) -> None:
    store.batches.begin(INFO)
    begun = _found(store)
    assert (begun.state, begun.counts, begun.done, begun.seconds_left) == (BatchState.RUNNING, None, None, None)
    store.batches.report("b", HALF)
    batch = _found(store)
    assert (batch.counts, batch.done, batch.rows, batch.rate) == (HALF.counts, 5, 10, 2.0)
    assert batch.seconds_left == 2.5
    assert batch.reported_at is not None
    assert batch.state is BatchState.RUNNING


def test_the_end_of_a_batch_replaces_its_progress(store: Store) -> None:
    store.batches.begin(INFO)
    store.batches.report("b", HALF)
    store.batches.end("b", {"total": 10, "accepted": 10})
    batch = _found(store)
    assert (batch.counts, batch.rows, batch.done) == ({"total": 10, "accepted": 10}, 10, 10)
    assert (batch.state, batch.seconds_left) == (BatchState.ENDED, None)


def test_a_held_batch_goes_on_with_its_next_report(store: Store) -> None:
    until = datetime(2026, 12, 1, 8, tzinfo=timezone.utc)
    store.batches.begin(INFO)
    store.batches.report("b", HALF)
    store.batches.hold("b", until)
    held = _found(store)
    assert (held.state, held.held_until, held.seconds_left, held.done) == (BatchState.HELD, until, None, 5)
    store.batches.report("b", HALF)
    assert _found(store).state is BatchState.RUNNING


def test_a_batch_whose_try_failed_is_stopped_until_the_next_try_begins(store: Store) -> None:
    store.batches.begin(INFO)
    store.batches.report("b", HALF)
    store.batches.stop("b")
    assert _found(store).state is BatchState.STOPPED
    store.batches.begin(INFO)
    again = _found(store)
    assert (again.state, again.stopped_at, again.done) == (BatchState.RUNNING, None, 5)
    store.batches.end("b", {"total": 10})
    store.batches.stop("b")
    assert _found(store).state is BatchState.ENDED


def test_a_batch_of_a_list_of_unknown_length_gets_its_length_at_the_end(store: Store) -> None:
    store.batches.begin(INFO)
    store.batches.report("b", BatchProgress(counts={}, done=3, rate=1.0))
    assert (_found(store).rows, _found(store).seconds_left) == (None, None)
    store.batches.end("b", {"total": 7})
    assert (_found(store).rows, _found(store).done) == (7, 7)


def _found(store: Store) -> Batch:
    batch = store.batches.get("b")
    assert batch is not None
    return batch


# Lists of batches.


def test_batches_are_listed_from_the_newest_in_pages(store: Store) -> None:
    for number in range(7):
        store.batches.begin(replace(INFO, name=f"b{number}"))
    whole = [batch.name for batch in store.batches.newest(100)]
    assert whole == [f"b{number}" for number in range(6, -1, -1)]
    pages: list[str] = []
    last: Batch | None = None
    while page := store.batches.newest(3, before=last):
        pages += [batch.name for batch in page]
        last = page[-1]
    assert pages == whole


@pytest.mark.parametrize(
    ("where", "names"),
    [
        (BatchFilter(), "cba"),
        (BatchFilter(conn_ids=["my_wa"]), "ba"),
        (BatchFilter(conn_ids=["my_wa", "other"]), "cba"),
        (BatchFilter(conn_ids=["my_wa", "other"], kind=BatchKind.CHECK), "ca"),
        (BatchFilter(conn_ids=["my_wa"], run_id="manual__1"), "a"),
        (BatchFilter(conn_ids=[]), ""),
        (BatchFilter(kind=BatchKind.SEND), "b"),
        (BatchFilter(dag_id="dag", run_id="manual__1"), "ca"),
        (BatchFilter(dag_id="dag", run_id="manual__1", task_id="check", map_index=0), "c"),
    ],
)
def test_batches_are_found_by_connection_kind_and_run(store: Store, where: BatchFilter, names: str) -> None:
    store.batches.begin(replace(INFO, name="a"))
    store.batches.begin(replace(INFO, name="b", kind=BatchKind.SEND, run_id="manual__2"))
    store.batches.begin(replace(INFO, name="c", conn_id="other", map_index=0))
    assert "".join(batch.name for batch in store.batches.newest(10, where)) == names
    assert "".join(batch.name for batch in store.batches.newest(2, where)) == names[:2]


def test_names_of_batches_are_known_apart_from_others(store: Store) -> None:
    store.batches.begin(replace(INFO, name="a"))
    assert store.batches.known({"a", "of a notice"}) == {"a"}
    assert store.batches.known(set()) == set()
