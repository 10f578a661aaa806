# SPDX-License-Identifier: Apache-2.0
"""List of the WhatsApp connections in Airflow's database and in the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import metadata
from urllib.parse import urlsplit

from airflow_provider_wa.connections.lookup import known_types
from airflow_provider_wa.provider_info import FORMS

_VARIABLE = "AIRFLOW_CONN_"
_OURS = "airflow-provider-wa"


def list_connections() -> dict[str, str]:
    """Return the types of the WhatsApp connections by their ids, sorted.

    Other secrets backends cannot list their connections. Call it only in a server: it reads Airflow's database.
    """
    types = conn_types()
    found = {**_in_database(types), **_in_environment(os.environ)}
    return {conn_id: found[conn_id] for conn_id in sorted(found) if found[conn_id] in types}


def conn_types() -> Mapping[str, str]:
    """Return the connection types by their names in the forms, including the types of dependent packages."""
    others = {
        name: shown for name, (shown, package) in known_types().items() if name not in FORMS and _uses_ours(package)
    }
    return {**{name: form.hook_name for name, form in FORMS.items()}, **others}


def _uses_ours(package: str) -> bool:
    try:
        return any(line.startswith(_OURS) for line in metadata.requires(package) or ())
    except (metadata.PackageNotFoundError, ValueError):  # a type without a package
        return False


def _in_environment(environ: Mapping[str, str]) -> dict[str, str]:
    variables = ((name.removeprefix(_VARIABLE), value) for name, value in environ.items() if name.startswith(_VARIABLE))
    # In a team's variable the team's name precedes the id.
    return {name.rpartition("___")[2].lower(): _type(value) for name, value in variables}


def _type(value: str) -> str:
    """Return the type in a connection's JSON or URI; empty without a type."""
    try:
        found = json.loads(value).get("conn_type") if value.lstrip().startswith("{") else urlsplit(value).scheme
    except (ValueError, AttributeError):
        return ""
    return str(found or "").replace("-", "_")


def _in_database(types: Mapping[str, str]) -> dict[str, str]:
    # Airflow's models, which servers have loaded anyway and tasks must not use.
    from airflow.models.connection import Connection  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    statement = select(Connection.conn_id, Connection.conn_type).where(Connection.conn_type.in_([*types]))
    with create_session() as session:
        return {row.conn_id: row.conn_type for row in session.execute(statement)}
