# SPDX-License-Identifier: Apache-2.0
"""The store's tables. A change of them is a new migration beside the old ones, and a new ``REVISION``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

REVISION = "0008"
"""The newest migration."""

VERSION_TABLE = "wa_version"
"""Table that has the revision: the database may hold other applications' tables, each with its own."""

NAME = 255
"""Maximum length of an id or a party; vendors' own are shorter."""


class Moment(TypeDecorator[datetime]):
    """A moment, in UTC: SQLite forgets the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(timezone.utc)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        # As one function: with SQLAlchemy's own for SQLite's text, this was two fifths of the reading of a check.
        return _moment if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(timezone.utc)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


# SQLite counts only a plain INTEGER by itself.
_Id = BigInteger().with_variant(Integer, "sqlite")

_SHARED = "post_id IS NOT NULL"

BY_KIND = "vendor <> ''"
"""Condition that all events meet. On PostgreSQL only queries with this condition use the index by kind.

Otherwise PostgreSQL, before it has counted the rows, would use that index for every query with a connection and a kind,
and read all events of the kind for each person or message.
"""

NOT_ACCEPTED = "state IN ('failed', 'skipped', 'unknown', 'delayed')"
"""Sends in the index by state: all except accepted and intended ones."""

NOT_EXISTS = "status IN ('absent', 'pending', 'unknown')"
"""Checks in the index by status: all except numbers on WhatsApp and invalid numbers."""

metadata = MetaData()


def _column(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, **{"nullable": False, **options})


events = Table(
    "wa_events",
    metadata,
    # Ids rise in the order of the commits (``Database.writing``), so that a reader can go on from the last one seen.
    _column("id", _Id, primary_key=True, autoincrement=True),
    _column("conn_id", String(NAME)),
    _column("vendor", String(NAME)),
    _column("kind", String(NAME)),
    _column("vendor_kind", String(NAME)),
    _column("key", String(64)),
    _column("reference", String(NAME), nullable=True),
    _column("party", String(NAME), nullable=True),
    _column("status", String(NAME)),
    _column("happened_at", Moment, nullable=True),
    _column("received_at", Moment),
    _column("content", JSON),
    _column("raw", JSON),
    _column("file", Text, nullable=True),
    _column("post_id", BigInteger, nullable=True),
    Index("wa_events_key", "conn_id", "key", unique=True),
    # The most selective column comes first: PostgreSQL, before it has counted the rows, takes any index whose first
    # columns fit.
    Index("wa_events_reference", "reference", "conn_id", "kind"),
    Index("wa_events_party", "party", "conn_id", "kind"),
    Index("wa_events_received_at", "received_at"),
    Index("wa_events_kind", "conn_id", "kind", "id", postgresql_where=text(BY_KIND)),
    # Few events share a post.
    Index("wa_events_post", "post_id", sqlite_where=text(_SHARED), postgresql_where=text(_SHARED)),
    sqlite_autoincrement=True,  # an id is never given twice, even after old events were removed
)
"""Events that vendors posted, or that were pulled from their queues; each once, by its content's ``key``.

Several events of one post share its ``raw``, which is in ``wa_posts`` under their ``post_id``.
"""

posts = Table(
    "wa_posts",
    metadata,
    _column("id", _Id, primary_key=True, autoincrement=True),
    _column("received_at", Moment),
    _column("raw", JSON),
    Index("wa_posts_received_at", "received_at"),
    sqlite_autoincrement=True,
)
"""The vendor's JSON of posts with several events, each once."""

checks = Table(
    "wa_checks",
    metadata,
    _column("batch", String(64), primary_key=True),
    # In this order: rows of one form are read in the order of the list.
    _column("form", SmallInteger, primary_key=True, autoincrement=False),
    _column("row", BigInteger, primary_key=True, autoincrement=False),
    _column("conn_id", String(NAME)),
    _column("input", Text),
    _column("number", String(NAME)),
    _column("status", String(NAME)),
    _column("jid", Text, nullable=True),
    _column("checked_at", Moment),
    _column("detail", Text),
    _column("reference", String(NAME), nullable=True),
    _column("reused", Boolean),
    Index("wa_checks_reference", "reference", "conn_id"),
    Index("wa_checks_number", "conn_id", "number", "checked_at"),
    Index(
        *("wa_checks_status", "batch", "status", "row"),
        sqlite_where=text(NOT_EXISTS),
        postgresql_where=text(NOT_EXISTS),
    ),
)
"""The answer for each row of a list. A row with ``form`` 1 has the answer for the other form of the number."""

batches = Table(
    "wa_batches",
    metadata,
    _column("name", String(64), primary_key=True),
    _column("kind", String(NAME)),
    _column("conn_id", String(NAME)),
    _column("dag_id", String(NAME), nullable=True),
    _column("run_id", String(NAME), nullable=True),
    _column("task_id", String(NAME), nullable=True),
    _column("map_index", Integer, nullable=True),
    _column("counts", JSON(none_as_null=True), nullable=True),
    _column("calls", BigInteger),
    _column("created_at", Moment),
    _column("ended_at", Moment, nullable=True),
    _column("rows", BigInteger, nullable=True),
    _column("done", BigInteger, nullable=True),
    _column("rate", Float, nullable=True),
    _column("reported_at", Moment, nullable=True),
    _column("held_until", Moment, nullable=True),
    _column("stopped_at", Moment, nullable=True),
    Index("wa_batches_age", "conn_id", "kind", "created_at", "name"),
    Index("wa_batches_run", "run_id", "dag_id"),
)
"""A batch is one run of one task over one list, including its retries: the name of its rows in the store."""

sends = Table(
    "wa_sends",
    metadata,
    _column("key", String(64), primary_key=True),
    _column("batch", String(64)),
    _column("row", BigInteger),
    _column("conn_id", String(NAME)),
    _column("given", Text),
    _column("recipient", String(NAME)),
    _column("state", String(NAME)),
    _column("message_id", String(NAME), nullable=True),
    _column("detail", Text),
    _column("intended_at", Moment, nullable=True),
    _column("settled_at", Moment, nullable=True),
    # The kept content of the message. Readers of a batch do not load it.
    _column("content", JSON(none_as_null=True), nullable=True),
    Index("wa_sends_batch", "batch", "row"),
    Index("wa_sends_intended_at", "conn_id", "intended_at"),
    Index("wa_sends_message", "conn_id", "message_id"),
    Index("wa_sends_recipient", "recipient", "intended_at"),
    Index(
        *("wa_sends_state", "batch", "state", "row", "key"),
        sqlite_where=text(NOT_ACCEPTED),
        postgresql_where=text(NOT_ACCEPTED),
    ),
)
"""Messages that were to be sent, and their outcomes: written before the request, and after it."""

deliveries = Table(
    "wa_deliveries",
    metadata,
    _column("key", String(64), primary_key=True),
    _column("batch", String(64)),
    _column("row", BigInteger),
    _column("stage", String(NAME), nullable=True),
    _column("answer", String(NAME), nullable=True),
    # The stage comes before the row: rows with a rare stage are found without reading the others.
    Index("wa_deliveries_stage", "batch", "stage", "row", "key"),
    Index(
        *("wa_deliveries_answer", "batch", "answer", "row", "key"),
        sqlite_where=text("answer IS NOT NULL"),
        postgresql_where=text("answer IS NOT NULL"),
    ),
)
"""Delivery stage and answer of messages, by their keys in ``wa_sends``."""

tallies = Table(
    "wa_tallies",
    metadata,
    _column("batch", String(64), primary_key=True),
    _column("step", Integer, primary_key=True, autoincrement=False),
    _column("name", String(NAME), primary_key=True),
    _column("bucket", BigInteger, primary_key=True, autoincrement=False),
    _column("count", BigInteger),
)
"""Numbers of a batch's messages that were delivered, read and so on, by time.

``bucket`` counts the steps since 1970, ``step`` is their length in seconds: see ``deliveries.STEPS``.
"""

pauses = Table(
    "wa_pauses",
    metadata,
    _column("batch", String(64), primary_key=True),
    _column("since", Moment),
    _column("by", String(NAME)),
)
"""Batches whose tasks send nothing until the pause ends."""

daily_limits = Table(
    "wa_daily_limits",
    metadata,
    _column("conn_id", String(NAME), primary_key=True),
    _column("daily", BigInteger),
    _column("since", Moment),
)
"""Daily limit of the last task with one, by connection, and the start of its day."""

suppressions = Table(
    "wa_suppressions",
    metadata,
    _column("recipient", String(NAME), primary_key=True),
    _column("reason", Text),
    _column("since", Moment),
)
"""Recipients who must not be written to: digits or a JID. A number stands for both forms that its country may have."""

identities = Table(
    "wa_identities",
    metadata,
    _column("lid", String(NAME), primary_key=True),
    _column("number", String(NAME)),
    _column("learnt_at", Moment),
    Index("wa_identities_number", "number"),
)
"""The digits of the number by LID, as vendors reported them: a person may have several LIDs."""

positions = Table(
    "wa_positions",
    metadata,
    _column("name", String(NAME), primary_key=True),
    _column("value", JSON),
    _column("moved_at", Moment),
)
"""Positions of readers, by name."""

own = Table(
    "wa_store",
    metadata,
    _column("id", String(NAME), primary_key=True),
    _column("written_at", Moment, nullable=True),
)
"""One row: the unique id of this store, and the time of the last write by a health check."""
