# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import httpx
import pytest
from helpers.connections import SECRETS, Answers, Connect

from airflow_provider_wa.api.errors import SessionDown
from airflow_provider_wa.api.records import SessionState
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.wuzapi import WuzApiHook

UP = {"code": 200, "success": True, "data": {"Connected": True, "LoggedIn": True}}


@pytest.fixture
def hook(connect: Connect) -> WuzApiHook:
    hook = WaHook.for_connection(connect("wuzapi", host="https://wuz.test:8080/behind/nginx/"))
    assert isinstance(hook, WuzApiHook)
    return hook


def test_calls_go_below_the_hosts_path_with_the_token_in_a_header(hook: WuzApiHook, answers: Answers) -> None:
    requests = answers(UP)

    assert hook.session().state is SessionState.LOGGED_IN
    (request,) = requests
    assert str(request.url) == "https://wuz.test:8080/behind/nginx/session/status"
    assert request.headers["token"] == SECRETS["password"]


def test_connect_subscribes_to_events_and_tells_the_state(hook: WuzApiHook, answers: Answers) -> None:
    requests = answers(UP)
    session = hook.connect(["Message"], immediate=False)

    assert session.logged_in
    assert [request.url.path.removeprefix("/behind/nginx") for request in requests] == [
        "/session/connect",
        "/session/status",
    ]
    assert json.loads(requests[0].content) == {"Subscribe": ["Message"], "Immediate": False}


@pytest.mark.parametrize("deed", ["disconnect", "logout"])
def test_disconnect_and_logout_are_different_calls(hook: WuzApiHook, answers: Answers, deed: str) -> None:
    requests = answers({"code": 200, "data": {"Details": "done"}})

    getattr(hook, deed)()

    assert [request.url.path for request in requests] == [f"/behind/nginx/session/{deed}"]
    assert requests[0].method == "POST"


def test_qr_code_of_a_session_that_is_logged_in_is_session_down(hook: WuzApiHook, answers: Answers) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        qr = request.url.path.endswith("/session/qr")
        return httpx.Response(200, json={"code": 200, "data": {"QRCode": ""}} if qr else UP)

    answers(reply)

    with pytest.raises(SessionDown, match="logged in already"):
        hook.qr_code()
