# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from helpers.postgres import Postgres
from store.samples import NOW, called_back, came_in, delivered, new, pending

from airflow_provider_wa.api.records import (
    CheckResult,
    CheckStatus,
    DeliveryState,
    DeliveryStatus,
    InboxMessage,
    Record,
    Session,
    SessionState,
)
from airflow_provider_wa.api.webhooks import Event, EventKind, event
from airflow_provider_wa.store.events import PARAMETERS, StoredEvent, Subject
from airflow_provider_wa.store.store import Store

JUNK = "a\0b\ud800c😀" + "x" * 100_000
CLEANED = "ab?c😀" + "x" * 100_000


def references(events: list[StoredEvent]) -> list[str | None]:
    return [stored.reference for stored in events]


def test_an_event_is_kept_whole(store: Store) -> None:
    there = timezone(timedelta(hours=-5))
    record = DeliveryStatus(
        message_id="m1", state=DeliveryState.READ, to="51987654321", detail="seen", read_at=NOW.astimezone(there)
    )
    event = Event(kind=EventKind.DELIVERY, record=record, vendor_kind="ReadReceipt", raw={"a": [1, None, "ñ", 1.5]})
    assert store.events.add([new(event, file="/files/1.png", received_at=NOW.astimezone(there))]) == 1
    [stored] = store.events.get([1])
    assert stored == StoredEvent(
        id=1,
        conn_id="my_wa",
        vendor="wuzapi",
        kind=EventKind.DELIVERY,
        vendor_kind="ReadReceipt",
        reference="m1",
        party="51987654321",
        status="read",
        happened_at=NOW,
        received_at=NOW,
        content=record.to_dict(),
        file="/files/1.png",
        raw={"a": [1, None, "ñ", 1.5]},
    )
    assert isinstance(stored.kind, EventKind)
    assert stored.received_at.tzinfo is not None
    assert stored.happened_at is not None
    assert stored.happened_at.tzinfo is not None


@pytest.mark.parametrize("kind", [EventKind.OTHER, EventKind.SESSION])
def test_an_event_without_a_record_is_kept_raw(store: Store, kind: EventKind) -> None:
    store.events.add([new(Event(kind=kind, raw="text"))])
    [stored] = store.events.get([1])
    assert (stored.kind, stored.raw, stored.content) == (kind, "text", {})
    assert (stored.reference, stored.party, stored.status, stored.happened_at) == (None, None, "", None)


def test_nothing_is_stored_of_nothing(store: Store) -> None:
    assert store.events.add([]) == 0
    assert store.events.last_id() == 0
    assert store.events.get([]) == []
    assert store.events.about([]) == []


def test_an_event_is_stored_once(store: Store) -> None:
    assert store.events.add([delivered("m1"), delivered("m2"), delivered("m1")]) == 2
    assert store.events.add([delivered("m2"), delivered("m3")]) == 1
    assert references(store.events.after(0, 10)) == ["m1", "m2", "m3"]


def test_the_same_event_of_another_connection_is_another(store: Store) -> None:
    assert store.events.add([delivered("m1"), delivered("m1", conn_id="other")]) == 2


def test_the_first_of_two_equal_events_is_kept(store: Store) -> None:
    later = NOW + timedelta(1)
    store.events.add([delivered("m1", sent_at=NOW), delivered("m1", sent_at=later)])
    store.events.add([delivered("m1", sent_at=later)])
    assert [stored.happened_at for stored in store.events.after(0, 10)] == [NOW]


def test_ids_follow_the_order_of_a_list_however_long(store: Store) -> None:
    names = [f"m{number}" for number in range(5000)]
    assert store.events.add([delivered(name) for name in names]) == 5000
    assert references(store.events.after(0, 6000)) == names


def test_the_last_id_is_that_of_the_newest(store: Store) -> None:
    store.events.add([delivered("m1"), delivered("m2")])
    assert store.events.last_id() == store.events.after(0, 10)[-1].id


def test_events_after_one_are_read_oldest_first_and_without_raw(store: Store) -> None:
    store.events.add([delivered(f"m{number}") for number in range(5)])
    first, second = store.events.after(0, 2)
    assert references([first, second]) == ["m0", "m1"]
    assert first.raw is None
    assert references(store.events.after(second.id, 10)) == ["m2", "m3", "m4"]
    assert store.events.after(store.events.last_id(), 10) == []


def test_events_are_read_of_one_connection_and_kind(store: Store) -> None:
    store.events.add(
        [delivered("m1"), came_in("511"), delivered("m2", conn_id="other"), called_back("c1"), delivered("m3")]
    )
    assert references(store.events.after(0, 10, conn_id="my_wa", kind=EventKind.DELIVERY)) == ["m1", "m3"]
    assert references(store.events.after(0, 1, conn_id="other")) == ["m2"]
    assert references(store.events.after(0, 10, kind=EventKind.CHECK)) == ["c1"]


def test_events_are_found_by_what_they_are_about(store: Store) -> None:
    store.events.add(
        [
            delivered("m1", "sent"),
            came_in("511", "one"),
            delivered("m2"),
            called_back("m1"),
            delivered("m1", conn_id="other"),
            came_in("512", "two"),
            delivered("m1", "read"),
        ]
    )
    about = store.events.about([Subject("my_wa", EventKind.DELIVERY, "m1"), Subject("my_wa", EventKind.INBOX, "512")])
    assert [(stored.kind.value, stored.status, stored.party) for stored in about] == [
        ("delivery", "sent", "51987654321"),
        ("inbox", "", "512"),
        ("delivery", "read", "51987654321"),
    ]
    assert {stored.raw for stored in about} == {None}


def test_a_subject_may_be_all_of_a_kind(store: Store) -> None:
    store.events.add([delivered("m1"), came_in("511"), delivered("m2", conn_id="other"), delivered("m3")])
    wide, narrow = Subject("my_wa", EventKind.DELIVERY), Subject("my_wa", EventKind.DELIVERY, "m3")
    assert references(store.events.about([narrow, wide, wide])) == ["m1", "m3"]
    assert references(store.events.about([wide], until_id=store.events.last_id() - 1)) == ["m1"]


def test_many_subjects_may_be_asked_for(store: Store) -> None:
    names = [f"m{number}" for number in range(2 * PARAMETERS + 3)]
    store.events.add([delivered(name) for name in names])
    subjects = [Subject("my_wa", EventKind.DELIVERY, name) for name in names]
    assert references(store.events.about(reversed(subjects))) == names
    assert len(store.events.about(subjects, until_id=10)) == 10
    ids = [stored.id for stored in store.events.after(0, 2000)]
    assert [stored.id for stored in store.events.get(ids[::-1])] == ids[::-1]


def test_events_are_got_by_id_with_raw(store: Store) -> None:
    store.events.add([delivered("m1"), delivered("m2"), delivered("m3")])
    first, _, third = (stored.id for stored in store.events.after(0, 3))
    got = store.events.get([third, 999, first])
    assert [(stored.id, stored.raw) for stored in got] == [(third, {"id": "m3"}), (first, {"id": "m1"})]


@pytest.mark.parametrize("made", [delivered("m1"), came_in("511"), called_back("c1"), came_in("511" * 200)])
def test_an_event_is_about_its_subjects(store: Store, made: Any) -> None:
    store.events.add([made])
    [stored] = store.events.after(0, 1)
    for subject in Subject.all_of(stored):
        assert store.events.about([subject]) == [stored]


def test_old_events_are_removed_and_their_ids_never_given_again(store: Store) -> None:
    old, young = (new(Event(kind=EventKind.OTHER, raw=at.year), received_at=at) for at in (NOW.replace(year=2020), NOW))
    store.events.add([old, young])
    last = store.events.last_id()
    assert store.events.remove_before(NOW) == 1
    assert [stored.received_at for stored in store.events.after(0, 10)] == [NOW]
    assert store.events.remove_before(NOW + timedelta(hours=1)) == 1
    assert store.events.remove_before(NOW + timedelta(hours=1)) == 0
    store.events.add([delivered("m1")])
    assert store.events.last_id() > last


# What no vendor should tell, and some do.


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        (EventKind.CHECK, CheckResult(number=JUNK, status=CheckStatus.EXISTS, jid=JUNK, detail=JUNK, reference=JUNK)),
        (
            EventKind.DELIVERY,
            DeliveryStatus(message_id=JUNK, state=DeliveryState.SENT, to=JUNK, code=JUNK, detail=JUNK),
        ),
        (EventKind.INBOX, InboxMessage(message_id=JUNK, sender=JUNK, text=JUNK)),
        (EventKind.SESSION, Session(state=SessionState.LOGGED_OUT, jid=JUNK, name=JUNK, detail=JUNK)),
        (EventKind.OTHER, None),
    ],
)
def test_any_text_is_stored(store: Store, kind: EventKind, record: Record | None) -> None:
    store.checks.put("batch", "my_wa", [pending(1, JUNK)])
    event = Event(kind=kind, record=record, vendor_kind=JUNK, raw={JUNK: [JUNK]})
    assert store.events.add([new(event)]) == 1
    assert store.events.add([new(event)]) == 0
    [stored] = store.events.get([store.events.last_id()])
    assert stored.raw == {JUNK: [JUNK]}
    assert stored.content == (record.to_dict() if record else {})
    assert stored.vendor_kind == CLEANED[:255]
    assert stored.reference == (CLEANED[:255] if event.reference else None)
    assert stored.party == (CLEANED[:255] if event.party else None)
    about = event.party if kind is EventKind.INBOX else event.reference
    assert len(store.events.about([Subject("my_wa", kind, about or "")])) == 1
    [row] = store.checks.rows("batch")
    answered = ("exists", CLEANED, CLEANED) if kind is EventKind.CHECK else ("pending", None, "")
    assert (row.status, row.jid, row.detail) == answered


def test_numbers_that_json_does_not_have_are_stored_as_texts(store: Store) -> None:
    store.events.add(
        [new(Event(kind=EventKind.OTHER, raw=json.loads('{"a": [NaN, 1e400, -Infinity, 1.5], "b": null}')))]
    )
    assert store.events.get([1])[0].raw == {"a": ["NaN", "Infinity", "-Infinity", 1.5], "b": None}


def test_values_that_are_no_json_are_stored_as_texts(store: Store) -> None:
    store.events.add([new(Event(kind=EventKind.OTHER, raw={"at": NOW, "big": 10**40}))])
    assert store.events.get([1])[0].raw == {"at": str(NOW), "big": 10**40}


def test_a_large_body_is_stored(store: Store) -> None:
    raw = {"base64": "A" * 8_000_000}
    store.events.add([new(Event(kind=EventKind.OTHER, raw=raw))])
    assert store.events.get([1])[0].raw == raw


@pytest.mark.system
def test_a_servers_time_zone_does_not_matter(postgres: Postgres) -> None:
    store = Store(postgres.new_database(timezone="Asia/Kolkata"))
    end = datetime.max.replace(tzinfo=timezone.utc)
    store.events.add([delivered("m1", sent_at=end), delivered("m2", sent_at=NOW)])
    assert [stored.happened_at for stored in store.events.after(0, 10)] == [None, NOW]
    store.close()


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("hours", [-12, 0, 14])
def test_a_moment_at_the_end_of_the_calendar_is_none(store: Store, year: int, hours: int) -> None:
    there = timezone(timedelta(hours=hours))
    moment = (datetime.min if year == 1 else datetime.max).replace(tzinfo=there)
    store.events.add([delivered("m1", sent_at=moment), delivered("m2", sent_at=NOW)])
    assert [stored.happened_at for stored in store.events.after(0, 10)] == [None, NOW]


MINUTE = timedelta(minutes=1)


def session(word: str, state: str, after: timedelta = timedelta(), **told: Any) -> Any:
    record = Session(state=SessionState(state), detail=word, **told)
    event = Event(kind=EventKind.SESSION, record=record, vendor_kind=word, raw={"type": word})
    return new(event, received_at=NOW + after)


def test_a_state_of_the_session_is_stored_each_time_that_it_changes(store: Store) -> None:
    changes = ["Connected", "Disconnected", "Connected", "LoggedOut", "Connected", "LoggedOut"]
    for number, word in enumerate(changes):
        assert store.events.add([session(word, "logged_in", number * timedelta(seconds=1))]) == 1
    assert [stored.vendor_kind for stored in store.events.after(0, 10)] == changes


def test_a_repeated_post_of_a_state_is_one_and_a_state_that_comes_again_later_is_another(store: Store) -> None:
    assert store.events.add([session("LoggedOut", "logged_out")]) == 1
    assert [store.events.add([session("LoggedOut", "logged_out", minutes * MINUTE)]) for minutes in (1, 2, 4, 8)] == [
        *(0, 0, 0, 0)
    ]
    assert store.events.add([session("LoggedOut", "logged_out", 11 * MINUTE)]) == 1


def test_states_in_one_transaction_are_compared_with_each_other(store: Store) -> None:
    words = ["Connected", "Connected", "LoggedOut", "Connected"]
    news = [session(word, "logged_in") for word in words]
    assert store.events.add(news) == 3
    assert store.events.add([session("Connected", "logged_in")]) == 0


def test_a_state_with_a_moment_is_known_by_its_content(store: Store) -> None:
    first = session("authorized", "logged_in", changed_at=NOW)
    assert [store.events.add([first]), store.events.add([first])] == [1, 0]


def test_the_last_session_is_the_newest_by_its_own_moment(store: Store) -> None:
    assert store.events.last_session("my_wa") is None
    store.events.add([session("authorized", "logged_in", 2 * MINUTE, changed_at=NOW + MINUTE)])
    store.events.add([session("notAuthorized", "logged_out", 3 * MINUTE, changed_at=NOW)])
    store.events.add([new(session("blocked", "blocked", 9 * MINUTE).event, "another"), delivered("m1")])
    last = store.events.last_session("my_wa")
    assert last is not None
    assert (last.vendor_kind, last.status) == ("authorized", "logged_in")


def change(kind: str, text: str = "", **fields: Any) -> Any:
    return new(event(InboxMessage(message_id="A1", sender="51987654321", kind=kind, text=text, **fields), raw={}))


def test_what_comes_under_a_messages_id_does_not_take_its_place(store: Store) -> None:
    posts = [change("keys"), change("text", "hello"), change("unreadable"), change("edit", "bye", target_id="A1")]
    assert [store.events.add([post]) for post in posts] == [1, 1, 1, 1]
    assert [store.events.add([post]) for post in posts] == [0, 0, 0, 0]
    assert [stored.kind.value for stored in store.events.after(0, 10)] == ["other", "inbox", "inbox", "other"]


def test_changes_of_messages_are_found_by_the_person(store: Store) -> None:
    store.events.add([change("edit", "bye"), came_in("51987654322")])
    (found,) = store.events.about([Subject("my_wa", EventKind.OTHER, "51987654321")])
    assert (found.message_kind, found.standing.value, found.reference) == ("edit", "change", "A1")
