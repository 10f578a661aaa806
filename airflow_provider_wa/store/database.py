# SPDX-License-Identifier: Apache-2.0
"""The store's database, SQLite or PostgreSQL: connections, transactions, and tables that are made on first use."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, ProgrammingError, SQLAlchemyError

from airflow_provider_wa.api.errors import BadInput, Retry, WaError
from airflow_provider_wa.store.sqlite_file import ROOM, OpenFile
from airflow_provider_wa.store.tables import REVISION, VERSION_TABLE, own

LOCK_SECONDS = 30
"""Maximum wait for another transaction, or for a connection."""

log = logging.getLogger(__name__)

_ADVISORY_LOCK = 0x7761_7374_6F72_65  # "wastore"
_EVER = {
    "sqlite": text("SELECT seq FROM sqlite_sequence WHERE name = 'wa_events'"),
    "postgresql": text("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM wa_events_id_seq"),
}
_GROW = text(f"INSERT INTO wa_posts (received_at, raw) VALUES ('', zeroblob({ROOM}))")
_LOCK = text("SELECT set_config('lock_timeout', :wait, true), pg_advisory_xact_lock(:lock)")
_WRITING = "wa_writing"
_FILE = "wa_file"


class StoreUnavailable(WaError):
    """The store cannot be reached, is locked for long, read-only, or its disk is full. Retry."""

    retry = Retry.LATER
    stops_all = True

    reason = "unreachable"
    """The fault as one word: ``unreachable``, ``read-only``, ``full``, ``locked``, ``damaged`` or ``replaced``."""

    @classmethod
    def because(cls, reason: str, message: str) -> StoreUnavailable:
        """Return the error for a reason."""
        error = cls(message)
        error.reason = reason
        return error


class Database:
    """A database that holds the store's tables. Threads may share it; each process makes its own.

    The tables are made, or brought up to date, before its first transaction; several processes may try at once.

    :param url: a SQLAlchemy URL: ``sqlite:///path`` or ``postgresql://...`` (with any driver).
    :raises BadInput: the URL is invalid or that of another kind of database, or its driver is not installed.
    """

    def __init__(self, url: str | URL) -> None:
        self._ready = False
        self._file: OpenFile | None = None
        self._events_ever = 0
        self._making = threading.Lock()
        try:
            self.url = _with_driver(make_url(url))
            self.engine = _ENGINES[self.url.get_backend_name()](self.url)
            self._writer = self.engine.execution_options(**{_WRITING: True})
        except (ArgumentError, ValueError):
            # Without SQLAlchemy's own text, which shows parts of the URL: they may be parts of the password.
            raise BadInput("invalid store URL; expected sqlite:////absolute/path or postgresql://...") from None
        except (ImportError, NoSuchModuleError):
            raise BadInput(
                "the store's PostgreSQL driver is not installed: pip install 'airflow-provider-wa[postgres]'"
            ) from None

    @property
    def is_sqlite(self) -> bool:
        """True if it is a file on this machine."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def shown_url(self) -> str:
        """The URL for display: without the password, and without the options, which may contain a password as well."""
        return self.url.set(query={}).render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shown_url}>"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        :raises StoreUnavailable: something is wrong with the database.
        """
        self._make_tables()
        with _store_errors(self), self.engine.connect() as connection:
            self._file = connection.info.get(_FILE)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, one at a time over all processes, so that ids rise in the order of commits.

        :raises StoreUnavailable: something is wrong with the database; nothing was written then.
        """
        self._make_tables()
        with self._exclusive() as connection:
            yield connection

    @cached_property
    def store_id(self) -> str:
        """The id of this store, which no other store has; a copy of it has the same.

        :raises StoreUnavailable: something is wrong with the database.
        """
        with self.reading() as connection:
            return str(connection.execute(select(own.c.id)).scalar_one())

    def events_ever(self, enough: int | None = None) -> int:
        """Return a number that grows with each new event and stays when events are removed. A backup may have less.

        :param enough: do not ask the database if the last returned number is at least this: a thousand waits ask once.
        :raises StoreUnavailable: something is wrong with the database.
        """
        if enough is None or self._events_ever < enough:
            with self.reading() as connection:
                self._events_ever = int(connection.execute(_EVER[connection.dialect.name]).scalar() or 0)
        return self._events_ever

    def check_writable(self) -> None:
        """Check by a write that the database accepts writes.

        :raises StoreUnavailable: it cannot be written to; the error has the reason.
        """
        self._make_tables()
        if self.is_sqlite:
            self._check_room()
        with self.writing() as connection:
            connection.execute(update(own).values(written_at=datetime.now(timezone.utc)))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self._file = None

    def _check_room(self) -> None:
        """Raise if the disk is full. The write alone may succeed: SQLite can still overwrite a part of its log."""
        with _store_errors(self), self._writer.connect() as connection:
            file = connection.info.get(_FILE)
            if file is not None and not file.has_room:
                raise StoreUnavailable.because("full", f"{self!r}: less than {ROOM:,} bytes are left on its disk")
            connection.execute(_GROW)  # and is rolled back

    @contextmanager
    def _exclusive(self) -> Iterator[Connection]:
        with _store_errors(self), self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(_LOCK, {"lock": _ADVISORY_LOCK, "wait": f"{int(LOCK_SECONDS * 1000)}ms"})
            file = self._file = connection.info.get(_FILE)
            yield connection
        if file is not None and file.is_gone:
            self._reopen(file)
            raise StoreUnavailable.because(
                "replaced", f"{self!r}: the file was removed or replaced while it was written to; nothing is stored"
            )

    def _make_tables(self) -> None:
        if self._file is not None and self._file.is_gone:
            self._reopen(self._file)
        if self._ready:
            return
        with self._making:
            if self._ready:
                return
            with _store_errors(self), self.engine.connect() as connection:
                current = _revision(connection)
            if current != REVISION:
                log.info("store %s: creating or upgrading the tables", self.shown_url)
                # Its own lines would stand in the log of the first task that uses the store.
                logging.getLogger("alembic").setLevel(logging.WARNING)
                from airflow_provider_wa.store.migrations import upgrade  # noqa: PLC0415 - Alembic takes 0.1 s

                # The lock makes the others wait; who gets it next finds nothing left to do.
                with self._exclusive() as connection:
                    upgrade(connection, _revision(connection))
            self._ready = True

    def _reopen(self, file: OpenFile) -> None:
        """Open the new file instead of the removed or replaced one."""
        with self._making:
            if self._file != file:  # another thread was first
                return
            log.error("%r: the file was removed or replaced; the rows of the old file are no longer available", self)
            self.engine.dispose()
            self._ready, self._file, self._events_ever = False, None, 0
            self.__dict__.pop("store_id", None)


def _with_driver(url: URL) -> URL:
    backend = url.get_backend_name()
    if backend not in _ENGINES:
        raise BadInput(f"store URL: {backend!r} is not supported; expected sqlite or postgresql")
    # An asynchronous driver, or the one that happens to be SQLAlchemy's default, is not what is installed.
    return url.set(drivername={"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}[backend])


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url, json_serializer=json_text, connect_args={"timeout": LOCK_SECONDS, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        # The driver is kept from beginning transactions by its own rules: it would begin them too late.
        connection.isolation_level = None
        _switch_to_wal(connection)
        # A power failure must not lose events that a vendor has got an answer for.
        connection.execute("PRAGMA synchronous = FULL")
        record.info[_FILE] = OpenFile.of(connection, "" if "uri" in url.query else url.database or "")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writing = connection.get_execution_options().get(_WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _switch_to_wal(connection: Any) -> None:
    """Let readers go on while one writes. The file remembers it; to switch, SQLite does not wait for one who writes."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        json_serializer=json_text,
        # A transaction must see what was committed while it waited for the lock, independent of the server's default.
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_timeout=LOCK_SECONDS,
        connect_args={name: value for name, value in _POSTGRESQL_OPTIONS.items() if name not in url.query},
    )


_POSTGRESQL_OPTIONS = {
    "connect_timeout": 10,
    "application_name": "airflow-provider-wa",
    # A pooler may give each transaction another of the server's connections, which knows no prepared statement.
    "prepare_threshold": None,
}


_JSON = json.JSONEncoder(allow_nan=False, default=str)


def json_text(value: Any) -> str:
    """Return JSON that every database takes: NaN and infinity, which only Python reads and writes, become texts."""
    try:
        return _JSON.encode(value)
    except ValueError:
        return json.dumps(json.loads(json.dumps(value, default=str), parse_constant=str))


_ENGINES = {"sqlite": _sqlite, "postgresql": _postgresql}


@contextmanager
def _store_errors(database: Database) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        lines = str(error.orig).strip().splitlines()
        if error.statement is not None:
            # Neither SQLAlchemy's text nor the database's details: both show what was to be stored.
            raise StoreUnavailable.because(_reason(error), f"{database!r}: {''.join(lines[:1])}") from None
        # No connection: the reason may be lines long, one for each address that was tried.
        message = f"{database!r}: {' '.join(map(str.strip, lines))}"
        if isinstance(error, ProgrammingError):
            raise BadInput(message) from None
        raise StoreUnavailable.because(_reason(error), message) from None
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"{database!r}: {type(error).__name__}: {str(error).partition(chr(10))[0]}") from None


def _reason(error: DBAPIError) -> str:
    """Return the fault as one word, from PostgreSQL's code or SQLite's text."""
    if code := getattr(error.orig, "sqlstate", None):
        return _REASONS.get(code, "unreachable")
    words = str(error.orig)
    return next((reason for word, reason in _REASONS.items() if word in words), "unreachable")


_REASONS = {
    "25006": "read-only",
    "53100": "full",
    "55P03": "locked",
    "readonly": "read-only",
    "read-only": "read-only",
    "is full": "full",
    "locked": "locked",
    "malformed": "damaged",
    "not a database": "damaged",
}


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)
