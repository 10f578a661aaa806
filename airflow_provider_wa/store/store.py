# SPDX-License-Identifier: Apache-2.0
"""The store as its users see it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from airflow_provider_wa.store.batch_rows import BatchRows
from airflow_provider_wa.store.batches import Batches
from airflow_provider_wa.store.checks import Checks
from airflow_provider_wa.store.conversations import Conversations
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.deliveries import Deliveries
from airflow_provider_wa.store.events import Events
from airflow_provider_wa.store.identities import Identities
from airflow_provider_wa.store.overview import Overview
from airflow_provider_wa.store.pauses import Pauses
from airflow_provider_wa.store.positions import Positions
from airflow_provider_wa.store.refusals import Refusals
from airflow_provider_wa.store.sends import Sends
from airflow_provider_wa.store.suppressions import OptOutWords, Suppressions, suppress


class Store:
    """Events, checks, sends, batches, identities, suppressions and positions in one database.

    All methods block: on an event loop, call them in a thread. Each raises ``StoreUnavailable`` when the database
    cannot be reached, is locked for long, or is full.

    :param url: a SQLAlchemy URL, ``sqlite:///path`` or ``postgresql://...``.
    :param opt_out_words: the sender of a message with one of these words is suppressed when the message is stored.
    :param keep_texts: keep the content of each sent message.
    :raises BadInput: it is another kind of database, or its driver is not installed.
    """

    def __init__(self, url: str | URL, opt_out_words: Iterable[str] = (), *, keep_texts: bool = True) -> None:
        self.database = Database(url)
        self.keeps_texts = keep_texts
        self._opt_out = OptOutWords(opt_out_words)

    @cached_property
    def events(self) -> Events:
        """The events that vendors reported."""
        return Events(self.database, self._heed if self._opt_out else None)

    @cached_property
    def batches(self) -> Batches:
        """The runs of tasks over lists."""
        return Batches(self.database)

    @cached_property
    def checks(self) -> Checks:
        """The answers of bulk checks."""
        return Checks(self.database)

    @cached_property
    def sends(self) -> Sends:
        """The messages that were to be sent, and their outcomes."""
        return Sends(self.database)

    @cached_property
    def conversations(self) -> Conversations:
        """The messages to and from each person."""
        return Conversations(self.database)

    @cached_property
    def identities(self) -> Identities:
        """The numbers of LIDs."""
        return Identities(self.database)

    @cached_property
    def suppressions(self) -> Suppressions:
        """The recipients who must not be written to."""
        return Suppressions(self.database)

    @cached_property
    def deliveries(self) -> Deliveries:
        """The deliveries of messages, and the answers to them."""
        return Deliveries(self.database, self._opt_out.written)

    @cached_property
    def batch_rows(self) -> BatchRows:
        """The rows of batches, a page at a time."""
        return BatchRows(self.database)

    @cached_property
    def pauses(self) -> Pauses:
        """The pauses of batches."""
        return Pauses(self.database)

    @cached_property
    def refusals(self) -> Refusals:
        """The posts that the receiver refused."""
        return Refusals(self.database)

    @cached_property
    def overview(self) -> Overview:
        """The overviews for the pages: connections, newest events, conversations."""
        return Overview(self.database)

    @cached_property
    def positions(self) -> Positions:
        """The positions of readers."""
        return Positions(self.database)

    @property
    def id(self) -> str:
        """The unique id of this store."""
        return self.database.store_id

    def check_writable(self) -> None:
        """Check by a write that the store accepts writes."""
        self.database.check_writable()

    def close(self) -> None:
        """Close its connections to the database."""
        self.database.close()

    def _heed(self, connection: Connection, messages: Iterable[tuple[str | None, str | None]]) -> None:
        suppress(connection, self._opt_out.written(messages))
