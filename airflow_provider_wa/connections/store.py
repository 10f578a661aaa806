# SPDX-License-Identifier: Apache-2.0
"""The store behind the Airflow connection ``wa_store_default``, or else in a SQLite file in AIRFLOW_HOME."""

from __future__ import annotations

import logging
import os
import sys
import time
from functools import lru_cache
from pathlib import Path

from airflow.configuration import AIRFLOW_HOME
from airflow.providers.common.compat.sdk import Connection, conf
from airflow.sdk.log import mask_secret
from asgiref.sync import sync_to_async
from sqlalchemy.engine import URL

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.config import read_config
from airflow_provider_wa.connections.lookup import LookupFailed, find_connection
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.logs import guard_logs

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

_ONE_MACHINE = ("LocalExecutor", "airflow.executors.local_executor.LocalExecutor")
"""Executors that run tasks where the scheduler is, by the names that ``[core] executor`` takes."""

_REMOTE_WORKERS = {"celery": "CeleryExecutor", "edge": "EdgeExecutor"}
"""Executors by the command that starts their workers: ``airflow celery worker``."""

_POD = "AIRFLOW_IS_K8S_EXECUTOR_POD"
"""Set in the pods of the KubernetesExecutor, whose template may configure the LocalExecutor."""

MISSING_SECONDS = 5.0
"""Seconds after which a connection that does not exist is looked up again: it may have been made."""

TRUSTED_SECONDS = 60.0
"""Seconds after which a connection is looked up again: it may have been changed."""

log = logging.getLogger(__name__)


def get_store() -> Store:
    """Return the store, one for each process: events, checks, sends, batches, suppressions, positions.

    :raises BadInput: ``wa_store_default`` is neither a PostgreSQL nor a SQLite connection; or the store is a SQLite
        file, and tasks may run on machines that do not see it.
    :raises LookupFailed: it is not known at present whether the connection exists.
    """
    url = _url()
    if url.get_backend_name() == "sqlite":
        _refuse_other_machines(url)
    return _store(url, os.getpid())


async def aget_store() -> Store:
    """Return the store without blocking the event loop, in a trigger for instance."""
    return await sync_to_async(get_store)()


@lru_cache(maxsize=8)
def _store(url: URL, _process: int) -> Store:
    config = read_config()
    store = Store(url, config.opt_out_words, keep_texts=config.texts_kept)
    # A fork must not share its parent's connections, nor even have them: SQLite would take the parent's locks for its
    # own, and write to a log that the parent removes.
    os.register_at_fork(before=store.close)
    return store


class _Address:
    """The store's URL, remembered for a while: a thousand triggers look the connection up once.

    It is looked up again in processes that run for long: its connection may be made, or changed.
    """

    def __init__(self) -> None:
        self.cache_clear()

    def cache_clear(self) -> None:
        """Forget the URL."""
        self._url: URL | None = None
        self._exists = False
        self._looked_up = float("-inf")

    def __call__(self) -> URL:
        """Return the URL.

        :raises BadInput: the connection is not that of a store.
        :raises LookupFailed: it cannot be looked up, and has not been before.
        """
        known, trusted = self._url, TRUSTED_SECONDS if self._exists else MISSING_SECONDS
        if known is not None and time.monotonic() - self._looked_up < trusted:
            return known
        # Before the look-up: other threads continue with the known store.
        self._looked_up = time.monotonic()
        try:
            found, self._exists = _look_up()
        except LookupFailed as error:
            if known is None:
                raise
            log.warning("The current store is kept: %s", error)
            return known
        except BadInput:
            self._url = None
            raise
        if known is not None and found != known:
            log.warning("The store is %s from now on; what was stored in %s stays there", _shown(found), _shown(known))
        elif known is None and not self._exists:
            log.info("There is no connection %s: the store is %s", STORE_CONN_ID, _shown(found))
        self._url = found
        return found


_url = _Address()


def _look_up() -> tuple[URL, bool]:
    """Return the store's URL, and whether its connection exists."""
    connection = find_connection(STORE_CONN_ID)
    if connection is None:
        return URL.create("sqlite", database=str(Path(AIRFLOW_HOME) / "wa_store.db")), False
    if connection.password:
        mask_secret(connection.password)
        guard_logs([connection.password])
    mask_secret(connection.extra_dejson)
    return _url_of(connection), True


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


def _shown(url: URL) -> str:
    # Without the options: a password may be among them as well.
    return url.set(query={}).render_as_string(hide_password=True)


def _refuse_other_machines(url: URL) -> None:
    """Raise ``BadInput`` if tasks may run on other machines: each would message people by a store of its own."""
    executors = _other_machines()
    if executors and not read_config().local_store_allowed:
        raise BadInput(
            f"connection {STORE_CONN_ID!r}: the store is a SQLite file ({url.database}), and {', '.join(executors)} "
            "may run tasks on machines that do not see it; make the connection one of the type postgres, or set "
            "[wa] allow_local_store = True if all of Airflow's components run on one machine"
        )


def _other_machines() -> list[str]:
    """Return the executors that may run tasks on other machines: those of all teams, and the one of this process."""
    configured = conf.get("core", "executor", fallback="LocalExecutor").replace(";", ",").split(",")
    # A team's list begins with its name and =, an alias goes before the executor and a colon.
    executors = [name.rpartition("=")[2].rpartition(":")[2].strip() for name in configured]
    # What a worker is configured with need not be what has started it.
    if len(sys.argv) > 2 and sys.argv[2] == "worker" and sys.argv[1] in _REMOTE_WORKERS:
        executors.append(_REMOTE_WORKERS[sys.argv[1]])
    if os.environ.get(_POD):
        executors.append("KubernetesExecutor")
    return list(dict.fromkeys(name for name in executors if name and name not in _ONE_MACHINE))
