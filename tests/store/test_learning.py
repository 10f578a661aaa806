# SPDX-License-Identifier: Apache-2.0
"""What events and checks teach about LIDs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from store.samples import checked, delivered, new

from airflow_provider_wa.api.records import CheckResult, CheckStatus, DeliveryState, DeliveryStatus, InboxMessage
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store

ANA, LID = "51987654321", "100000000000001@lid"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store(store_url, ["STOP"])
    yield store
    store.close()


def said(message_id: str, sender: str, **fields: Any) -> NewEvent:
    record = InboxMessage(message_id=message_id, sender=sender, **{"text": "hello", **fields})
    return new(Event(kind=EventKind.INBOX, record=record, vendor_kind="Message"))


def answered(status: CheckStatus = CheckStatus.EXISTS) -> NewEvent:
    record = CheckResult(number=ANA, status=status, jid=LID, reference="r")
    return new(Event(kind=EventKind.CHECK, record=record))


@pytest.mark.parametrize(
    "event",
    [
        said("m", ANA, lid=LID),
        said("m", ANA, lid=LID, participant=ANA, chat="1203@g.us"),
        said("m", "1203@g.us", lid=LID, participant=ANA),
        delivered("m", lid=LID),
        answered(),
    ],
)
def test_an_event_with_both_is_learnt_from(store: Store, event: NewEvent) -> None:
    store.events.add([event])
    assert store.identities.names([LID]) == {LID: (LID, ANA)}


@pytest.mark.parametrize(
    "event",
    [
        said("m", ANA),
        said("m", LID, lid=LID),
        said("m", "1203@g.us", lid=LID),
        said("m", ANA, lid=LID, participant=LID),
        answered(CheckStatus.ABSENT),
        new(Event(kind=EventKind.OTHER, raw={"lid": LID, "number": ANA})),
    ],
)
def test_an_event_without_both_teaches_nothing(store: Store, event: NewEvent) -> None:
    store.events.add([event])
    assert store.identities.names([LID, ANA]) == {LID: (LID,), ANA: (ANA,)}


def test_a_check_whose_address_is_a_lid_is_learnt_from(store: Store) -> None:
    rows = [
        checked(1, number=f"+{ANA}", jid=LID),
        checked(2, "absent", number="+51987654322", jid="2222@lid"),
        checked(3, number="+51987654323", jid="51987654323@s.whatsapp.net"),
    ]
    store.checks.put("b", "my_wa", rows)
    assert store.identities.names([LID, "2222@lid"]) == {LID: (LID, ANA), "2222@lid": ("2222@lid",)}


def test_a_message_from_a_lid_is_that_of_the_number(store: Store) -> None:
    store.identities.learn({LID: ANA})
    store.events.add([said("m", LID, lid=LID, participant=LID, text="STOP")])
    (event,) = store.events.after(0, 9)
    content = event.content
    assert (event.party, content["sender"], content["participant"], content["lid"]) == (ANA, ANA, ANA, LID)
    assert [found.recipient for found in store.suppressions.all()] == [ANA]


def test_both_in_one_post_are_one_person(store: Store) -> None:
    store.events.add([said("m1", LID, lid=LID), said("m2", ANA, lid=LID)])
    assert [event.party for event in store.events.after(0, 9)] == [ANA, ANA]


def test_a_message_that_is_posted_again_after_the_number_was_learnt_is_the_same(store: Store) -> None:
    message = said("m", LID, lid=LID)
    assert store.events.add([message]) == 1
    store.identities.learn({LID: ANA})
    assert store.events.add([message]) == 0


def test_events_under_a_lid_get_the_number_when_it_is_learnt(store: Store) -> None:
    store.events.add([said("m1", LID, lid=LID, text="STOP"), said("m2", "2222@lid"), said("m3", "51900000000")])
    assert store.suppressions.among([ANA]) == set()
    store.checks.put("b", "my_wa", [checked(1, number=f"+{ANA}", jid=LID)])
    assert [event.party for event in store.events.after(0, 9)] == [ANA, "2222@lid", "51900000000"]
    assert store.suppressions.among([ANA]) == {ANA}


def test_a_reader_of_an_older_event_sees_the_number(store: Store) -> None:
    store.events.add(
        [
            said("m1", LID, lid=LID, participant=LID, chat="1203@g.us"),
            said("m2", "2222@lid", lid="2222@lid"),
            new(
                Event(kind=EventKind.DELIVERY, record=DeliveryStatus(message_id="m", state=DeliveryState.READ, to=LID))
            ),
        ]
    )
    store.identities.learn({LID: ANA})
    for first, second, receipt in (store.events.after(0, 9), store.events.get([1, 2, 3])):
        names = [first.content[name] for name in ("sender", "participant", "lid", "chat")]
        assert names == [ANA, ANA, LID, "1203@g.us"]
        assert second.content["sender"] == "2222@lid"
        assert receipt.content["to"] == ANA


def test_a_receipt_under_a_known_lid_is_that_of_the_number(store: Store) -> None:
    store.identities.learn({LID: ANA})
    store.events.add([delivered("m", to=LID)])
    (event,) = store.events.after(0, 9)
    assert (event.party, event.content["to"]) == (ANA, ANA)


def test_a_members_receipt_in_a_group_is_learnt_from(store: Store) -> None:
    store.events.add([delivered("m", to="1203@g.us", lid=LID, participant=ANA)])
    assert store.identities.names([LID]) == {LID: (LID, ANA)}
    assert [event.party for event in store.events.after(0, 9)] == ["1203@g.us"]


@pytest.mark.parametrize("pulled", [False, True])
def test_a_stop_from_a_lid_suppresses_the_number_once_it_is_known(store: Store, pulled: bool) -> None:
    if pulled:
        store.suppressions.put({LID: "wrote STOP"})
    else:
        store.events.add([said("m", LID, lid=LID, text="STOP")])
    assert store.suppressions.among([ANA]) == set()
    store.events.add([delivered("other", to=ANA, lid=LID)])
    assert store.suppressions.among([ANA, LID]) == {ANA, LID}
