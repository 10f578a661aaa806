# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib

import pytest

from airflow_provider_wa.sandbox.ledger import Ledger, Message


def message(to: str = "51987654321", sent_at: float | None = 100.0, media: bytes | None = None) -> Message:
    return Message("wuzapi", to, "text", "A1", {"text": "hello"}, 100.0, media, sent_at=sent_at)


@pytest.mark.parametrize(
    ("to", "seconds", "status"),
    [
        ("51987654321", 0, "sent"),
        ("51987654321", 9.9, "sent"),
        ("51987654321", 10, "delivered"),
        ("51987654321", 1000, "delivered"),
        ("51987654305", 19.9, "delivered"),
        ("51987654305", 20, "read"),
        ("51987654306", 1000, "sent"),
    ],
)
def test_a_message_is_delivered_and_read_as_time_passes(to: str, seconds: float, status: str) -> None:
    assert message(to).status(100.0 + seconds, 10.0) == status


def test_a_queued_message_starts_when_it_is_released() -> None:
    ledger = Ledger()
    queued = ledger.record(message(sent_at=None))
    assert queued.status(1000.0, 10.0) == "queued"
    ledger.release("wa_portal", 1000.0)
    assert queued.status(1000.0, 10.0) == "queued"
    ledger.release("wuzapi", 1000.0)
    assert queued.status(1005.0, 10.0) == "sent"
    assert queued.status(1010.0, 10.0) == "delivered"


def test_the_same_id_is_the_same_message_repeated() -> None:
    ledger = Ledger()
    for _ in range(3):
        ledger.record(message())
    (entry,) = ledger.as_json(100.0, 10.0)["messages"]
    assert entry == {
        "vendor": "wuzapi",
        "to": "51987654321",
        "type": "text",
        "message_id": "A1",
        "text": "hello",
        "repeats": 2,
        "status": "sent",
        "at": 100.0,
    }


def test_media_are_shown_as_size_and_hash() -> None:
    entry = message(media=b"picture").as_json(100.0, 10.0)
    assert entry["bytes"] == 7
    assert entry["sha256"] == hashlib.sha256(b"picture").hexdigest()


def test_one_vendors_part() -> None:
    ledger = Ledger()
    ledger.record(message())
    ledger.requests.update(["wuzapi", "checkwa"])
    part = ledger.as_json(100.0, 10.0, "checkwa")
    assert part == {"messages": [], "checks": [], "callbacks": [], "requests": {"checkwa": 1}}
