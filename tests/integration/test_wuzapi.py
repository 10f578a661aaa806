# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's hook against the sandbox, over a socket."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from helpers.vendors import Vendors
from sandbox.calls import recording

from airflow_provider_wa.api.errors import (
    BadInput,
    SessionDown,
    Unauthorized,
    UnsupportedByVendor,
    VendorUnavailable,
)
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
from airflow_provider_wa.api.webhooks import RawPost
from airflow_provider_wa.hooks.wuzapi import WuzApiHook
from airflow_provider_wa.sandbox.pictures import qr_png
from airflow_provider_wa.vendors.wuzapi.tables import EVENTS

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
    "music": (Audio(Media(b"ID3...")), {"type": "audio", "ptt": False, "mimetype": "audio/mpeg"}),
    "voice": (Audio(Media(b"OggS...")), {"type": "audio", "ptt": True, "mimetype": "audio/ogg; codecs=opus"}),
    "spreadsheet": (
        Document(Media(b"PK\x03\x04", filename="a.xlsx")),
        {"mimetype": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    ),
    "sticker of a PNG": (Sticker(Media(PNG)), {"type": "sticker", "mimetype": "image/png"}),
    "quoting picture": (
        Image(Media(PNG), quoted_id="A1", quoted_sender=ANA, mentions=(ANA,)),
        {"quoted": "A1", "mentioned": [f"{ANA}@s.whatsapp.net"]},
    ),
    "preview": (Text("https://example.com", link_preview=True), {"link_preview": True}),
    "buttons of all kinds": (
        Buttons(
            "tea?",
            (
                Button("Yes"),
                Button("Menu", url="https://x.example"),
                Button("Call", phone="+51"),
                Button("Copy", copy_code="TEA"),
            ),
            "f",
            Media(PNG),
        ),
        {
            "footer": "f",
            "picture": True,
            "buttons": [
                {"id": "1", "text": "Yes", "type": "reply"},
                {"id": "2", "text": "Menu", "type": "cta_url", "url": "https://x.example"},
                {"id": "3", "text": "Call", "type": "cta_call", "phone": "+51"},
                {"id": "4", "text": "Copy", "type": "copy", "copy_code": "TEA"},
            ],
        },
    ),
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
    assert hook.set_webhook(url).events == EVENTS
    with pytest.raises(BadInput, match="unknown 'LoggedOff'; expected some of Message,"):
        hook.set_webhook(url, ["LoggedOff"])
    with pytest.raises(BadInput, match="this server does not know ChatNew; it posts Message now"):
        hook.set_webhook(url, ["Message", "ChatNew"])
    hook.set_webhook(url)
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
    vendors.control("generation", vendor="wuzapi", generation="answers")
    assert "footer" in (hook.send(ANA, Buttons("tea?", (Button("Yes"),), "f")).warning or "")
    vendors.control("reset")
    vendors.control("generation", vendor="wuzapi", generation="answers")
    with pytest.raises(UnsupportedByVendor, match="reply buttons only"):
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
    [
        ("image", "image/png"),
        ("video", "video/mp4"),
        ("audio", "audio/ogg"),
        ("document", "application/pdf"),
        ("sticker", "image/webp"),
    ],
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
    assert team.owner == "51999000000@s.whatsapp.net"
    assert team.raw["Participants"][1]["JID"].endswith("@lid")
    assert team.created_at is not None
    assert hook.invite_link(TEAM).startswith("https://chat.whatsapp.com/")
    assert hook.set_group_photo(TEAM, Media(JPEG))
    hook.set_group_name(TEAM, "Tea team")
    assert hook.group_info(TEAM).name == "Tea team"


def state(vendors: Vendors, name: str) -> None:
    vendors.control("state", vendor="wuzapi", state=name)


DOWN: dict[str, Callable[[WuzApiHook], Any]] = {
    "user_info": lambda hook: hook.user_info([ANA]),
    "avatar": lambda hook: hook.avatar(PICTURED),
    "groups": lambda hook: hook.groups(),
    "group_info": lambda hook: hook.group_info(TEAM),
    "invite_link": lambda hook: hook.invite_link(TEAM),
    "set_group_photo": lambda hook: hook.set_group_photo(TEAM, Media(JPEG)),
    "set_group_name": lambda hook: hook.set_group_name(TEAM, "x"),
    "presence": lambda hook: hook.presence(ANA),
    "mark_read": lambda hook: hook.mark_read(["A1"], ANA),
    "check": lambda hook: hook.check([f"+{ANA}"]),
    "text": lambda hook: hook.send(ANA, "hi"),
    "image": lambda hook: hook.send(ANA, Image(Media(PNG))),
    "poll": lambda hook: hook.send(ANA, Poll("?", ("a", "b"))),
    "block": lambda hook: hook.block(ANA),
}


@pytest.mark.parametrize("name", ["never_connected", "connect_failed", "no_websocket"])
@pytest.mark.parametrize("call", DOWN.values(), ids=DOWN)
def test_each_call_says_that_the_session_is_down(
    vendors: Vendors, hook: WuzApiHook, call: Callable[[WuzApiHook], Any], name: str
) -> None:
    state(vendors, name)
    with pytest.raises(SessionDown):
        call(hook)
    assert vendors.ledger("wuzapi")["requests"]["wuzapi"] <= 2


@pytest.mark.parametrize("call", [lambda hook: hook.contacts(), lambda hook: hook.lid(ANA)], ids=["contacts", "lid"])
def test_a_handler_that_dies_without_a_device_is_a_session_that_is_down(
    vendors: Vendors, hook: WuzApiHook, call: Callable[[WuzApiHook], Any]
) -> None:
    for name in ("connect_failed", "qr_shown"):
        state(vendors, name)
        with pytest.raises(SessionDown, match=r"not connected|not scanned"):
            call(hook)
    state(vendors, "no_websocket")
    assert call(hook), "the device has it"


def test_an_unknown_group_is_not_asked_for_again_and_again(vendors: Vendors, hook: WuzApiHook) -> None:
    with pytest.raises(VendorUnavailable):
        hook.group_info("120363020000000009@g.us")
    assert vendors.ledger("wuzapi")["requests"]["wuzapi"] == 2


@pytest.mark.parametrize("generation", ["document", "1.0.6", "newest"])
def test_connecting_twice_is_fine_with_every_server(vendors: Vendors, hook: WuzApiHook, generation: str) -> None:
    vendors.control("generation", vendor="wuzapi", generation=generation)
    assert hook.connect().logged_in
    assert hook.connect(["Message"], immediate=False).logged_in
    assert httpx.get(f"{vendors.url}/sandbox/actions").json() == {"actions": []}


def test_connecting_sends_the_subscriptions_that_are_there(hook: WuzApiHook) -> None:
    hook.disconnect()
    hook.set_webhook("http://127.0.0.1:9/hook", ["Message", "CallOffer"])
    assert hook.connect().logged_in
    assert hook.webhook().events == ("Message", "CallOffer")
    assert hook.connect(["Message", "QR"]).logged_in, "of a connected session they are set, too"
    assert hook.webhook() == replace(hook.webhook(), url="http://127.0.0.1:9/hook", events=("Message", "QR"))
    hook.disconnect()
    hook.connect()
    assert hook.webhook().events == EVENTS, "disconnecting blanks them"


def test_a_connect_without_an_answer_is_not_repeated(vendors: Vendors, hook: WuzApiHook) -> None:
    state(vendors, "no_websocket")
    vendors.control("faults", vendor="wuzapi", kind="lost_reply", path="/session/connect", times=1)
    with pytest.raises(VendorUnavailable, match="connect: the session is not connected"):
        hook.connect()
    (action,) = httpx.get(f"{vendors.url}/sandbox/actions").json()["actions"]
    assert action["content"] == {"clients": 2}
    state(vendors, "never_connected")
    vendors.control("faults", vendor="wuzapi", kind="lost_reply", path="/session/connect", times=1)
    assert hook.connect().state is SessionState.LOGGED_OUT, "the state tells that it is connected"


KEY = "0123456789abcdef0123456789abcdef"


def test_a_webhook_with_a_key_is_signed_from_then_on(vendors: Vendors) -> None:
    conn_id = vendors.connect("wuzapi", "signed", extra={"hmac_secret": KEY})
    signed = WuzApiHook(conn_id)
    with recording() as recorder:
        signed.set_webhook(recorder.url, ["Message"])
        assert signed.session().raw["hmac_configured"] is True
        vendors.state.receive("wuzapi", ANA, "hello")
        headers, body = recorder.next()
    signed.vendor.verify(RawPost(headers, body))
    with pytest.raises(Unauthorized):
        signed.vendor.verify(RawPost(headers, body + b" "))


def test_a_key_that_is_too_short_is_refused_before_anything_is_set(vendors: Vendors) -> None:
    hook = WuzApiHook(vendors.connect("wuzapi", "short", extra={"hmac_secret": "x" * 31}))
    with pytest.raises(BadInput, match="hmac_secret: it has 31 characters; the server takes 32 or more"):
        hook.set_webhook("http://127.0.0.1:9/hook")
    assert vendors.ledger("wuzapi")["requests"] == {}


def test_the_inbox_is_pulled_from_the_servers_history(vendors: Vendors, hook: WuzApiHook) -> None:
    with pytest.raises(UnsupportedByVendor, match="set a number per chat with keep_history first"):
        hook.inbox()
    hook.keep_history(3)
    sent = [vendors.state.receive("wuzapi", ANA, text) for text in ("one", "two", "three", "four")]
    group = vendors.state.receive("wuzapi", ANA, "in the group", group=TEAM.partition("@")[0])
    hook.send(ANA, "ours is left out")
    messages = hook.inbox()
    assert [message.text for message in messages] == ["three", "four", "in the group"]
    assert {message.sender for message in messages} == {ANA}
    assert messages[-1].chat == TEAM
    after = hook.inbox(after=sent[2].message_id)
    assert [message.message_id for message in after] == [sent[3].message_id, group.message_id]
    assert [message.text for message in hook.inbox(limit=1)] == ["in the group"]


def test_people_are_blocked_and_the_servers_version_is_told(vendors: Vendors, hook: WuzApiHook) -> None:
    hook.block(ANA)
    hook.unblock(f"{ANA}@s.whatsapp.net")
    done = httpx.get(f"{vendors.url}/sandbox/actions").json()["actions"]
    assert [(action["name"], action["content"]["jid"]) for action in done] == [
        ("/user/block", f"{ANA}@s.whatsapp.net"),
        ("/user/unblock", f"{ANA}@s.whatsapp.net"),
    ]
    assert hook.server_version() == "1.0.6"
    assert hook.test_connection()[1].endswith("is logged in; the server's version is 1.0.6")
    vendors.control("generation", vendor="wuzapi", generation="document")
    assert hook.server_version() is None
    assert hook.test_connection()[0]


@pytest.mark.parametrize("code", ["upload", "device list", "info query"])
def test_what_was_surely_not_sent_may_be_sent_later(vendors: Vendors, hook: WuzApiHook, code: str) -> None:
    vendors.control("faults", vendor="wuzapi", kind="refuse", code=code, path="/chat/send")
    with pytest.raises(VendorUnavailable, match="nothing went out"):
        hook.send(ANA, "hi")
    assert vendors.ledger("wuzapi")["requests"] == {"wuzapi": 1}


def test_a_picture_by_link_may_be_missing_over_buttons(hook: WuzApiHook) -> None:
    message = Buttons("tea?", (Button("Yes"),), media=Media(url="https://example.com/a.png"))
    assert "without it" in (hook.send(ANA, message).warning or "")


def test_a_link_into_the_servers_network_is_refused(hook: WuzApiHook) -> None:
    with pytest.raises(BadInput, match="does not fetch from its own network"):
        hook.send(ANA, Image(Media(url="http://127.0.0.1/a.png")))


def test_a_wrong_token_is_told(vendors: Vendors) -> None:
    vendors.connect("wuzapi", "wrong_wuzapi", password="another-token")
    with pytest.raises(Unauthorized):
        WuzApiHook("wrong_wuzapi").groups()
