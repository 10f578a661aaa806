# SPDX-License-Identifier: Apache-2.0
"""The user of a request, and their rights to see and change connections, decided by Airflow's auth manager."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import ConnectionDetails
from airflow.api_fastapi.core_api.security import get_user
from starlette.exceptions import HTTPException
from starlette.requests import Request

from airflow_provider_wa.connections.lookup import team_of
from airflow_provider_wa.connections.store import STORE_CONN_ID
from airflow_provider_wa.plugin.pages.errors import Refused

Method = Literal["GET", "PUT"]


class Credentials(NamedTuple):
    """The header ``Authorization``, in the form in which FastAPI passes it to Airflow."""

    scheme: str
    credentials: str


async def user_of(request: Request) -> Any:
    """Return the user of a request, from the token in a header or in Airflow's cookie.

    :raises Refused: the token is missing, invalid or has expired.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer: Any = Credentials(scheme, token.strip()) if token.strip() else None
    try:
        # Positional, since the name of the second parameter differs between releases.
        user = await get_user(request, None, bearer)
    except HTTPException as error:
        raise Refused(error.status_code, "Log in to Airflow to see this page.") from None
    if not user:
        raise Refused(401, "Log in to Airflow to see this page.")
    return user


class Rights:
    """Rights of a user to see (``GET``) and to change (``PUT``) each connection, from the auth manager.

    The suppression list is valid for all connections: the rights to the connection of the store are the rights to the
    list.
    """

    def __init__(self, user: Any, team_of: Callable[[str], str | None] = team_of) -> None:
        self._user = user
        self._team_of = team_of
        self._known: dict[tuple[Method, str], bool] = {}

    def may(self, method: Method, conn_id: str) -> bool:
        """Return whether the user may see a connection, or edit it."""
        if (method, conn_id) not in self._known:
            details = ConnectionDetails(conn_id=conn_id, team_name=self._team_of(conn_id))
            allowed = get_auth_manager().is_authorized_connection(method=method, details=details, user=self._user)
            self._known[method, conn_id] = bool(allowed)
        return self._known[method, conn_id]

    def may_some(self, method: Method) -> bool:
        """Return whether the user has the right to connections in general."""
        return bool(get_auth_manager().is_authorized_connection(method=method, user=self._user))

    def readable(self, conn_ids: Iterable[str]) -> list[str]:
        """Return the connections that the user may see, in the given order."""
        return [conn_id for conn_id in conn_ids if self.may("GET", conn_id)]

    def require(self, method: Method, conn_id: str) -> None:
        """Refuse a user without the right to see a connection, or to edit it.

        :raises Refused: the right is missing. The text does not reveal whether the connection exists.
        """
        if not self.may(method, conn_id):
            raise Refused(403, "You do not have this right to the connection. Ask an administrator of this Airflow.")

    def require_list(self, method: Method) -> None:
        """Refuse a user without the right to see the suppression list, or to change it.

        :raises Refused: the right is missing.
        """
        if not self.may(method, STORE_CONN_ID):
            raise Refused(403, f"This needs the right to the connection {STORE_CONN_ID}. Ask an administrator.")
