# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timezone

from airflow_provider_wa.store.batches import BatchInfo, BatchKind
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
