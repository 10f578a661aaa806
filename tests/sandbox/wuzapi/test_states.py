# SPDX-License-Identifier: Apache-2.0
"""Each call in each state of the user, as a real WuzAPI 1.0.6 answered (wuzapi-server.md, "Call by call")."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sandbox.calls import GROUP, PHONE, actions, data_url, refused, wuz
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.fault_injection import NeedsSocket
from airflow_provider_wa.sandbox.pictures import photo_png
from airflow_provider_wa.sandbox.server import Running
from airflow_provider_wa.sandbox.wuzapi import session

A, B, F, C, D = "never_connected", "connect_failed", "no_websocket", "qr_shown", "logged_in"
PANIC, OK, BARE = "panic", 200, (500, None)
NO_SESSION = (500, "no session")
UPLOAD = (
    500,
    "failed to upload file: failed to refresh media connections: failed to query media connections: "
    "websocket not connected",
)
DEVICE, WEBSOCKET = "the store doesn't contain a device JID", "websocket not connected"
JPEG = data_url(b"\xff\xd8\xff\xe0 picture", "image/jpeg")
TEXT = {"Phone": PHONE, "Body": "x"}
ROWS = [{"Title": "Tea"}]


def failing(text: str, device: str = DEVICE) -> dict[str, Any]:
    """What a send answers: without a device, and with one but no websocket."""
    return {B: (500, f"{text}: {device}"), F: (500, f"{text}: {WEBSOCKET}"), C: (500, f"{text}: {device}")}


SENDING = failing("error sending message")
ALL_BARE = {B: BARE, F: BARE, C: BARE}
USYNC = (500, f"failed to check if users are on WhatsApp: failed to send usync query: {WEBSOCKET}")

# call -> what it answers in B, F, C and D; in A it is always "no session" but for those that say so
CALLS: dict[tuple[str, str], tuple[Any, dict[str, Any]]] = {
    ("POST", "/session/disconnect"): (
        {},
        dict.fromkeys((B, F), (500, "cannot disconnect because it is not logged in")) | {C: OK},
    ),
    ("POST", "/session/logout"): (
        {},
        dict.fromkeys((B, F), (500, "could not disconnect as it was not connected"))
        | {C: (500, "could not logout as it was not logged in")},
    ),
    ("GET", "/session/qr"): (
        None,
        dict.fromkeys((B, F), (500, "not connected")) | {C: OK, D: (500, "already logged in")},
    ),
    ("POST", "/session/pairphone"): (
        {"Phone": PHONE},
        dict.fromkeys((B, F), (400, WEBSOCKET)) | {C: OK, D: (400, "already paired")},
    ),
    ("POST", "/user/check"): ({"Phone": [PHONE]}, dict.fromkeys((B, F, C), USYNC)),
    ("POST", "/user/info"): ({"Phone": [f"{PHONE}@s.whatsapp.net"]}, ALL_BARE),
    ("POST", "/user/avatar"): (
        {"Phone": "51987654303"},
        {B: PANIC, F: (500, f"failed to get avatar: {WEBSOCKET}"), C: PANIC},
    ),
    ("GET", "/user/contacts"): (None, {B: PANIC, F: OK, C: PANIC}),
    ("GET", f"/user/lid/{PHONE}"): (None, {B: PANIC, F: OK, C: PANIC}),
    ("POST", "/user/block"): (
        {"Phone": PHONE},
        dict.fromkeys((B, F, C), (500, f"failed to update blocklist: {WEBSOCKET}")),
    ),
    ("GET", "/group/list"): (None, ALL_BARE),
    ("GET", f"/group/info?groupJID={GROUP}"): (None, ALL_BARE),
    ("GET", f"/group/invitelink?groupJID={GROUP}"): (None, ALL_BARE),
    ("POST", "/group/name"): ({"GroupJID": GROUP, "Name": "x"}, ALL_BARE),
    ("POST", "/group/photo"): ({"GroupJID": GROUP, "Image": JPEG}, ALL_BARE),
    ("POST", "/chat/send/text"): (TEXT, SENDING),
    ("POST", "/chat/send/image"): (
        {"Phone": PHONE, "Image": data_url(photo_png("x"), "image/png")},
        SENDING | {B: UPLOAD, F: UPLOAD},
    ),
    ("POST", "/chat/send/audio"): (
        {"Phone": PHONE, "Audio": data_url(b"OggS\0", "audio/ogg")},
        SENDING | {B: UPLOAD, F: UPLOAD},
    ),
    ("POST", "/chat/send/document"): (
        {"Phone": PHONE, "Document": data_url(b"x", "text/plain"), "FileName": "a.txt"},
        SENDING | {B: UPLOAD, F: UPLOAD},
    ),
    ("POST", "/chat/send/location"): ({"Phone": PHONE, "Latitude": 1, "Longitude": 2}, SENDING),
    ("POST", "/chat/send/contact"): ({"Phone": PHONE, "Name": "x", "Vcard": "BEGIN"}, SENDING),
    ("POST", "/chat/send/list"): ({"Phone": PHONE, "Desc": "x", "Sections": [{"Rows": ROWS}]}, SENDING),
    ("POST", "/chat/send/buttons"): ({**TEXT, "Buttons": [{"title": "Yes"}]}, SENDING),
    ("POST", "/chat/send/poll"): (
        {"Group": GROUP, "Header": "x", "Options": ["a", "b"]},
        failing("failed to send poll"),
    ),
    ("POST", "/chat/send/edit"): ({**TEXT, "Id": "A1"}, failing("error sending edit message")),
    ("POST", "/chat/delete"): ({"Phone": PHONE, "Id": "A1"}, SENDING),
    ("POST", "/chat/react"): ({**TEXT, "Id": "A1"}, SENDING),
    ("POST", "/chat/presence"): (
        {"Phone": PHONE, "State": "composing"},
        dict.fromkeys((B, F, C), (500, "failure sending chat presence to Whatsapp servers")),
    ),
    ("POST", "/chat/markread"): (
        {"Id": ["A1"], "Chat": PHONE},
        dict.fromkeys((B, F, C), (500, "failure marking messages as read")),
    ),
    ("POST", "/session/history"): ({"history": 5}, {}),
    ("GET", "/webhook"): (None, {A: OK}),
    ("GET", "/session/status"): (None, {A: OK}),
    ("GET", "/health"): (None, {A: OK}),
}


def put(client: httpx.Client, state: str) -> None:
    assert client.post("/sandbox/state", json={"vendor": "wuzapi", "state": state}).status_code == 200


@pytest.mark.parametrize("state", [A, B, F, C, D])
@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_each_call_in_each_state(client: TestClient, call: tuple[str, str], state: str) -> None:
    body, answers = CALLS[call]
    put(client, state)
    expected = answers.get(state, NO_SESSION if state == A else OK)
    if expected == PANIC:
        with pytest.raises(NeedsSocket, match="a handler that dies needs a real socket"):
            wuz(client, *call, body)
        return
    response = wuz(client, *call, body)
    assert response.status_code == (expected if isinstance(expected, int) else expected[0]), response.text
    if isinstance(expected, tuple):
        assert refused(response) == expected


def test_a_handler_that_dies_closes_the_connection(server: Running) -> None:
    with httpx.Client(base_url=server.url) as client:
        put(client, B)
        with pytest.raises(httpx.RemoteProtocolError):
            wuz(client, "GET", "/user/contacts")
        assert client.get("/sandbox/health").status_code == 200


@pytest.mark.parametrize("state", [B, F])
def test_a_download_works_logged_out(client: TestClient, state: str) -> None:
    body = {"vendor": "wuzapi", "from": PHONE, "media": "T2dnUw==", "mimetype": "audio/ogg"}
    keys = client.post("/sandbox/inbox", json=body).json()["download"]
    put(client, state)
    assert wuz(client, "POST", "/chat/downloadaudio", keys).status_code == 200


@pytest.mark.parametrize("state", [B, F])
def test_connecting_without_the_internet_starts_another_client(
    client: TestClient, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CONNECT_WAIT", 0.0)
    put(client, state)
    reply = wuz(client, "POST", "/session/connect", {"Immediate": True})
    assert reply.json()["data"]["details"] == "Connected!"
    status = wuz(client, "GET", "/session/status").json()["data"]
    assert (status["connected"], status["loggedIn"]) == (False, False)
    assert bool(status["jid"]) is (state == F)
    assert refused(wuz(client, "POST", "/session/connect", {})) == (500, "failed to Connect")
    assert [action["content"]["clients"] for action in actions(client)] == [2, 3]


@pytest.mark.parametrize(("state", "connected", "logged_in"), [(C, True, False), (D, True, True)])
def test_a_connected_session_is_not_connected_again(
    client: TestClient, state: str, connected: bool, logged_in: bool
) -> None:
    put(client, state)
    assert refused(wuz(client, "POST", "/session/connect", {})) == (500, "already connected")
    status = wuz(client, "GET", "/session/status").json()["data"]
    assert (status["connected"], status["loggedIn"]) == (connected, logged_in)
    assert actions(client) == []
