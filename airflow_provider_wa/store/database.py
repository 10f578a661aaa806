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
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, ProgrammingError, SQLAlchemyError

from airflow_provider_wa.api.errors import BadInput, Retry, WaError
from airflow_provider_wa.store.tables import REVISION, VERSION_TABLE

LOCK_SECONDS = 30
"""Maximum wait for another transaction, or for a connection."""

log = logging.getLogger(__name__)

_ADVISORY_LOCK = 0x7761_7374_6F72_65  # "wastore"
_LOCK = text("SELECT set_config('lock_timeout', :wait, true), pg_advisory_xact_lock(:lock)")
_WRITING = "wa_writing"


class StoreUnavailable(WaError):
    """The store cannot be reached, is locked for long, or its disk is full. Retry."""

    retry = Retry.LATER
    stops_all = True


class Database:
    """A database that holds the store's tables. Threads may share it; each process makes its own.

    The tables are made, or brought up to date, before its first transaction; several processes may try at once.

    :param url: a SQLAlchemy URL: ``sqlite:///path`` or ``postgresql://...`` (with any driver).
    :raises BadInput: the URL is invalid or that of another kind of database, or its driver is not installed.
    """

    def __init__(self, url: str | URL) -> None:
        self._ready = False
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

    def __repr__(self) -> str:
        # Without the options: a password may be among them as well.
        return f"<{type(self).__name__} {self.url.set(query={}).render_as_string(hide_password=True)}>"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        :raises StoreUnavailable: something is wrong with the database.
        """
        self._make_tables()
        with _store_errors(self), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, one at a time over all processes, so that ids rise in the order of commits.

        :raises StoreUnavailable: something is wrong with the database; nothing was written then.
        """
        self._make_tables()
        with self._exclusive() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _exclusive(self) -> Iterator[Connection]:
        with _store_errors(self), self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(_LOCK, {"lock": _ADVISORY_LOCK, "wait": f"{int(LOCK_SECONDS * 1000)}ms"})
            yield connection

    def _make_tables(self) -> None:
        if self._ready:
            return
        with self._making:
            if self._ready:
                return
            with _store_errors(self), self.engine.connect() as connection:
                current = _revision(connection)
            if current != REVISION:
                log.info("%r: the tables are made or brought up to date", self)
                # Its own lines would stand in the log of the first task that uses the store.
                logging.getLogger("alembic").setLevel(logging.WARNING)
                from airflow_provider_wa.store.migrations import upgrade  # noqa: PLC0415 - Alembic takes 0.1 s

                # The lock makes the others wait; who gets it next finds nothing left to do.
                with self._exclusive() as connection:
                    upgrade(connection, _revision(connection))
            self._ready = True


def _with_driver(url: URL) -> URL:
    backend = url.get_backend_name()
    if backend not in _ENGINES:
        raise BadInput(f"store URL: {backend!r} is not supported; expected sqlite or postgresql")
    # An asynchronous driver, or the one that happens to be SQLAlchemy's default, is not what is installed.
    return url.set(drivername={"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}[backend])


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url, json_serializer=_json, connect_args={"timeout": LOCK_SECONDS, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        # The driver is kept from beginning transactions by its own rules: it would begin them too late.
        connection.isolation_level = None
        _switch_to_wal(connection)
        # A power failure must not lose events that a vendor has got an answer for.
        connection.execute("PRAGMA synchronous = FULL")

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
        json_serializer=_json,
        # A transaction must see what was committed while it waited for the lock, whatever the server's default.
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


def _json(value: Any) -> str:
    """Return JSON that every database takes: NaN and infinity, which only Python reads and writes, become texts."""
    try:
        return json.dumps(value, allow_nan=False, default=str)
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
            raise StoreUnavailable(f"{database!r}: {''.join(lines[:1])}") from None
        # No connection: the reason may be lines long, one for each address that was tried.
        kind = BadInput if isinstance(error, ProgrammingError) else StoreUnavailable
        raise kind(f"{database!r}: {' '.join(map(str.strip, lines))}") from None
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"{database!r}: {type(error).__name__}: {str(error).partition(chr(10))[0]}") from None


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)
