# SPDX-License-Identifier: Apache-2.0
"""Look an Airflow connection up, once, and make of it what the package works with: ``Connected``."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, ClassVar, TypeVar

from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook, Connection, conf
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time import supervisor, task_runner
from airflow.sdk.execution_time.comms import ErrorResponse, GetConnection

from airflow_provider_wa.api.errors import BadInput, Retry, WaError
from airflow_provider_wa.connections.settings import TEAM_SEPARATOR, Settings, parse
from airflow_provider_wa.transport.channel import Endpoint
from airflow_provider_wa.vendors.base import Vendor
from airflow_provider_wa.vendors.forms import ConnectionForm
from airflow_provider_wa.vendors.registry import VENDORS

try:
    from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime as HookRegistry
except ImportError:  # Airflow 3.1
    from airflow.providers_manager import ProvidersManager as HookRegistry  # type: ignore[assignment]


class LookupFailed(WaError):
    """It is not known at present whether a connection exists. Retry."""

    retry = Retry.LATER


class ConnectionType(ABC):
    """A connection type: its form, and a function that makes its vendor. Its hook class is a subclass."""

    form: ClassVar[ConnectionForm]

    @classmethod
    @abstractmethod
    def make_vendor(cls, settings: Settings) -> Vendor:
        """Return the vendor for a connection's fields."""


K = TypeVar("K", bound=ConnectionType)


@dataclass(frozen=True)
class Connected:
    """A connection, looked up and parsed: its fields, its vendor, and the way to it."""

    settings: Settings
    vendor: Vendor
    endpoint: Endpoint


def get_connected(conn_id: str) -> Connected:
    """Look a connection up and parse it.

    :raises AirflowNotFoundException: the connection does not exist.
    :raises BadInput: the connection is of another type, or a field of it is missing or wrong.
    """
    connection = BaseHook.get_connection(conn_id)
    return connected(connection, connection_type(connection, ConnectionType))


def connected(connection: Connection, kind: type[ConnectionType]) -> Connected:
    """Parse a connection of a type; its secrets are masked in all that Airflow logs.

    :raises BadInput: a field is missing or wrong.
    """
    settings = parse(kind.form, connection)
    vendor = kind.make_vendor(settings)
    secrets = tuple(dict.fromkeys((*settings.secrets, *vendor.secrets)))
    return Connected(settings, vendor, replace(settings.endpoint, secrets=secrets))


def connection_type(connection: Connection, base: type[K]) -> type[K]:
    """Return the type of a connection, a subclass of ``base``: other packages may bring types as well.

    :raises BadInput: the connection has another type.
    """
    entry = HookRegistry().hooks.get(connection.conn_type or "")
    if entry is not None:
        module, _, name = entry.hook_class_name.rpartition(".")
        found = getattr(import_module(module), name)
        if isinstance(found, type) and issubclass(found, base):
            return found
    raise BadInput(
        f"connection {connection.conn_id!r}: type {connection.conn_type!r} is not that of a WhatsApp vendor; "
        f"expected one of {', '.join(sorted(vendor.name for vendor in VENDORS))}"
    )


def known_types() -> dict[str, tuple[str, str]]:
    """Return the connection types of all packages, each with its name in the forms and its package."""
    hooks = HookRegistry().hooks.items()
    return {name: (hook.hook_name, hook.package_name) for name, hook in hooks if hook is not None}


def find_connection(conn_id: str) -> Connection | None:
    """Return a connection, None if it does not exist.

    Airflow also reports "not found" when a backend fails, so the backends are asked again before None is returned.

    :raises LookupFailed: a secrets backend or the API server cannot be asked.
    :raises BadInput: the connection in a secrets backend cannot be read.
    """
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        _ask_again(conn_id)
        return None


def find_for_server(conn_id: str) -> tuple[str, Connection | None]:
    """Return a connection for a server, which belongs to no team itself, and the connection's own id.

    With ``[core] multi_team`` the team is the one that the id begins with (``sales___my_wa``), or else the one that the
    connection has in Airflow's database.

    :raises LookupFailed: a secrets backend or the database cannot be asked.
    """
    if not conf.getboolean("core", "multi_team", fallback=False):
        return conn_id, find_connection(conn_id)
    team, _, own_id = conn_id.rpartition(TEAM_SEPARATOR)
    team = team or _team_in_database(own_id) or ""
    return own_id, _find_for_team(own_id, team) if team else find_connection(own_id)


def team_of(conn_id: str) -> str | None:
    """Return the team of a connection in Airflow's database, for a server; None without a team.

    :raises LookupFailed: the database cannot be asked.
    """
    return _team_in_database(conn_id) if conf.getboolean("core", "multi_team", fallback=False) else None


def _find_for_team(conn_id: str, team: str) -> Connection | None:
    """Return a team's connection, or else the one that is common to all teams, as each backend finds it."""
    for backend in supervisor.ensure_secrets_backend_loaded():
        if found := _ask(backend, conn_id, team):
            return found
    return None


def _ask(backend: Any, conn_id: str, team: str = "") -> Connection | None:
    """Ask one backend for a connection.

    :raises LookupFailed: the backend cannot be asked.
    :raises BadInput: the connection in the backend cannot be read.
    """
    # Most backends return a text; some, such as Airflow's database, return the connection itself.
    has_texts = backend.get_connection.__qualname__ == "BaseSecretsBackend.get_connection"
    ask = backend.get_conn_value if has_texts else backend.get_connection
    takes_team = team and "team_name" in inspect.signature(ask).parameters
    try:
        found: Any = ask(conn_id=conn_id, **({"team_name": team} if takes_team else {}))
    except Exception as error:
        raise _failed(conn_id, f"{type(backend).__name__}: {type(error).__name__}") from error
    if not found or not has_texts:
        return found or None
    try:
        return backend.deserialize_connection(conn_id=conn_id, value=found)  # type: ignore[no-any-return]
    except Exception as error:  # noqa: BLE001 - Airflow raises many types for a broken text
        # The error's text may show the password.
        raise BadInput(
            f"connection {conn_id!r}: cannot be read ({type(error).__name__}); expected a URI or a JSON object"
        ) from None


def _team_in_database(conn_id: str) -> str | None:
    """Return the team of a connection in Airflow's database; None without one, or where the database is not at hand."""
    if os.environ.get("_AIRFLOW_PROCESS_CONTEXT") != "server":
        return None
    # Airflow's models, which servers have loaded anyway and tasks must not use.
    from airflow.models.connection import Connection as Row  # noqa: PLC0415

    try:
        team: str | None = Row.get_team_name(conn_id)
    except Exception as error:
        raise _failed(conn_id, f"Airflow's database: {type(error).__name__}") from error
    return team


def _failed(conn_id: str, who: str) -> LookupFailed:
    return LookupFailed(f"connection {conn_id!r}: cannot be looked up ({who}); try again later")


def _ask_again(conn_id: str) -> None:
    """Ask each secrets backend directly: Airflow treats a failing backend like one without the connection."""
    for backend in supervisor.ensure_secrets_backend_loaded():
        _ask(backend, conn_id)
    if comms := getattr(task_runner, "SUPERVISOR_COMMS", None):
        # In a worker and in a triggerer; their backend for it does not raise.
        answer = comms.send(GetConnection(conn_id=conn_id))
        if isinstance(answer, ErrorResponse) and answer.error is not ErrorType.CONNECTION_NOT_FOUND:
            raise _failed(conn_id, f"API server: {answer.error.value}")
