# SPDX-License-Identifier: Apache-2.0
"""Posts that stand for many events."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from receiver.kit import SECRET, Kit

from airflow_provider_wa.api.webhooks import MOST_EVENTS, Event, EventKind, Post
from airflow_provider_wa.receiver.sources import WebhookConnection
from airflow_provider_wa.vendors.wuzapi.client import WuzApi
from airflow_provider_wa.vendors.wuzapi.events import events

WUZAPI = WebhookConnection("wz", WuzApi(base_url="https://wuz.test", token="token-a3f9"), SECRET)
HOOK = f"/hooks/wz/{SECRET}"


@pytest.fixture
def kit(kit: Kit) -> Kit:
    kit.connections["wz"] = WUZAPI
    return kit


def receipt(count: int, **more: Any) -> dict[str, Any]:
    source = {"Chat": "51987654321@s.whatsapp.net", "Sender": "51987654321@s.whatsapp.net"}
    ids = [f"{number:08X}" for number in range(count)]
    return {"type": "ReadReceipt", "state": "Read", "event": {**source, "MessageIDs": ids, **more}}


async def test_a_receipt_of_thousands_is_stored_with_its_json_once(kit: Kit) -> None:
    body = receipt(4000)
    reply = await kit.post(HOOK, json=body)
    assert (reply.status_code, reply.json()) == (200, {"events": 4000})
    assert len(kit.stored()) == 4000
    path = kit.store.database.url.database
    with kit.store.database.reading() as connection:
        pages, size = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
        )
    assert pages * size < 100 * len(json.dumps(body)), path


@pytest.mark.parametrize("name", ["Sender", "Chat", "SenderAlt"])
def test_memory_does_not_grow_with_what_its_events_share(name: str) -> None:
    """A sender of ten times the length: before, ten times the memory and the hashing."""
    peaks = []
    for length in (10_000, 100_000):
        post = Post(data=receipt(500, **{name: f"{'x' * length}@g.us"}))
        tracemalloc.start()
        keys = {event.key for event in events(post)}
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(keys) == 500
    assert peaks[1] / peaks[0] < 2


async def test_one_of_too_many_is_kept_as_it_came_and_the_log_says_so(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    body = receipt(MOST_EVENTS + 1)
    assert (await kit.post(HOOK, json=body)).json() == {"events": 1}
    [stored] = kit.store.events.get([kit.stored()[0].id])
    assert (stored.kind, stored.vendor_kind, stored.raw) == (EventKind.OTHER, "ReadReceipt", body)
    assert "names 5,001 messages, more than 5,000" in caplog.text


async def test_a_vendor_that_makes_too_many_events_is_refused(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    too_many = [Event(kind=EventKind.OTHER, raw={"n": number}) for number in range(MOST_EVENTS + 1)]
    monkeypatch.setattr(WuzApi, "events", lambda self, post: too_many)
    reply = await kit.post(HOOK, json={"type": "x"})
    assert (reply.status_code, kit.stored()) == (413, [])
    assert reply.json() == {"error": "body: too many events; expected at most 5,000"}
