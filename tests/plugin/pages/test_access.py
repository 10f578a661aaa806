# SPDX-License-Identifier: Apache-2.0
"""Rights from Airflow's own Simple auth manager, and users from the tokens of requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from starlette.exceptions import HTTPException
from starlette.requests import Request

from airflow_provider_wa.connections.store import STORE_CONN_ID
from airflow_provider_wa.plugin.pages import access
from airflow_provider_wa.plugin.pages.access import Rights, user_of
from airflow_provider_wa.plugin.pages.errors import Refused

Asked = list[tuple[str, str | None, str | None]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The questions to the auth manager: method, connection and team."""
    questions: Asked = []

    class Manager(SimpleAuthManager):
        def is_authorized_connection(self, *, method: Any, user: Any, details: Any = None) -> bool:
            questions.append((method, details and details.conn_id, details and details.team_name))
            return super().is_authorized_connection(method=method, user=user, details=details)

    monkeypatch.setattr(access, "get_auth_manager", Manager)
    return questions


def rights(role: str | None, team: str = "") -> Rights:
    return Rights(
        SimpleAuthManagerUser(username="ana", role=role), lambda conn_id: f"{team} of {conn_id}" if team else None
    )


@pytest.mark.parametrize(
    ("role", "sees", "edits"),
    [("admin", True, True), ("op", True, True), ("user", False, False), ("viewer", False, False), (None, False, False)],
)
def test_the_role_decides_what_a_user_may_see_and_edit(asked: Asked, role: str | None, sees: bool, edits: bool) -> None:
    user = rights(role)
    assert (user.may("GET", "my_wa"), user.may("PUT", "my_wa")) == (sees, edits)
    assert user.readable(["b", "a"]) == (["b", "a"] if sees else [])
    assert (user.may_some("GET"), user.may_some("PUT")) == (sees, edits)


def test_the_manager_is_asked_once_for_each_connection_and_method_with_its_team(asked: Asked) -> None:
    user = rights("admin", "team")
    for _ in range(2):
        user.readable(["a", "b"])
        user.require("PUT", "a")
    assert asked == [("GET", "a", "team of a"), ("GET", "b", "team of b"), ("PUT", "a", "team of a")]


@pytest.mark.usefixtures("asked")
def test_a_missing_right_is_refused_without_the_name_of_the_connection() -> None:
    rights("op").require("PUT", "my_wa")
    with pytest.raises(Refused) as refused:
        rights("viewer").require("GET", "my_wa")
    assert refused.value.status == 403
    assert "my_wa" not in refused.value.text


def test_the_rights_to_the_list_are_those_to_the_connection_of_the_store(asked: Asked) -> None:
    rights("op").require_list("PUT")
    assert [(method, conn_id) for method, conn_id, _ in asked] == [("PUT", STORE_CONN_ID)]
    with pytest.raises(Refused, match=STORE_CONN_ID):
        rights("viewer").require_list("GET")


def request(authorization: str = "") -> Request:
    headers = [(b"authorization", authorization.encode())] if authorization else []
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers, "query_string": b""})


@pytest.mark.parametrize(
    ("header", "given"),
    [("Bearer abc.def", ("Bearer", "abc.def")), ("Bearer  ", None), ("Bearer", None), ("", None)],
)
def test_the_token_of_the_header_is_passed_to_airflow(
    monkeypatch: pytest.MonkeyPatch, header: str, given: tuple[str, str] | None
) -> None:
    seen: list[Any] = []

    async def get_user(_: Request, __: None, bearer: Any) -> str:
        seen.append(bearer)
        return "ana"

    monkeypatch.setattr(access, "get_user", get_user)
    assert asyncio.run(user_of(request(header))) == "ana"
    assert seen == [given]


@pytest.mark.parametrize(
    ("answer", "status"), [(HTTPException(401, "why"), 401), (HTTPException(403, "why"), 403), (None, 401)]
)
def test_a_request_without_a_user_is_refused_with_airflows_status_and_our_own_text(
    monkeypatch: pytest.MonkeyPatch, answer: Any, status: int
) -> None:
    async def get_user(*_: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(access, "get_user", get_user)
    with pytest.raises(Refused, match="Log in to Airflow") as refused:
        asyncio.run(user_of(request()))
    assert refused.value.status == status


def test_airflow_itself_refuses_a_request_without_a_token() -> None:
    with pytest.raises(Refused) as refused:
        asyncio.run(user_of(request()))
    assert refused.value.status in (401, 403)
