# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, InboxMessage
from airflow_provider_wa.connections import identities
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.waiting import people
from airflow_provider_wa.waiting.people import all_names, message_status

ANA, LID, LID2, MEXICAN, OTHER = "51987654321", "100000000000001@lid", "2222@lid", "5215512345678", "525512345678"


def test_people_have_all_names_that_the_store_knows_or_learns_from_what_was_read(airflow_store: Store) -> None:
    airflow_store.identities.learn({LID: ANA})
    message = InboxMessage(message_id="m", sender=ANA, lid=LID2)
    assert all_names([ANA], [message]) == {ANA: (ANA, LID, LID2)}
    assert all_names([]) == {}


def test_without_a_store_a_person_has_the_name_given(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Store:
        raise StoreUnavailable("away")

    monkeypatch.setattr(people, "get_store", away)
    monkeypatch.setattr(identities, "get_store", away)
    assert all_names([ANA], [InboxMessage(message_id="m", sender=ANA, lid=LID)]) == {ANA: (ANA,)}


class Vendor:
    """Knows a message in the chat ``known`` only."""

    def __init__(self, known: str) -> None:
        self.known = known
        self.asked: list[str | None] = []

    def message_status(self, message_id: str, *, to: str | None = None) -> Flow[DeliveryStatus]:
        yield from ()
        self.asked.append(to)
        state = DeliveryState.READ if to == self.known else DeliveryState.UNKNOWN
        return DeliveryStatus(message_id=message_id, state=state)


async def run(flow: Flow[DeliveryStatus]) -> DeliveryStatus:
    try:
        next(flow)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]
    raise AssertionError("a request")


@pytest.mark.parametrize(
    ("to", "names", "known", "asked"),
    [
        (ANA, (ANA, LID, LID2), ANA, [ANA]),
        (ANA, (ANA, LID, LID2), LID, [ANA, LID]),
        (ANA, (ANA, LID, LID2), "", [ANA, LID, LID2]),
        (LID, (LID, ANA), ANA, [LID, ANA]),
        (MEXICAN, (MEXICAN, OTHER), "", [MEXICAN]),
        (None, (), "", [None]),
    ],
)
def test_a_status_is_asked_for_by_the_other_names_while_it_is_unknown(
    to: str | None, names: Sequence[str], known: str, asked: list[str | None]
) -> None:
    vendor = Vendor(known)
    status = asyncio.run(message_status(run, vendor, "m", to, names))  # type: ignore[arg-type]
    assert vendor.asked == asked
    assert (status.state is DeliveryState.READ) is bool(known)
