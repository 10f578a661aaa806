# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's hook against the sandbox, over a socket."""

from __future__ import annotations

import base64
import time
from typing import Any

import httpx
import pytest
from helpers.vendors import Vendors

from airflow_provider_wa.api.errors import BadInput, SessionDown, Unauthorized, UnsupportedByVendor
from airflow_provider_wa.api.messages import (
    Audio,
    Button,
    Buttons,
    ContactCard,
    Document,
    Edit,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    Message,
    Poll,
    Reaction,
    Sticker,
    Text,
    Video,
)
from airflow_provider_wa.api.records import CheckStatus, SessionState
from airflow_provider_wa.hooks.wuzapi import WuzApiHook
from airflow_provider_wa.sandbox.pictures import qr_png

pytestmark = pytest.mark.sockets

ANA, ABSENT, PICTURED = "51987654321", "51987654300", "51987654303"
TEAM = "120363020000000001@g.us"
PNG = qr_png("picture")
JPEG = b"\xff\xd8\xff\xe0jpeg"

# message -> what the sandbox must have kept of it
MESSAGES: dict[str, tuple[Message, dict[str, Any]]] = {
    "text": (Text("*hi* & ü 👑"), {"type": "text", "text": "*hi* & ü 👑"}),
    "answer": (Text("hi", "A1", ANA), {"quoted": "A1"}),
    "image": (Image(Media(PNG), "look"), {"type": "image", "caption": "look", "bytes": len(PNG)}),
    "image by link": (Image(Media(url="https://example.com/a.jpg")), {"link": "https://example.com/a.jpg"}),
    "audio": (Audio(Media(b"OggS...")), {"type": "audio", "bytes": 7}),
    "video": (Video(Media(b"\0\0\0 ftypisom"), "look", JPEG), {"type": "video", "caption": "look"}),
    "document": (Document(Media(b"x", filename="a b.txt"), "read"), {"filename": "a b.txt", "caption": "read"}),
    "sticker": (Sticker(Media(b"RIFF....WEBP"), thumbnail=PNG), {"type": "sticker", "bytes": 12}),
    "location": (Location(0, 2.294481, "Paris"), {"type": "location", "longitude": 2.294481, "name": "Paris"}),
    "contact": (ContactCard("Ana", "+34 666 666 666"), {"type": "contact", "name": "Ana"}),
    "buttons": (Buttons("tea?", (Button("Yes"), Button("No"))), {"type": "buttons", "text": "tea?"}),
    "list": (
        ListMessage(
            "tea?", "Choose", (ListRow("Tea", "green", "Hot"), ListRow("Milk", section="Cold")), "Menu", "Acme"
        ),
        {"type": "list", "text": "tea?", "header": "Menu", "footer": "Acme", "button_text": "Choose"},
    ),
    "poll": (Poll("tea?", ("yes", "no")), {"type": "poll", "text": "tea?", "options": ["yes", "no"]}),
}


@pytest.fixture
def hook(vendors: Vendors) -> WuzApiHook:
    return WuzApiHook("wuzapi_default")


def test_the_session_comes_and_goes(vendors: Vendors, hook: WuzApiHook) -> None:
    assert hook.test_connection()[0]
    assert hook.connect().logged_in
    with pytest.raises(SessionDown, match="logged in already"):
        hook.qr_code()

    hook.disconnect()
    hook.disconnect()
    assert hook.session().state is SessionState.LOGGED_OUT
    with pytest.raises(SessionDown):
        hook.send(ANA, "hi")
    assert hook.connect(["Message"]).logged_in

    hook.logout()
    assert hook.connect().state is SessionState.LOGGED_OUT
    assert len(hook.pair_phone(ANA).code) == 9
    for _ in range(50):
        try:
            assert hook.qr_code().png.startswith(b"\x89PNG")
            break
        except SessionDown:
            time.sleep(0.02)
    else:
        pytest.fail("there was no QR code")
    vendors.control("scan", vendor="wuzapi")
    assert hook.session().logged_in
    with pytest.raises(BadInput, match="already paired"):
        hook.pair_phone(ANA)


def test_the_webhook_comes_and_goes(hook: WuzApiHook) -> None:
    assert hook.webhook().url == ""
    url = "http://127.0.0.1:9/hook"
    assert hook.set_webhook(url).events == ("Message", "ReadReceipt", "HistorySync", "ChatPresence")
    assert hook.webhook() == hook.set_webhook(url)
    assert hook.update_webhook(url, ["Message"]) == hook.webhook()
    assert hook.webhook().events == ("Message",)
    assert hook.update_webhook(url, active=False).url == hook.webhook().url == ""
    hook.set_webhook(url)
    hook.delete_webhook()
    assert (hook.webhook().url, hook.webhook().events) == ("", ())


def test_users_are_told_of(hook: WuzApiHook) -> None:
    found, absent = hook.check([f"+{ANA}", f"+{ABSENT}"])
    assert (found.status, absent.status) == (CheckStatus.EXISTS, CheckStatus.ABSENT)
    (user,) = hook.user_info([f"+{PICTURED}"])
    assert user.jid == f"{PICTURED}@s.whatsapp.net"
    assert user.picture_id
    avatar = hook.avatar(PICTURED, preview=True)
    assert httpx.get(avatar.url or "").content.startswith(b"\x89PNG")
    assert hook.avatar(ANA).url is None
    assert "Ana Quispe" in [contact.name for contact in hook.contacts()]
    assert hook.lid(ANA) == user.lid.replace(PICTURED[::-1], ANA[::-1])
    assert hook.lid(ABSENT) is None


@pytest.mark.parametrize(("message", "kept"), MESSAGES.values(), ids=MESSAGES)
def test_messages_arrive(vendors: Vendors, hook: WuzApiHook, message: Message, kept: dict[str, Any]) -> None:
    sent = hook.send(ANA, message, message_id="MINE")
    assert sent.message_id == "MINE"
    (entry,) = vendors.ledger("wuzapi")["messages"]
    assert entry | kept == entry
    assert (entry["to"], entry["message_id"]) == (ANA, "MINE")


def test_a_server_that_takes_answers_alone_takes_no_link(vendors: Vendors, hook: WuzApiHook) -> None:
    with pytest.raises(UnsupportedByVendor, match="answers only"):
        hook.send(ANA, Buttons("tea?", (Button("Menu", url="https://example.com"),)))
    assert vendors.ledger("wuzapi")["messages"] == []


def test_messages_are_changed_and_read(vendors: Vendors, hook: WuzApiHook) -> None:
    sent = hook.send(ANA, "hi")
    assert hook.send(ANA, Edit(sent.message_id, "hello")).message_id == sent.message_id
    (entry,) = vendors.ledger("wuzapi")["messages"]
    assert entry["text"] == "hello"
    hook.send(ANA, Reaction(sent.message_id, "👍", own=True))
    hook.send(ANA, Reaction(sent.message_id, "", own=True))
    reactions = vendors.ledger("wuzapi")["messages"][1:]
    assert [entry["reaction"] for entry in reactions] == ["👍", ""]
    assert all(entry["target"] == sent.message_id and entry["target_is_own"] for entry in reactions)
    hook.presence(ANA)
    hook.presence(ANA, "paused", audio=True)
    hook.mark_read(["A1"], ANA)
    hook.mark_read(["A2"], TEAM, ANA)
    assert hook.delete_message(ANA, sent.message_id).message_id == sent.message_id
    assert vendors.ledger("wuzapi")["messages"][0]["deleted"]
    done = httpx.get(f"{vendors.url}/sandbox/actions", params={"vendor": "wuzapi"}).json()["actions"]
    assert [action["name"] for action in done] == [
        "/chat/send/edit",
        "/chat/presence",
        "/chat/presence",
        "/chat/markread",
        "/chat/markread",
        "/chat/delete",
    ]
    assert done[4]["content"]["sender"] == f"{ANA}@s.whatsapp.net"


@pytest.mark.parametrize(
    ("kind", "mimetype"),
    [("image", "image/png"), ("video", "video/mp4"), ("audio", "audio/ogg"), ("document", "application/pdf")],
)
def test_files_that_came_in_are_downloaded(vendors: Vendors, hook: WuzApiHook, kind: str, mimetype: str) -> None:
    media = base64.b64encode(PNG).decode()
    vendors.control("inbox", vendor="wuzapi", media=media, mimetype=mimetype, **{"from": ANA})
    (message,) = httpx.get(f"{vendors.url}/sandbox/inbox", params={"vendor": "wuzapi"}).json()["messages"]
    file = hook.download(kind, message["download"])
    assert (file.content, file.media_type) == (PNG, mimetype)


def test_groups_are_listed_and_changed(hook: WuzApiHook) -> None:
    assert {group.jid: group.name for group in hook.groups()}[TEAM] == "Sandbox team"
    team = hook.group_info(TEAM)
    assert f"{ANA}@s.whatsapp.net" in team.participants
    assert team.created_at is not None
    assert hook.invite_link(TEAM).startswith("https://chat.whatsapp.com/")
    assert hook.set_group_photo(TEAM, Media(JPEG))
    hook.set_group_name(TEAM, "Tea team")
    assert hook.group_info(TEAM).name == "Tea team"


def test_a_wrong_token_is_told(vendors: Vendors) -> None:
    vendors.connect("wuzapi", "wrong_wuzapi", password="another-token")
    with pytest.raises(Unauthorized):
        WuzApiHook("wrong_wuzapi").groups()
