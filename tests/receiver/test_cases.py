# SPDX-License-Identifier: Apache-2.0
"""Real payloads of vendors, each posted to the receiver: what is stored, who answered, who is suppressed.

A case has the ``posts`` and what to ``want``: the stored event's ``kind`` and ``status``, ``sender`` or ``party`` and
``text``; whether a reply sensor takes it as that person's answer (``reply``); whether its sender is suppressed by the
word STOP (``optout``); whether a place is known (``coords``); and what must not be stored (``nosecret``).
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from receiver.kit import SECRET, Kit

from airflow_provider_wa.api.webhooks import EventKind, PostsEvents
from airflow_provider_wa.receiver.sources import WebhookConnection
from airflow_provider_wa.store.events import StoredEvent, Subject
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.wa_portal.client import WaPortal
from airflow_provider_wa.vendors.wuzapi.client import WuzApi
from airflow_provider_wa.waiting.reply_search import ReplySearch

CASES = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "cases").glob("*.json"))}
ANA = "51987654321"
IDENTITY = {"g-lid", "w-text-lid-only"}
"""Cases that name the sender by a LID alone: whose number it is, only the store's identities can know."""

VENDORS: dict[str, PostsEvents] = {
    "wuzapi": WuzApi(base_url="https://wuz.test", token="token-a3f9"),
    "green_api": GreenApi(base_url="https://green.test", instance_id="1101000001", token="token-51aa"),
    "wa_portal": WaPortal(base_url="https://portal.test", token="5f00000000000000000000f3"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/wa.db", ["STOP"])
    yield store
    store.close()


def take(kit: Kit, vendor: str, posts: Sequence[Any], form: bool = False) -> list[StoredEvent]:
    """Post these to the receiver, one after the other, and return what is stored then."""
    kit.connections["wa"] = WebhookConnection("wa", VENDORS[vendor], SECRET)

    async def all_of() -> None:
        for post in posts:
            body = {"data": {"jsonData": json.dumps(post)}} if form else {"json": post}
            answer = await kit.post(f"/hooks/wa/{SECRET}", **body)
            assert answer.status_code == 200

    asyncio.run(all_of())
    return kit.stored()


def reply_of(store: Store, person: str) -> StoredEvent | None:
    """The message that a reply sensor with its default arguments takes as this person's answer."""
    events = store.events.about([Subject("wa", EventKind.INBOX, person)])
    return ReplySearch([person], after=0, pattern=None).first_stored(events)


ORDERED = [
    pytest.param(case, order, id=f"{name} {number}" if number else name)
    for name, case in CASES.items()
    for number, order in enumerate(itertools.permutations(case["posts"]))
]


@pytest.mark.parametrize(("case", "posts"), ORDERED)
def test_a_real_payload_is_what_it_is(case: dict[str, Any], posts: Sequence[Any], kit: Kit, store: Store) -> None:
    want = case["want"]
    if case["id"] in IDENTITY:
        store.identities.learn({"100000000000001@lid": ANA})
    stored = take(kit, case["vendor"], posts, case["form"])
    (event,) = [event for event in stored if event.kind.value == want["kind"]]
    found = {
        "kind": event.kind.value,
        "status": event.status,
        "sender": event.content.get("sender"),
        "party": event.party,
        "text": event.content.get("text"),
        "reply": reply_of(store, ANA) is not None,
        "optout": bool(store.suppressions.among([ANA, str(event.party)])),
        "coords": None not in (event.content.get("latitude"), event.content.get("longitude")),
        "nosecret": want.get("nosecret"),
    }
    assert {name: found[name] for name in want} == want
    if "nosecret" in want:
        assert want["nosecret"] not in json.dumps([event.content for event in stored])
        assert want["nosecret"] not in json.dumps(
            [each.raw for each in store.events.get([event.id for event in stored])]
        )


@pytest.mark.parametrize("name", sorted(IDENTITY))
def test_a_lid_alone_is_the_sender_until_its_number_is_known(name: str, kit: Kit, store: Store) -> None:
    case = CASES[name]
    (event,) = take(kit, case["vendor"], case["posts"])
    assert (event.kind, event.content["text"]) == (EventKind.INBOX, case["want"]["text"])
    assert event.party == event.content["sender"] == event.content["lid"] == "100000000000001@lid"
    assert (reply_of(store, ANA), store.suppressions.among([ANA])) == (None, set())
    store.identities.learn({"100000000000001@lid": ANA})
    found = reply_of(store, ANA)
    assert found is not None
    assert (found.id, found.party) == (event.id, ANA)
    assert store.suppressions.among([ANA]) == {ANA}
