# SPDX-License-Identifier: Apache-2.0
"""The store behind the Airflow connection ``wa_store_default``, or else in a SQLite file in AIRFLOW_HOME."""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from pathlib import Path

from airflow.configuration import AIRFLOW_HOME
from airflow.providers.common.compat.sdk import Connection, conf
from airflow.sdk.log import mask_secret
from asgiref.sync import sync_to_async
from sqlalchemy.engine import URL

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.config import read_config
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
"""Extras of a postgres connection that are for Airflow's PostgresHook and not for PostgreSQL."""

_LOCAL_EXECUTORS = ("LocalExecutor", "SequentialExecutor")

log = logging.getLogger(__name__)


def get_store() -> Store:
    """Return the store, one for each process: events, checks, sends, batches, suppressions, positions.

    :raises BadInput: ``wa_store_default`` is neither a PostgreSQL nor a SQLite connection.
    :raises LookupFailed: it is not known at present whether the connection exists.
    """
    return _store(_url(), os.getpid())


async def aget_store() -> Store:
    """Return the store without blocking the event loop, in a trigger for instance."""
    return await sync_to_async(get_store)()


@lru_cache(maxsize=8)
def _store(url: URL, _process: int) -> Store:
    store = Store(url, read_config().opt_out_words)
    # A fork must not share its parent's connections, nor even have them: SQLite would take the parent's locks for its
    # own, and write to a log that the parent removes.
    os.register_at_fork(before=store.close)
    if store.database.is_sqlite:
        _warn_if_distributed(store)
    return store


@lru_cache(maxsize=1)
def _url() -> URL:
    """Return the store's URL; remembered, so that a thousand triggers look the connection up once."""
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
                f"connection {STORE_CONN_ID!r}: host: {path!r} is not an absolute path; expected that of the SQLite "
                "file, in a URI sqlite:////absolute/path"
            )
        return URL.create("sqlite", database=path)
    raise BadInput(
        f"connection {STORE_CONN_ID!r}: type {connection.conn_type!r} is not a store; expected postgres or sqlite"
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
