# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from store.samples import came_in, delivered

from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store import conversations
from airflow_provider_wa.store.conversations import Place, Said
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_intents import Intend
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.store.store import Store

ANA, OTHER = "51987654321", "51987654322"
MEXICAN, OTHER_FORM = "525512345678", "5215512345678"
START = datetime.now(timezone.utc)


def send(store: Store, to: str, said: str, *, conn_id: str = "my_wa", key: str | None = None) -> str:
    key = key or f"{to}-{said}"
    row = SendRow(key=key, row=1, given=f"+{to}", recipient=to, state=SendState.INTENDED)
    intend = Intend(batch="b", conn_id=conn_id, row=row, content={"type": "text", "body": said})
    assert store.sends.change([intend, Settle(key=key, state=SendState.ACCEPTED, message_id=f"m-{key}")]) == [
        None,
        True,
    ]
    return key


def heard(sender: str, said: str, at: datetime | None = None, conn_id: str = "my_wa") -> NewEvent:
    record = InboxMessage(message_id=f"{sender}-{said}", sender=sender, text=said, kind="text", received_at=at)
    return NewEvent(conn_id=conn_id, vendor="v", event=Event(kind=EventKind.INBOX, record=record, vendor_kind="M"))


def texts(found: list[Said]) -> list[str]:
    return [f"{'>' if said.outgoing else '<'}{said.text}" for said in found]


def test_what_was_written_and_what_came_in_stand_in_one_conversation_the_newest_first(store: Store) -> None:
    send(store, ANA, "one")
    store.events.add([heard(ANA, "two")])
    send(store, ANA, "three")
    send(store, OTHER, "not hers")
    found = store.conversations.of(ANA, 10)
    assert texts(found) == [">three", "<two", ">one"]
    assert [(said.kind, said.conn_id, said.status) for said in found] == [
        ("text", "my_wa", "accepted"), ("text", "my_wa", ""), ("text", "my_wa", "accepted"),
    ]  # fmt: skip
    assert found[0].batch == "b"
    assert found[0].message_id == f"m-{ANA}-three"


def test_pages_have_each_message_once_also_those_of_one_moment(store: Store) -> None:
    at = START + timedelta(minutes=1)
    store.events.add([heard(ANA, f"in {i}", at) for i in range(4)])
    for i in range(4):
        send(store, ANA, f"out {i}")
    with store.database.writing() as connection:
        connection.execute(text("UPDATE wa_sends SET intended_at = (SELECT max(happened_at) FROM wa_events)"))
    whole = texts(store.conversations.of(ANA, 100))
    assert len(set(whole)) == 8
    pages: list[str] = []
    place: Place | None = None
    while page := store.conversations.of(ANA, 3, before=place):
        pages += texts(page)
        place = Place.of(page[-1])
    assert pages == whole


def test_all_names_of_a_person_have_one_conversation(store: Store) -> None:
    store.identities.learn({"100200300400500@lid": MEXICAN})
    send(store, MEXICAN, "one")
    send(store, OTHER_FORM, "two")
    store.events.add([heard("100200300400500@lid", "three"), heard(OTHER_FORM, "four")])
    for name in (MEXICAN, OTHER_FORM, "100200300400500@lid"):
        assert sorted(texts(store.conversations.of(name, 10))) == ["<four", "<three", ">one", ">two"]


def test_a_send_shows_the_furthest_stage_of_its_delivery(store: Store) -> None:
    first, second, third = (send(store, ANA, said) for said in ("one", "two", "three"))
    store.events.add([delivered(f"m-{first}", "read"), delivered(f"m-{first}", "delivered")])
    store.events.add([delivered(f"m-{second}", "sent"), delivered(f"m-{second}", "failed")])
    store.events.add([delivered(f"m-{third}", "read", conn_id="another")])
    assert [said.status for said in store.conversations.of(ANA, 10)] == ["accepted", "failed", "read"]


def test_only_the_connections_that_are_asked_for_are_read(store: Store) -> None:
    send(store, ANA, "one")
    send(store, ANA, "secret", conn_id="another")
    store.events.add([heard(ANA, "two"), heard(OTHER, "secret", conn_id="another"), heard(ANA, "x", conn_id="another")])
    assert texts(store.conversations.of(ANA, 10, conn_ids=["my_wa"])) == ["<two", ">one"]
    assert texts(store.conversations.people(10, conn_ids=["my_wa"]).newest) == ["<two"]
    assert store.conversations.of(ANA, 10, conn_ids=[]) == []
    assert store.conversations.people(10, conn_ids=[]) == conversations.People([], None)


def test_each_person_who_wrote_is_listed_once_with_the_newest_message(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "LOOKED_AT", 3)
    people = [f"5198765{i:04d}" for i in range(10)]
    store.events.add([came_in(person, f"first of {person}") for person in people])
    store.events.add([came_in(person, f"then {person}") for person in people[:5]])
    store.events.add([delivered("m1"), came_in(people[0], "the last")])
    wanted = ["<the last", *(f"<then {p}" for p in people[4:0:-1]), *(f"<first of {p}" for p in people[:4:-1])]
    assert texts(store.conversations.people(100).newest) == wanted
    pages: list[str] = []
    before: int | None = None
    while not pages or before is not None:
        page = store.conversations.people(4, before=before)
        pages += texts(page.newest)
        before = page.next
    assert pages == wanted


def test_a_page_of_people_ends_where_one_of_them_wrote_very_much_and_the_next_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "LOOKED_AT", 2)
    monkeypatch.setattr(conversations, "MOST_LOOKED_AT", 4)
    store.events.add([came_in(OTHER, "first"), *(came_in(ANA, f"{i}") for i in range(9))])
    pages: list[list[str]] = []
    before: int | None = None
    while not pages or before is not None:
        page = store.conversations.people(5, before=before)
        pages.append(texts(page.newest))
        before = page.next
    assert pages == [["<8"], [], ["<first"]]


def test_without_its_text_a_send_still_stands_in_the_conversation(store: Store) -> None:
    key = send(store, ANA, "one")
    assert store.sends.contents([key]) == {key: {"type": "text", "body": "one"}}
    assert store.sends.forget_contents(recipients=[ANA]) == 1
    assert store.sends.contents([key]) == {}
    (said,) = store.conversations.of(ANA, 10)
    assert (said.text, said.kind, said.status) == ("", "", "accepted")


def test_texts_before_a_moment_are_forgotten_and_later_ones_stay(store: Store) -> None:
    first = send(store, ANA, "one")
    (intended,) = (row.intended_at for row in store.sends.rows("b"))
    assert intended is not None
    second = send(store, OTHER, "two")
    assert store.sends.forget_contents(before=intended + timedelta(microseconds=1)) == 1
    assert list(store.sends.contents([first, second])) == [second]
    assert store.sends.forget_contents() == 0
    assert store.sends.known([first])[first].state is SendState.ACCEPTED
