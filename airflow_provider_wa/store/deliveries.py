# SPDX-License-Identifier: Apache-2.0
"""Deliveries: the delivery stage of each message of a batch, and its answer, counted from the events.

The counts are stored, so that a page about a campaign reads a few rows and no events: ``follow`` reads the events since
its last call, in parts, and updates the counts. Only the pages use them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, or_, select

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.kinds import Standing, standing
from airflow_provider_wa.api.records import DeliveryState
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.identities import names
from airflow_provider_wa.store.sql import PARAMETERS, replacing, upsert
from airflow_provider_wa.store.tables import deliveries as table
from airflow_provider_wa.store.tables import events, positions, sends, tallies

EVENTS_AT_ONCE = 1000
"""Events that are read in one transaction; other writers wait for it for a tenth of a second."""

BUCKET_SECONDS = 600
"""Length in seconds of a step of the counts over time."""

ANSWER_DAYS = 30
"""Maximum number of days after a message in which an incoming message counts as the answer to it."""

LATE_SECONDS = 600
"""Seconds for which a receipt without a message is read again: its send may not be stored yet."""

MOST_LATE = 500

ANSWERED, OPTED_OUT = "answered", "opted_out"

_POSITION = "deliveries"
_STAGES = (DeliveryState.DELIVERED.value, DeliveryState.READ.value)
_FAILED = DeliveryState.FAILED.value
_KINDS = (EventKind.DELIVERY.value, EventKind.INBOX.value)

OptedOut = Callable[[Iterable[tuple[str | None, str | None]]], Mapping[str, str]]
"""Returns the senders who opted out, from pairs of sender and text."""


@dataclass(frozen=True)
class Followed:
    """Progress of the counting: ``complete``, or up to the event that was received at ``until``."""

    complete: bool
    until: datetime | None


@dataclass
class _Standing:
    """A message with its counted delivery stage and answer."""

    key: str
    batch: str
    row: int
    stage: str | None
    answer: str | None


class Deliveries:
    """The counts of deliveries and answers.

    :param opted_out: finds the senders who opt out.
    """

    def __init__(self, database: Database, opted_out: OptedOut) -> None:
        self._database = database
        self._opted_out = opted_out

    def follow(self) -> Followed:
        """Count the next part of the events; call it again until the result is complete."""
        with self._database.reading() as connection:
            position = connection.execute(_WHERE).scalar() or _BEGINNING
            if not position["late"] and connection.execute(_NEWEST).scalar() in (None, position["id"]):
                return Followed(True, None)
        with self._database.writing() as connection:
            position = connection.execute(_WHERE).scalar() or _BEGINNING
            rows = connection.execute(_NEXT, {"last": position["id"], "late": position["late"]}).all()
            if not rows:
                return Followed(True, None)
            late = self._enter(connection, rows)
            new = {"id": max(position["id"], rows[-1].id), "late": late}
            values = {"name": _POSITION, "value": new, "moved_at": datetime.now(timezone.utc)}
            connection.execute(_MOVE[connection.dialect.name], values)
        return Followed(len(rows) < EVENTS_AT_ONCE, rows[-1].received_at)

    def totals(self, batch: str) -> Counter[str]:
        """Return the counts of a batch's messages: delivered, read, failed, answered, opted out.

        A read message counts as delivered as well, and an opt-out as an answer.
        """
        counted: Counter[str] = Counter()
        for name, count in ((name, count) for _, buckets in self.over_time(batch) for name, count in buckets.items()):
            counted[name] += count
        return counted

    def over_time(self, batch: str) -> list[tuple[datetime, Counter[str]]]:
        """Return the same counts by time, oldest first, in steps of ``BUCKET_SECONDS``; empty steps are missing."""
        found: dict[int, Counter[str]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(_TALLIES, {"the_batch": batch}):
                found.setdefault(row.bucket, Counter())[row.name] += row.number
        return [(_began(bucket), found[bucket]) for bucket in sorted(found)]

    def _enter(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[int]:
        """Count events, and return the ids of receipts whose sends may not be stored yet."""
        same: dict[str, _Standing] = {}
        known, late = _sent(connection, rows, same)
        tally: Counter[tuple[str, str, int]] = Counter()
        changed: dict[str, _Standing] = {}
        answers = _answers(connection, rows, same)
        opted_out = self._opted_out(
            (row.party, (row.content or {}).get(name))
            for row in rows
            if row.id in answers
            for name in ("text", "selected_id")
        )
        for row in rows:
            for standing_ in known.get((row.conn_id, row.reference), ()) if row.kind == _KINDS[0] else ():
                if news := _advance(standing_, row.status):
                    changed[standing_.key] = standing_
                    tally.update((standing_.batch, name, _bucket(row)) for name in news)
            if (found := answers.get(row.id)) and (news := _answered(found, row.party in opted_out)):
                changed[found.key] = found
                tally.update((found.batch, name, _bucket(row)) for name in news)
        _store(connection, changed, tally)
        return late


def _began(bucket: int) -> datetime:
    return datetime.fromtimestamp(bucket * BUCKET_SECONDS, timezone.utc)


def _bucket(row: Row[Any]) -> int:
    return int((row.happened_at or row.received_at).timestamp()) // BUCKET_SECONDS


def _advance(message: _Standing, status: str) -> list[str]:
    """Update a message by a receipt, and return the new stages."""
    if status == _FAILED:
        if message.stage is not None:
            return []
        message.stage = _FAILED
        return [_FAILED]
    if status not in _STAGES or message.stage == _FAILED:
        return []
    before = _STAGES.index(message.stage) + 1 if message.stage else 0
    news = [*_STAGES[before : _STAGES.index(status) + 1]]
    if news:
        message.stage = status
    return news


def _answered(message: _Standing, opted_out: bool) -> list[str]:
    """Update a message by an answer, and return the new counts' names."""
    news = [] if message.answer else [ANSWERED]
    if opted_out and message.answer != OPTED_OUT:
        news.append(OPTED_OUT)
    if news:
        message.answer = news[-1]
    return news


def _sent(
    connection: Connection, rows: Sequence[Row[Any]], same: dict[str, _Standing]
) -> tuple[dict[tuple[str, str | None], list[_Standing]], list[int]]:
    """Return the messages of receipts, by connection and id, and the ids of recent receipts without a message."""
    receipts = [row for row in rows if row.kind == EventKind.DELIVERY.value and row.reference]
    by_connection: dict[str, set[str]] = {}
    for row in receipts:
        by_connection.setdefault(row.conn_id, set()).add(row.reference)
    found: dict[tuple[str, str | None], list[_Standing]] = {}
    for conn_id, ids in by_connection.items():
        for part in _parts(sorted(ids)):
            for row in connection.execute(_BY_MESSAGE, {"the_conn_id": conn_id, "ids": part}):
                message = same.setdefault(row.key, _standing(row))
                found.setdefault((conn_id, row.message_id), []).append(message)
    young = datetime.now(timezone.utc) - timedelta(seconds=LATE_SECONDS)
    late = [row.id for row in receipts if (row.conn_id, row.reference) not in found and row.received_at > young]
    return found, late[-MOST_LATE:]


def _answers(connection: Connection, rows: Sequence[Row[Any]], same: dict[str, _Standing]) -> dict[int, _Standing]:
    """Return, by the event's id, the last message to the sender before the event, over the same connection."""
    wrote = [
        row
        for row in rows
        if row.kind == EventKind.INBOX.value
        and row.party
        and not jids.is_group(row.party)
        and standing(str((row.content or {}).get("kind") or ""), said=True) is Standing.MESSAGE
    ]
    if not wrote:
        return {}
    known_as = names(connection, {row.party for row in wrote})
    sent: dict[str, list[Row[Any]]] = {}
    for part in _parts(sorted({name for each in known_as.values() for name in each})):
        for row in connection.execute(_TO_PEOPLE, {"recipients": part}):
            sent.setdefault(row.recipient, []).append(row)
    found: dict[int, _Standing] = {}
    for row in wrote:
        at = row.happened_at or row.received_at
        earliest = at - timedelta(days=ANSWER_DAYS)
        before = [
            each
            for name in known_as[row.party]
            for each in sent.get(name, ())
            if each.conn_id == row.conn_id and earliest <= each.intended_at <= at
        ]
        if before:
            last = max(before, key=lambda each: each.intended_at)
            found[row.id] = same.setdefault(last.key, _standing(last))
    return found


def _standing(row: Row[Any]) -> _Standing:
    return _Standing(row.key, row.batch, row.row, row.stage, row.answer)


def _store(connection: Connection, changed: Mapping[str, _Standing], tally: Counter[tuple[str, str, int]]) -> None:
    dialect = connection.dialect.name
    if changed:
        connection.execute(_PUT[dialect], [vars(message) for message in changed.values()])
    if tally:
        counts = [{"batch": b, "name": n, "bucket": t, "count": count} for (b, n, t), count in tally.items()]
        connection.execute(_COUNT[dialect], counts)


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + PARAMETERS] for start in range(0, len(values), PARAMETERS))


_EVENT = [column for column in events.columns if column.name not in ("vendor", "vendor_kind", "key", "raw", "file")]
_NEXT = (
    select(*_EVENT)
    .where(or_(events.c.id > bindparam("last"), events.c.id.in_(bindparam("late", expanding=True))))
    .order_by(events.c.id)
    .limit(EVENTS_AT_ONCE)
)
_BEGINNING: Mapping[str, Any] = {"id": 0, "late": []}
_NEWEST = select(func.max(events.c.id))
_WHERE = select(positions.c.value).where(positions.c.name == _POSITION)
_MOVE = upsert(positions, replacing(positions))
_SENT = (
    select(sends.c.key, sends.c.batch, sends.c.row, sends.c.conn_id, sends.c.message_id, sends.c.recipient)
    .add_columns(sends.c.intended_at, table.c.stage, table.c.answer)
    .outerjoin(table, table.c.key == sends.c.key)
)
_BY_MESSAGE = _SENT.where(
    sends.c.conn_id == bindparam("the_conn_id"), sends.c.message_id.in_(bindparam("ids", expanding=True))
)
_TO_PEOPLE = _SENT.where(
    sends.c.recipient.in_(bindparam("recipients", expanding=True)), sends.c.intended_at.is_not(None)
)
_PUT = upsert(table, replacing(table))
_COUNT = upsert(tallies, lambda new: {"count": tallies.c.count + new.count})
_TALLIES = select(tallies.c.name, tallies.c.bucket, tallies.c.count.label("number")).where(
    tallies.c.batch == bindparam("the_batch")
)
