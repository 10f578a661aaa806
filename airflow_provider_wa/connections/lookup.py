# SPDX-License-Identifier: Apache-2.0
"""Whether a connection exists: Airflow says "not found" also where nobody could tell."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook, Connection
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time import supervisor
from airflow.sdk.execution_time.comms import ErrorResponse, GetConnection

from airflow_provider_wa.api.errors import Retry, WaError


class LookupFailed(WaError):
    """Nobody can tell at present whether there is such a connection. Retry."""

    retry = Retry.LATER


def find_connection(conn_id: str) -> Connection | None:
    """The connection, None if there is none.

    :raises LookupFailed: a secrets backend or the API server cannot be asked.
    """
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        _ask_again(conn_id)
        return None


def _ask_again(conn_id: str) -> None:
    """Airflow passes over a backend that fails as if it had no such connection: ask each for itself."""
    for backend in supervisor.ensure_secrets_backend_loaded():
        try:
            backend.get_connection(conn_id=conn_id)
        except Exception as error:
            # Its text may show what it was asked for.
            name = f"{type(backend).__name__}: {type(error).__name__}"
            raise LookupFailed(f"connection {conn_id!r} cannot be looked up ({name})") from error
    from airflow.sdk.execution_time import task_runner

    if comms := getattr(task_runner, "SUPERVISOR_COMMS", None):
        # In a worker and in a triggerer; their backend for it does not raise.
        answer = comms.send(GetConnection(conn_id=conn_id))
        if isinstance(answer, ErrorResponse) and answer.error is not ErrorType.CONNECTION_NOT_FOUND:
            raise LookupFailed(f"connection {conn_id!r} cannot be looked up (the API server: {answer.error.value})")
