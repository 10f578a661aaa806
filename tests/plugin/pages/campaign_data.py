# SPDX-License-Identifier: Apache-2.0
"""A campaign in the store, as a run leaves it: a check, a send, receipts, answers, and somebody who opted out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from airflow_provider_wa.api.records import CheckStatus, DeliveryState, DeliveryStatus, InboxMessage
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store.batches import BatchInfo, BatchKind, BatchProgress
from airflow_provider_wa.store.checks import CheckRow
from airflow_provider_wa.store.events import NewEvent
from airflow_provider_wa.store.send_changes import Note, Settle
from airflow_provider_wa.store.send_intents import Intend
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import Change, SendRow
from airflow_provider_wa.store.store import Store

CONN_ID, OTHER_CONN_ID = "wuzapi_main", "green_api_main"
DAG, RUN = "spring_campaign", "manual__2026-03-01T09:00:00+00:00"
CHECK, SEND, RUNNING = "check-0001", "send-0001", "send-0002"
PEOPLE = 120
HOSTILE = "<script>document.title='stolen'</script>"
HOSTILE_NAME = 'Ana "Quote" O\'Neill <b>'


def number(place: int) -> str:
    """The number of the person in a row."""
    return f"519{place:08}"


def fill(store: Store, now: datetime | None = None) -> None:
    """Store it."""
    now = now or datetime.now(timezone.utc)
    _check(store, now)
    _send(store)
    store.events.add([*_receipts(now), *_answers(now)])
    store.suppressions.add(["51900000999"], "asked us by phone")


def begin_running(store: Store, conn_id: str = CONN_ID) -> None:
    """Store a send that is at work, a third of it done."""
    store.batches.begin(_info(RUNNING, BatchKind.SEND, "send_second", conn_id))
    store.batches.report(
        RUNNING, BatchProgress(counts={"total": 40, "accepted": 38, "failed": 2}, done=40, rows=PEOPLE, rate=4.0)
    )


def _info(name: str, kind: BatchKind, task: str, conn_id: str = CONN_ID) -> BatchInfo:
    return BatchInfo(name=name, kind=kind, conn_id=conn_id, dag_id=DAG, run_id=RUN, task_id=task, map_index=-1)


def _check(store: Store, now: datetime) -> None:
    store.batches.begin(_info(CHECK, BatchKind.CHECK, "check_numbers"))
    statuses = [CheckStatus.EXISTS if place <= PEOPLE else CheckStatus.ABSENT for place in range(1, PEOPLE + 31)]
    rows = [
        CheckRow(place, f"+{number(place)}", f"+{number(place)}", status.value, now)
        for place, status in enumerate(statuses, 1)
    ]
    store.checks.put(CHECK, CONN_ID, rows)
    store.batches.end(CHECK, {"total": PEOPLE + 36, "exists": PEOPLE, "absent": 30, "invalid": 6})


def _send(store: Store) -> None:
    store.batches.begin(_info(SEND, BatchKind.SEND, "send_offer"))
    changes: list[Change] = []
    for place in range(1, PEOPLE + 1):
        changes += _row(place)
    store.sends.change(changes)
    store.batches.end(SEND, {"total": PEOPLE, "accepted": PEOPLE - 10, "failed": 7, "skipped": 3, "unknown": 0})


def _row(place: int) -> Iterator[Change]:
    key, to = f"key-{place:04}", number(place)
    row = SendRow(key=key, row=place, given=f"+{to}", recipient=to, state=SendState.INTENDED)
    if place % 40 == 7:
        yield Note(
            batch=SEND,
            conn_id=CONN_ID,
            row=SendRow(**{**vars(row), "state": SendState.SKIPPED, "detail": "suppressed"}),
        )
        return
    content = {"type": "text", "body": f"Hello, your offer number {place} is ready."}
    yield Intend(batch=SEND, conn_id=CONN_ID, row=row, content=content)
    if place % 15 == 2:
        yield Settle(key=key, state=SendState.FAILED, detail="BadInput: the number is not on WhatsApp")
    else:
        yield Settle(key=key, state=SendState.ACCEPTED, message_id=f"M{place}")


def _receipts(now: datetime) -> Iterator[NewEvent]:
    for place in range(1, PEOPLE + 1):
        for stage, part in ((DeliveryState.DELIVERED, 10), (DeliveryState.READ, 6)):
            if place % 10 < part and place % 15 != 2 and place % 40 != 7:
                at = now + timedelta(minutes=place // 3)
                record = DeliveryStatus(
                    message_id=f"M{place}", state=stage, to=number(place), sent_at=at, delivered_at=at
                )
                yield _event(EventKind.DELIVERY, record, "Receipt", now + timedelta(seconds=place))


def _answers(now: datetime) -> Iterator[NewEvent]:
    said = {1: "Yes, please!", 3: "How much is it?", 4: "STOP", 5: HOSTILE, 6: "Thank you 🙏"}
    for place, text in said.items():
        name = HOSTILE_NAME if place == 5 else f"Person {place}"
        record = InboxMessage(
            message_id=f"I{place}", sender=number(place), text=text, kind="text", sender_name=name,
            received_at=datetime.now(timezone.utc) + timedelta(seconds=place),
        )  # fmt: skip
        yield _event(EventKind.INBOX, record, "Message", datetime.now(timezone.utc))


def _event(kind: EventKind, record: DeliveryStatus | InboxMessage, vendor_kind: str, at: datetime) -> NewEvent:
    event = Event(kind=kind, record=record, vendor_kind=vendor_kind, raw={"id": record.message_id})
    return NewEvent(conn_id=CONN_ID, vendor="wuzapi", event=event, received_at=at)
