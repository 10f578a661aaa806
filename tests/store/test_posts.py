# SPDX-License-Identifier: Apache-2.0
"""Events of one post share its JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from store.samples import NOW, delivered, new

from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, InboxMessage
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.store.tables import NAME, events, posts


def receipt(*ids: str, received_at: Any = NOW, **more: str) -> list[NewEvent]:
    """The events of a post that names these messages."""
    raw = {"type": "ReadReceipt", "MessageIDs": list(ids), **more}
    statuses = (DeliveryStatus(message_id=id_, state=DeliveryState.READ, to="51987654321", **more) for id_ in ids)
    found = [Event(kind=EventKind.DELIVERY, record=status, vendor_kind="ReadReceipt", raw=raw) for status in statuses]
    return [new(each, received_at=received_at) for each in found]


def count(store: Store, table: Any) -> int:
    with store.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def raws(store: Store) -> list[Any]:
    return [event.raw for event in store.events.get([event.id for event in store.events.after(0, 100)])]


def test_the_json_is_stored_once_and_read_with_each_event(store: Store) -> None:
    store.events.add(receipt("a", "b", "c"))
    assert count(store, posts) == 1
    assert raws(store) == [{"type": "ReadReceipt", "MessageIDs": ["a", "b", "c"]}] * 3


def test_the_store_grows_with_the_post_and_not_with_its_square(store: Store) -> None:
    """Twice the ids in a post twice as long: before, four times the bytes."""
    sizes = []
    for number in (500, 1000):
        store.events.add(receipt(*(f"{number}-{each:08}" for each in range(number)), detail="d" * number * 10))
        sizes.append(stored_bytes(store) - sum(sizes))
    assert sizes[1] / sizes[0] < 2.5


def test_what_repeats_in_each_event_is_cut(store: Store) -> None:
    store.events.add(receipt("a", "b", detail="d" * 10_000))
    assert [len(event.content["detail"]) for event in store.events.after(0, 10)] == [NAME, NAME]
    assert {len(raw["detail"]) for raw in raws(store)} == {10_000}


def test_what_people_wrote_stays_whole(store: Store) -> None:
    raw, words = {"messages": 2}, "w" * 10_000
    written = (InboxMessage(message_id=id_, sender="51987654321", text=words) for id_ in "ab")
    found = [Event(kind=EventKind.INBOX, record=each, vendor_kind="messages", raw=raw) for each in written]
    store.events.add([new(each) for each in found])
    assert count(store, posts) == 1
    assert [event.content["text"] for event in store.events.after(0, 10)] == [words, words]


def test_a_single_event_keeps_its_own(store: Store) -> None:
    store.events.add([*receipt("a"), *receipt("b"), delivered("m1"), delivered("m2")])
    assert count(store, posts) == 0
    assert raws(store)[0] == {"type": "ReadReceipt", "MessageIDs": ["a"]}


def test_a_repeated_post_is_not_stored_again(store: Store) -> None:
    store.events.add(receipt("a", "b"))
    assert store.events.add(receipt("a", "b")) == 0
    assert count(store, posts) == 1


def test_a_post_with_news_among_what_is_known_is_stored(store: Store) -> None:
    store.events.add(receipt("a", "b"))
    assert store.events.add(receipt("a", "c")) == 1
    assert [raw["MessageIDs"] for raw in raws(store)] == [["a", "b"], ["a", "b"], ["a", "c"]]


@pytest.mark.parametrize(("kept", "left"), [(timedelta(0), 1), (timedelta(seconds=1), 0)])
def test_a_post_goes_with_its_last_event(store: Store, kept: timedelta, left: int) -> None:
    store.events.add(receipt("a", "b"))
    store.events.remove_before(NOW + kept)
    assert (count(store, posts), count(store, events)) == (left, 2 * left)


def test_a_post_of_which_one_event_is_left_stays(store: Store) -> None:
    store.events.add(receipt("a", "b"))
    with store.database.writing() as connection:
        connection.execute(events.update().where(events.c.reference == "b").values(received_at=NOW + timedelta(1)))
    store.events.remove_before(NOW + timedelta(hours=1))
    assert raws(store) == [{"type": "ReadReceipt", "MessageIDs": ["a", "b"]}]


def stored_bytes(store: Store) -> int:
    """The bytes of all JSON in the store."""
    with store.database.reading() as connection:
        values = connection.execute(select(events.c.content, events.c.raw)).all()
        shared = connection.execute(select(posts.c.raw)).all()
    return sum(len(json.dumps(value)) for row in (*values, *shared) for value in row)
