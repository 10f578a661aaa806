# SPDX-License-Identifier: Apache-2.0
"""Where the store is: the Airflow connection ``wa_store_default``, or else a SQLite file in AIRFLOW_HOME."""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from pathlib import Path

from airflow.configuration import AIRFLOW_HOME
from airflow.providers.common.compat.sdk import Connection, conf
from airflow.sdk.log import mask_secret
from sqlalchemy.engine import URL

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.connections.lookup import find_connection
from airflow_provider_wa.store.store import Store

STORE_CONN_ID = "wa_store_default"

_AIRFLOWS_OWN = {
    "aws_conn_id",
    "azure_conn_id",
    "cluster-identifier",
    "cursor",
    "iam",
    "redshift",
    "redshift-serverless",
    "sqlalchemy_query",
    "sqlalchemy_scheme",
    "workgroup-name",
}
"""Extras of a postgres connection that are for Airflow's PostgresHook, not for PostgreSQL."""

_LOCAL_EXECUTORS = ("LocalExecutor", "SequentialExecutor")

log = logging.getLogger(__name__)


def get_store() -> Store:
    """The store, one for each process: events, checks, sends, suppressions, cursors.

    :raises BadInput: ``wa_store_default`` is neither a PostgreSQL nor a SQLite connection.
    :raises LookupFailed: nobody can tell at present whether there is such a connection.
    """
    return _store(_url(), os.getpid())


async def aget_store() -> Store:
    """The same on an event loop, in a trigger for instance, without blocking it."""
    from asgiref.sync import sync_to_async

    return await sync_to_async(get_store)()


def opt_out_words() -> list[str]:
    """The words of ``[wa] opt_out_words`` by which people say that they want no more messages."""
    configured: str = conf.get("wa", "opt_out_words", fallback="STOP") or ""
    return [word.strip() for word in configured.split(",") if word.strip()]


@lru_cache(maxsize=8)
def _store(url: URL, _process: int) -> Store:
    store = Store(url, opt_out_words())
    # A fork must not share its parent's connections, nor even have them: SQLite would take the parent's locks for its
    # own, and write to a log that the parent removes.
    os.register_at_fork(before=store.close)
    if store.database.is_sqlite:
        _warn_if_distributed(store)
    return store


@lru_cache(maxsize=1)
def _url() -> URL:
    """The store's address. Remembered: a thousand triggers must not look the connection up a thousand times."""
    connection = find_connection(STORE_CONN_ID)
    if connection is None:
        return URL.create("sqlite", database=str(Path(AIRFLOW_HOME) / "wa_store.db"))
    if connection.password:
        mask_secret(connection.password)
    mask_secret(connection.extra_dejson)
    return _url_of(connection)


def _url_of(connection: Connection) -> URL:
    if connection.conn_type in ("postgres", "postgresql"):
        extras = connection.extra_dejson.items()
        options = {name: str(value) for name, value in extras if value is not None and name not in _AIRFLOWS_OWN}
        return URL.create(
            "postgresql",
            username=connection.login or None,
            password=connection.password or None,
            host=connection.host or None,
            port=connection.port,
            database=connection.schema or None,
            query=options,
        )
    if connection.conn_type == "sqlite":
        path = connection.host or connection.schema or ""
        if not Path(path).is_absolute():
            # Each component of Airflow has a working folder of its own, so that each would have a store of its own.
            raise BadInput(
                f"connection {STORE_CONN_ID!r}: the host must be the absolute path of the SQLite file, not {path!r}; "
                "in a URI that is sqlite:////absolute/path"
            )
        return URL.create("sqlite", database=path)
    raise BadInput(
        f"connection {STORE_CONN_ID!r} has type {connection.conn_type!r}; the store needs postgres or sqlite"
    )


def _warn_if_distributed(store: Store) -> None:
    executors = conf.get("core", "executor", fallback="LocalExecutor")
    distributed = [name for name in executors.split(",") if not name.strip().endswith(_LOCAL_EXECUTORS)]
    if distributed:
        log.warning(
            "The store is a SQLite file (%s) and the executor %s may run tasks on other machines, which do not see it: "
            "make a connection %s of the type postgres",
            store.database.url.database,
            ",".join(distributed),
            STORE_CONN_ID,
        )
