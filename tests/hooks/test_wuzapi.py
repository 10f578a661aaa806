# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from helpers.connections import SECRETS, Answers, Connect, assert_no_secret

from airflow_provider_wa.api.errors import BadInput, SessionDown
from airflow_provider_wa.api.messages import Edit, Media, Reaction
from airflow_provider_wa.api.records import SessionState
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.wuzapi import WuzApiHook
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

UP = {"code": 200, "success": True, "data": {"Connected": True, "LoggedIn": True}}
GROUP = "120362023605733675@g.us"
ANA = "5491155554444"
JPEG = b"\xff\xd8\xff\xe0"


def ok(**data: Any) -> dict[str, Any]:
    return {"code": 200, "success": True, "data": data}


@pytest.fixture
def hook(connect: Connect) -> WuzApiHook:
    conn_id = connect("wuzapi", host="https://wuz.test:8080/behind/nginx/", default_region="AR")
    hook = WaHook.for_connection(conn_id)
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
    requests = answers(ok(Details="done"))

    getattr(hook, deed)()

    assert [request.url.path for request in requests] == [f"/behind/nginx/session/{deed}"]
    assert requests[0].method == "POST"


def test_qr_code_of_a_session_that_is_logged_in_is_session_down(hook: WuzApiHook, answers: Answers) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        qr = request.url.path.endswith("/session/qr")
        return httpx.Response(200, json=ok(QRCode="") if qr else UP)

    answers(reply)

    with pytest.raises(SessionDown, match="logged in already"):
        hook.qr_code()


# How a method is called -> the request's method, path and body
CALLS: dict[str, tuple[Callable[[WuzApiHook], Any], dict[str, Any], tuple[str, str, Any]]] = {
    "pair_phone": (
        lambda hook: hook.pair_phone("+54 9 11 5555-4444").code,
        ok(LinkingCode="9H3J-H3J8"),
        ("POST", "/session/pairphone", {"Phone": ANA}),
    ),
    "webhook": (lambda hook: hook.webhook().url, ok(webhook="https://x"), ("GET", "/webhook", None)),
    "delete_webhook": (lambda hook: hook.delete_webhook() or True, ok(), ("DELETE", "/webhook", None)),
    "user_info": (
        lambda hook: hook.user_info(["+54 9 11 5555-4444", "123@lid"])[0].about,
        ok(Users={"123@lid": {"Status": "Busy"}}),
        ("POST", "/user/info", {"Phone": [f"{ANA}@s.whatsapp.net", "123@lid"]}),
    ),
    "avatar": (
        lambda hook: hook.avatar(5491155554444, preview=True).url,
        ok(url="https://x/a.jpg"),
        ("POST", "/user/avatar", {"Phone": ANA, "Preview": True}),
    ),
    "contacts": (
        lambda hook: hook.contacts()[0].name,
        ok(**{"1@s.whatsapp.net": {"PushName": "Ana"}}),
        ("GET", "/user/contacts", None),
    ),
    "lid": (lambda hook: hook.lid(ANA), ok(lid="1@lid"), ("GET", f"/user/lid/{ANA}@s.whatsapp.net", None)),
    "react": (
        lambda hook: hook.send(ANA, Reaction("A1", "👍", own=True)).message_id,
        ok(Id="A1"),
        ("POST", "/chat/react", {"Phone": ANA, "Body": "👍", "Id": "me:A1"}),
    ),
    "edit": (
        lambda hook: hook.send(ANA, Edit("A1", "better")).message_id,
        ok(Id="A1"),
        ("POST", "/chat/send/edit", {"Phone": ANA, "Body": "better", "Id": "A1"}),
    ),
    "delete_message": (
        lambda hook: hook.delete_message(f"{ANA}@s.whatsapp.net", "A1").message_id,
        ok(Id="A1"),
        ("POST", "/chat/delete", {"Phone": ANA, "Id": "A1"}),
    ),
    "presence": (
        lambda hook: hook.presence(ANA, "paused", audio=True) or True,
        ok(Details="done"),
        ("POST", "/chat/presence", {"Phone": ANA, "State": "paused", "Media": "audio"}),
    ),
    "mark_read": (
        lambda hook: hook.mark_read(["A1"], GROUP, ANA) or True,
        ok(Details="done"),
        ("POST", "/chat/markread", {"Id": ["A1"], "Chat": GROUP, "Sender": f"{ANA}@s.whatsapp.net"}),
    ),
    "block": (
        lambda hook: hook.block("+54 9 11 5555-4444") or True,
        ok(Details="User blocked"),
        ("POST", "/user/block", {"Phone": f"{ANA}@s.whatsapp.net"}),
    ),
    "unblock": (
        lambda hook: hook.unblock("123@lid") or True,
        ok(Details="User unblocked"),
        ("POST", "/user/unblock", {"Phone": "123@lid"}),
    ),
    "keep_history": (
        lambda hook: hook.keep_history(50) or True,
        ok(Details="History configured successfully", History=50),
        ("POST", "/session/history", {"history": 50}),
    ),
    "server_version": (
        lambda hook: hook.server_version() == "1.0.6",
        {"status": "ok", "version": "1.0.6"},
        ("GET", "/health", None),
    ),
    "groups": (lambda hook: hook.groups() == [], ok(Groups=None), ("GET", "/group/list", None)),
    "group_info": (
        lambda hook: hook.group_info(GROUP).name,
        ok(JID=GROUP, Name="Us"),
        ("GET", "/group/info", {"GroupJID": GROUP}),
    ),
    "invite_link": (
        lambda hook: hook.invite_link(GROUP),
        ok(InviteLink="https://chat.whatsapp.com/x"),
        ("GET", "/group/invitelink", {"GroupJID": GROUP}),
    ),
    "set_group_photo": (
        lambda hook: hook.set_group_photo(GROUP, Media(JPEG)),
        ok(PictureID="1"),
        ("POST", "/group/photo", {"GroupJID": GROUP, "Image": "data:image/jpeg;base64,/9j/4A=="}),
    ),
    "set_group_name": (
        lambda hook: hook.set_group_name(GROUP, "Us") or True,
        ok(Details="done"),
        ("POST", "/group/name", {"GroupJID": GROUP, "Name": "Us"}),
    ),
}


@pytest.mark.parametrize(("call", "answer", "expected"), CALLS.values(), ids=CALLS)
def test_each_method_makes_its_call(
    hook: WuzApiHook,
    answers: Answers,
    call: Callable[[WuzApiHook], Any],
    answer: dict[str, Any],
    expected: tuple[str, str, Any],
) -> None:
    requests = answers(answer)
    assert call(hook)
    (request,) = requests
    method, path, body = expected
    assert (request.method, request.url.path) == (method, f"/behind/nginx{path}")
    assert (json.loads(request.content) if request.content else None) == body
    assert_no_secret(request.url, repr(hook))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            lambda hook: hook.set_webhook("https://x", ["All"]),
            ("POST", {"webhookURL": "https://x", "events": ["All"]}),
        ),
        (
            lambda hook: hook.update_webhook("https://x", ["All"]),
            ("PUT", {"webhook": "https://x", "events": ["All"], "active": True}),
        ),
    ],
    ids=["set", "update"],
)
def test_a_webhook_is_set_and_read_back(
    hook: WuzApiHook, answers: Answers, call: Callable[[WuzApiHook], Any], expected: tuple[str, Any]
) -> None:
    requests = answers(ok(webhook="https://x", subscribe=["All"]))
    assert call(hook).events == ("All",)
    assert [request.method for request in requests] == [expected[0], "GET"]
    assert json.loads(requests[0].content) == expected[1]


def test_every_flow_has_a_method() -> None:
    assert {endpoint.flow for endpoint in WuzApi.endpoints} <= set(dir(WuzApiHook))


def test_an_old_servers_group_is_asked_for_in_the_query_as_well(hook: WuzApiHook, answers: Answers) -> None:
    requests = answers(ok(JID=GROUP))
    hook.group_info(GROUP)
    assert requests[0].url.params["groupJID"] == GROUP


def test_numbers_are_read_by_the_connections_region(hook: WuzApiHook, answers: Answers) -> None:
    requests = answers(ok(Details="done"))
    hook.presence("011 15-5555-4444")
    assert json.loads(requests[0].content)["Phone"] == ANA

    with pytest.raises(BadInput, match="not a phone number"):
        hook.avatar("Ana")
