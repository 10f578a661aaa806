# SPDX-License-Identifier: Apache-2.0
"""Deliveries: the delivery stage of each message of a batch, and its answer, counted from the events.

The counts are stored, so that a page about a campaign reads a few rows and no events: ``follow`` reads the events since
its last call, in parts, and updates the counts. Only the pages use them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, select

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.kinds import Standing, standing
from airflow_provider_wa.api.records import DeliveryState
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.identities import names
from airflow_provider_wa.store.sql import PARAMETERS, replacing, upsert
from airflow_provider_wa.store.tables import batches, events, positions, sends, tallies
from airflow_provider_wa.store.tables import deliveries as table

EVENTS_AT_ONCE = 1000
"""Events that are read in one transaction; other writers wait for it for a tenth of a second."""

STEPS: tuple[tuple[int, float], ...] = ((1, 900.0), (10, 10_800.0), (600, float("inf")))
"""Steps of the counts over time: the length, and the largest distance from the batch's start, in seconds.

The last step has all counts. A finer one has those near the start, so that the counts of a short campaign are shown in
detail and the number of rows of a long one stays small.
"""

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


@dataclass(frozen=True)
class Timeline:
    """Counts by time, oldest first: the beginning of each bucket, and its counts. Empty buckets are missing.

    ``step`` is the length of a bucket, ``totals`` are the counts of all buckets together.
    """

    step: timedelta
    buckets: Sequence[tuple[datetime, Mapping[str, int]]]
    totals: Counter[str]


@dataclass
class _Standing:
    """A message with its counted delivery stage and answer. ``began`` is the start of its batch, if it is known."""

    key: str
    batch: str
    row: int
    stage: str | None
    answer: str | None
    began: datetime | None


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
            again = connection.execute(_AGAIN, {"late": position["late"]}).all() if position["late"] else []
            coming = connection.execute(_NEXT, {"last": position["id"]}).all()
            rows = [*again, *coming]
            if not rows:
                return Followed(True, None)
            late = self._enter(connection, rows)
            new = {"id": max(position["id"], rows[-1].id), "late": late}
            values = {"name": _POSITION, "value": new, "moved_at": datetime.now(timezone.utc)}
            connection.execute(_MOVE[connection.dialect.name], values)
        return Followed(len(coming) < EVENTS_AT_ONCE, rows[-1].received_at)

    def totals(self, batch: str) -> Counter[str]:
        """Return the counts of a batch's messages: delivered, read, failed, answered, opted out.

        A read message counts as delivered as well, and an opt-out as an answer.
        """
        return self.over_time(batch).totals

    def over_time(self, batch: str) -> Timeline:
        """Return the same counts by time, in the finest step that has all of them."""
        sums: dict[int, Counter[str]] = {step: Counter() for step, _ in STEPS}
        found: dict[int, dict[str, int]] = {}
        with self._database.reading() as connection:
            for step, name, number in connection.execute(_SUMS, {"the_batch": batch}).all():
                sums[step][name] = int(number)
            totals = sums[STEPS[-1][0]]
            step = next(step for step, _ in STEPS if sums[step] == totals)
            for name, bucket, number in connection.execute(_TALLIES, {"the_batch": batch, "the_step": step}).all():
                found.setdefault(bucket, {})[name] = number
        buckets = [(datetime.fromtimestamp(bucket * step, timezone.utc), found[bucket]) for bucket in sorted(found)]
        return Timeline(timedelta(seconds=step), buckets, totals)

    def _enter(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[int]:
        """Count events, and return the ids of receipts whose sends may not be stored yet."""
        same: dict[str, _Standing] = {}
        known, late = _sent(connection, rows, same)
        tally: Counter[_Bucket] = Counter()
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
                    tally.update(_buckets(standing_, row, news))
            if (found := answers.get(row.id)) and (news := _answered(found, row.party in opted_out)):
                changed[found.key] = found
                tally.update(_buckets(found, row, news))
        _store(connection, changed, tally)
        return late


class _Bucket(NamedTuple):
    """The key of a count."""

    batch: str
    step: int
    name: str
    bucket: int


def _buckets(message: _Standing, row: Row[Any], news: Iterable[str]) -> Iterator[_Bucket]:
    """Yield the buckets in which an event of a message counts."""
    at = row.happened_at or row.received_at
    distance = abs((at - message.began).total_seconds()) if message.began else float("inf")
    for step, reach in STEPS:
        if distance <= reach:
            yield from (_Bucket(message.batch, step, name, int(at.timestamp()) // step) for name in news)


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
    return _Standing(row.key, row.batch, row.row, row.stage, row.answer, row.created_at)


def _store(connection: Connection, changed: Mapping[str, _Standing], tally: Counter[_Bucket]) -> None:
    dialect = connection.dialect.name
    if changed:
        rows = [{name: getattr(message, name) for name in _COLUMNS} for message in changed.values()]
        connection.execute(_PUT[dialect], rows)
    if tally:
        connection.execute(_COUNT[dialect], [{**key._asdict(), "count": count} for key, count in tally.items()])


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + PARAMETERS] for start in range(0, len(values), PARAMETERS))


_EVENT = [column for column in events.columns if column.name not in ("vendor", "vendor_kind", "key", "raw", "file")]
# Two statements: for one with OR, SQLite would read and sort all events after the last one.
_NEXT = select(*_EVENT).where(events.c.id > bindparam("last")).order_by(events.c.id).limit(EVENTS_AT_ONCE)
_AGAIN = select(*_EVENT).where(events.c.id.in_(bindparam("late", expanding=True))).order_by(events.c.id)
_BEGINNING: Mapping[str, Any] = {"id": 0, "late": []}
_NEWEST = select(func.max(events.c.id))
_WHERE = select(positions.c.value).where(positions.c.name == _POSITION)
_MOVE = upsert(positions, replacing(positions))
_SENT = (
    select(sends.c.key, sends.c.batch, sends.c.row, sends.c.conn_id, sends.c.message_id, sends.c.recipient)
    .add_columns(sends.c.intended_at, table.c.stage, table.c.answer, batches.c.created_at)
    .select_from(sends.outerjoin(table, table.c.key == sends.c.key).outerjoin(batches, batches.c.name == sends.c.batch))
)
_BY_MESSAGE = _SENT.where(
    sends.c.conn_id == bindparam("the_conn_id"), sends.c.message_id.in_(bindparam("ids", expanding=True))
)
_TO_PEOPLE = _SENT.where(
    sends.c.recipient.in_(bindparam("recipients", expanding=True)), sends.c.intended_at.is_not(None)
)
_COLUMNS = tuple(column.name for column in table.columns)
_PUT = upsert(table, replacing(table))
_COUNT = upsert(tallies, lambda new: {"count": tallies.c.count + new.count})
_OF_BATCH = tallies.c.batch == bindparam("the_batch")
_IN_STEP = tallies.c.step == bindparam("the_step")
_NUMBER = func.sum(tallies.c.count).label("number")
_SUMS = select(tallies.c.step, tallies.c.name, _NUMBER).where(_OF_BATCH).group_by(tallies.c.step, tallies.c.name)
_TALLIES = select(tallies.c.name, tallies.c.bucket, tallies.c.count).where(_OF_BATCH, _IN_STEP)
