# SPDX-License-Identifier: Apache-2.0
"""The connections of a user, and the hook of a connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from airflow_provider_wa.connections.listing import conn_types, list_connections
from airflow_provider_wa.connections.lookup import find_for_server
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.plugin.pages.errors import Refused, not_found
from airflow_provider_wa.plugin.pages.visit import Visit

T = TypeVar("T")


@dataclass(frozen=True)
class Account:
    """A connection by its id; ``vendor`` is the name of its type, empty if the connection cannot be listed."""

    conn_id: str
    vendor: str


def accounts_of(visit: Visit) -> list[Account]:
    """Return the connections that a user may see: all that Airflow can list, and all in the store.

    :raises Refused: the user may see none of them, and has no right to connections in general.
    """
    types, names = list_connections(), conn_types()
    readable = visit.rights.readable(sorted({*types, *get_store().overview.conn_ids()}))
    if not readable and not visit.rights.may_some("GET"):
        raise Refused(403, "You do not have the right to see connections. Ask an administrator of this Airflow.")
    return [Account(conn_id, names.get(types.get(conn_id, ""), "")) for conn_id in readable]


def hook_of(conn_id: str) -> WaHook:
    """Return the hook of a connection.

    :raises Refused: the connection does not exist.
    :raises BadInput: a field of it is missing or wrong.
    :raises LookupFailed: it cannot be looked up at present.
    """
    _, connection = find_for_server(conn_id)
    if connection is None:
        raise not_found(f"The connection {conn_id}")
    return WaHook.over(connection)


class Remembered:
    """Cache of answers for some seconds: several users of a page cause only one call to the vendor."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._answers: dict[str, tuple[float, Any]] = {}
        self._asking: dict[str, Lock] = {}

    def get(self, name: str, ask: Callable[[], T]) -> T:
        """Return the cached answer, or ask if there is none or it is too old."""
        with self._asking.setdefault(name, Lock()):
            asked, answer = self._answers.get(name, (float("-inf"), None))
            if self._clock() - asked >= self._seconds:
                answer = ask()
                self._answers[name] = self._clock(), answer
            return answer  # type: ignore[no-any-return]

    def forget(self, name: str) -> None:
        """Remove an answer from the cache."""
        self._answers.pop(name, None)
