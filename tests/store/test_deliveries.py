# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import insert
from store.samples import came_in, delivered

from airflow_provider_wa.store import deliveries
from airflow_provider_wa.store.batch_rows import STAGES
from airflow_provider_wa.store.batches import BatchInfo, BatchKind
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_intents import Intend
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.store.tables import tallies

ANA, EVA, MEXICAN, OTHER_FORM = "51987654321", "51987654322", "525512345678", "5215512345678"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store(store_url, ["STOP"])
    yield store
    store.close()


def send(store: Store, to: str, *, batch: str = "b", row: int = 1, conn_id: str = "my_wa", named: bool = True) -> None:
    key = f"{batch}-{to}"
    intent = SendRow(key=key, row=row, given=to, recipient=to, state=SendState.INTENDED)
    store.sends.change([Intend(batch=batch, conn_id=conn_id, row=intent)])
    if named:
        accept(store, key)


def accept(store: Store, key: str) -> None:
    store.sends.change([Settle(key=key, state=SendState.ACCEPTED, message_id=f"m-{key}")])


def totals(store: Store, batch: str = "b") -> dict[str, int]:
    while not store.deliveries.follow().complete:
        pass
    return dict(store.deliveries.totals(batch))


def test_a_message_that_was_read_was_delivered_too_and_each_counts_once(store: Store) -> None:
    send(store, ANA)
    send(store, EVA, row=2)
    store.events.add([delivered(f"m-b-{ANA}", "read"), delivered(f"m-b-{EVA}"), delivered(f"m-b-{EVA}", "sent")])
    assert totals(store) == {"delivered": 2, "read": 1}
    store.events.add(
        [delivered(f"m-b-{ANA}"), delivered(f"m-b-{EVA}", "read"), delivered(f"m-b-{EVA}", detail="again")]
    )
    assert totals(store) == {"delivered": 2, "read": 2}


def test_a_message_that_failed_later_is_not_delivered_and_one_that_was_delivered_did_not_fail(store: Store) -> None:
    send(store, ANA)
    send(store, EVA, row=2)
    store.events.add([delivered(f"m-b-{ANA}", "failed"), delivered(f"m-b-{ANA}"), delivered(f"m-b-{EVA}")])
    store.events.add([delivered(f"m-b-{EVA}", "failed")])
    assert totals(store) == {"failed": 1, "delivered": 1}


def test_receipts_count_for_their_own_connection(store: Store) -> None:
    send(store, ANA)
    store.events.add([delivered(f"m-b-{ANA}", conn_id="other_wa"), delivered("nobody's")])
    assert totals(store) == {}


def test_a_receipt_that_comes_before_the_reply_to_its_send_counts_later(store: Store) -> None:
    send(store, ANA, named=False)
    store.events.add([delivered(f"m-b-{ANA}")])
    assert totals(store) == {}
    accept(store, f"b-{ANA}")
    assert totals(store) == {"delivered": 1}


def test_an_answer_counts_once_for_the_last_message_to_the_person_under_any_name(store: Store) -> None:
    send(store, MEXICAN, batch="before")
    send(store, MEXICAN)
    store.events.add([came_in(OTHER_FORM, "yes"), came_in(MEXICAN, "and more"), came_in(EVA, "who is this?")])
    assert totals(store) == {"answered": 1}
    assert totals(store, "before") == {}


def test_who_opts_out_has_answered_and_counts_once(store: Store) -> None:
    send(store, ANA)
    store.events.add([came_in(ANA, "who is this?")])
    store.events.add([came_in(ANA, "Stop!"), came_in(ANA, "STOP")])
    assert totals(store) == {"answered": 1, "opted_out": 1}


def test_what_came_over_another_connection_or_before_the_message_is_no_answer(store: Store) -> None:
    store.events.add([came_in(ANA, "early")])
    send(store, ANA)
    store.events.add([came_in(ANA, "elsewhere", conn_id="other_wa")])
    assert totals(store) == {}


def test_events_are_followed_in_parts_and_none_twice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "_NEXT", deliveries._NEXT.limit(7))
    monkeypatch.setattr(deliveries, "EVENTS_AT_ONCE", 7)
    people = [f"5198765{place:04}" for place in range(30)]
    for row, to in enumerate(people, 1):
        send(store, to, row=row)
    store.events.add([delivered(f"m-b-{to}", state) for to in people for state in ("delivered", "read")])
    assert not store.deliveries.follow().complete
    assert totals(store) == {"delivered": 30, "read": 30}
    assert totals(store) == {"delivered": 30, "read": 30}


def test_counts_over_time_stand_at_the_moments_of_the_events(store: Store) -> None:
    send(store, ANA)
    at = datetime(2026, 3, 1, 9, 4, tzinfo=timezone.utc)
    store.events.add([delivered(f"m-b-{ANA}", delivered_at=at, sent_at=at)])
    store.events.add([delivered(f"m-b-{ANA}", "read", read_at=at + timedelta(hours=1), sent_at=at)])
    totals(store)
    found = store.deliveries.over_time("b")
    assert sum(sum(counts.values()) for _, counts in found.buckets) == 2
    assert found.buckets[0][0] == at.replace(minute=0)


@pytest.mark.parametrize(
    ("distances", "step"), [([3, 40], 1), ([-20, 3], 1), ([3, 3000], 10), ([3, 90_000], 600), ([90_000, 90_007], 600)]
)
def test_the_counts_of_a_short_campaign_stand_at_finer_steps(store: Store, distances: list[int], step: int) -> None:
    store.batches.begin(BatchInfo(name="b", kind=BatchKind.SEND, conn_id="my_wa"))
    began = store.batches.newest(1)[0].created_at
    for row, (to, distance) in enumerate(zip((ANA, EVA), distances, strict=True), 1):
        send(store, to, row=row)
        at = began + timedelta(seconds=distance)
        store.events.add([delivered(f"m-b-{to}", delivered_at=at, sent_at=at)])
    assert totals(store) == {"delivered": 2}
    found = store.deliveries.over_time("b")
    assert found.step == timedelta(seconds=step)
    assert [sum(counts.values()) for _, counts in found.buckets] in ([1, 1], [2])
    assert found.buckets[-1][0] <= began + timedelta(seconds=max(distances)) < found.buckets[-1][0] + found.step


def test_counts_of_the_release_before_are_shown_with_the_new_ones_in_the_steps_that_they_have(store: Store) -> None:
    store.batches.begin(BatchInfo(name="b", kind=BatchKind.SEND, conn_id="my_wa"))
    with store.database.writing() as connection:
        connection.execute(
            insert(tallies), {"batch": "b", "step": 600, "name": "read", "bucket": 3_000_000, "count": 7}
        )
    send(store, ANA)
    store.events.add([delivered(f"m-b-{ANA}")])
    assert totals(store) == {"read": 7, "delivered": 1}
    assert store.deliveries.over_time("b").step == timedelta(minutes=10)


def test_rows_are_found_by_how_far_their_messages_got(store: Store) -> None:
    people = [f"5198765{place:04}" for place in range(6)]
    for row, to in enumerate(people, 1):
        send(store, to, row=row)
    store.events.add([delivered(f"m-b-{to}", "read") for to in people[:2]])
    store.events.add([delivered(f"m-b-{people[2]}"), delivered(f"m-b-{people[3]}", "failed")])
    store.events.add([came_in(people[0], "yes"), came_in(people[1], "STOP")])
    totals(store)

    def rows(status: str) -> list[int]:
        return [row.row for row in store.batch_rows.page("b", BatchKind.SEND, 10, status=status).rows]

    assert {name: rows(name) for name in STAGES} == {
        "delivered": [1, 2, 3], "read": [1, 2], "failed_later": [4], "answered": [1, 2], "opted_out": [2],
    }  # fmt: skip
    assert [(row.stage, row.answer) for row in store.batch_rows.page("b", BatchKind.SEND, 2).rows] == [
        ("read", "answered"),
        ("read", "opted_out"),
    ]
