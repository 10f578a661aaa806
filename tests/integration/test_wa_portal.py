# SPDX-License-Identifier: Apache-2.0
"""The portal's hook against the sandbox, over a socket."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from helpers.vendors import Vendors

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded, SessionDown, Unauthorized, WaError
from airflow_provider_wa.api.messages import (
    Button,
    Buttons,
    ContactCard,
    Document,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    Message,
    Text,
)
from airflow_provider_wa.api.records import DeliveryState
from airflow_provider_wa.hooks.wa_portal import WaPortalHook
from airflow_provider_wa.sandbox.pictures import qr_png

pytestmark = pytest.mark.sockets

ANA, ABSENT, REPLIES = "51987654321", "51987654300", "51987654305"
PNG = qr_png("picture")
LINK = Media(url="https://example.com/prices.pdf")
UPLOAD = Media(PNG, filename="a b.png")
PARIS = Location(48.85837, 2.294481, "Paris")
ANSWERS = (Button("Yes"), Button("No"), Button("Later"))
ACTIONS = (Button("Call", phone="+91 93000 00002"), Button("Visit", url="https://example.com/?a=b&c"), Button("Yes"))

# message -> what the sandbox must have kept of it
MESSAGES: dict[str, tuple[Message, dict[str, Any]]] = {
    "sendText": (Text("*hi* & ü 👑"), {"type": "text", "text": "*hi* & ü 👑"}),
    "sendText, long": (Text("é" * 1000), {"text": "é" * 1000}),
    "sendFiles": (Document(LINK), {"type": "document", "link": LINK.url}),
    "sendFiles, upload": (Image(UPLOAD), {"type": "image"}),
    "sendFileWithCaption": (Image(Media(url="https://example.com/a.jpg"), "hi"), {"type": "image", "caption": "hi"}),
    "sendFileWithCaption, upload": (Image(UPLOAD, "é" * 1000), {"type": "image", "caption": "é" * 1000}),
    "sendLocation": (PARIS, {"type": "location", "latitude": "48.85837", "name": "Paris"}),
    "sendContact": (ContactCard("Ana", "+34 666 666 666"), {"type": "contact", "name": "Ana", "phone": "34666666666"}),
    "sendTextButton": (Buttons("hi", ANSWERS, "Acme"), {"type": "buttons", "text": "hi", "footer": "Acme"}),
    "sendTextButton, actions": (Buttons("hi", ACTIONS), {"type": "buttons"}),
    "sendFilesButton": (Buttons("hi", ACTIONS, media=LINK), {"type": "document", "caption": "hi", "link": LINK.url}),
    "sendFilesButton, upload": (Buttons("hi", ANSWERS, media=UPLOAD), {"type": "image", "caption": "hi"}),
    "sendLocationButton": (Buttons("hi", ANSWERS, location=PARIS), {"type": "location", "text": "hi", "name": "Paris"}),
    "sendList": (
        ListMessage("hi", "Choose", (ListRow("Tea", "green", "Hot"), ListRow("Milk")), "Menu", "Acme"),
        {
            "type": "list",
            "rows": [
                {"section": "Hot", "title": "Tea", "description": "green"},
                {"section": "", "title": "Milk", "description": ""},
            ],
        },
    ),
    "sendList, long": (
        ListMessage("hi", "Choose", tuple(ListRow(f"Item {n}", "é" * 30) for n in range(40))),
        {"type": "list"},
    ),
}


@pytest.fixture
def hook(vendors: Vendors) -> WaPortalHook:
    return WaPortalHook("wa_portal_default")


def test_every_kind_of_message_arrives_as_it_was_meant(vendors: Vendors, hook: WaPortalHook) -> None:
    sent = {name: hook.send(ANA, message) for name, (message, _) in MESSAGES.items()}
    kept = {message["message_id"]: message for message in vendors.ledger("wa_portal")["messages"]}
    for name, (_, expected) in MESSAGES.items():
        found = kept[sent[name].message_id]
        assert {key: found.get(key) for key in expected} == expected, name
    buttons = kept[sent["sendTextButton, actions"].message_id]["buttons"]
    assert {button["type"]: button.get("value") for button in buttons} == {
        "reply": None, "call": "+919300000002", "url": "https://example.com/?a=b&c",
    }  # fmt: skip
    assert len(kept[sent["sendList, long"].message_id]["rows"]) == 40


def test_a_message_and_its_answer_are_followed_to_the_end(vendors: Vendors, hook: WaPortalHook) -> None:
    began = datetime.now(timezone.utc) - timedelta(minutes=1)
    # 05 answers what it has read.
    ids = [hook.send(REPLIES, f"hello {number}").message_id for number in range(3)]
    _until(lambda: hook.message_status(ids[-1]).state is DeliveryState.READ)

    report = hook.delivery_report(since=began)
    assert {status.message_id for status in report} == set(ids)
    assert [status.sent_at for status in report] == sorted(status.sent_at for status in report if status.sent_at)
    assert len(hook.delivery_report(limit=2)) == 2
    assert hook.delivery_report(until=began) == []
    with pytest.raises(BadInput, match="at most 7"):
        hook.delivery_report(since=began - timedelta(days=9))

    _until(lambda: len(hook.inbox(since=began)) == 3)
    inbox = hook.inbox()
    assert {message.text for message in inbox} == {f"Re: hello {number}" for number in range(3)}
    assert {message.sender for message in inbox} == {REPLIES}
    assert hook.inbox(limit=1) == inbox[-1:]
    assert hook.inbox(after=inbox[0].message_id) == inbox[1:]
    assert hook.inbox(after=inbox[0].message_id, limit=1) == inbox[1:2]
    assert hook.inbox(after=inbox[-1].message_id) == []
    assert hook.inbox(until=began) == []


def test_a_file_that_came_in(vendors: Vendors, hook: WaPortalHook) -> None:
    vendors.control("inbox", vendor="wa_portal", **{"from": ANA}, media="iVBORw0KGgo=", mimetype="image/png", text="hi")
    (message,) = hook.inbox()
    assert (message.kind, message.text, message.sender, message.chat) == ("image", "hi", ANA, f"{ANA}@s.whatsapp.net")
    assert message.media_url


def test_the_account_logged_in_and_out(vendors: Vendors, hook: WaPortalHook) -> None:
    assert hook.session().logged_in
    assert {contact.name for contact in hook.contacts()} >= {"Ana Quispe", "José Ñahui 👑"}
    assert {group.name: len(group.participants) for group in hook.groups()} == {"Sandbox team": 3, "Customers": 3}
    assert hook.balance().left == 5000
    for ask in (hook.qr_code, hook.qr_link):
        with pytest.raises(SessionDown):
            ask()

    vendors.control("faults", vendor="wa_portal", kind="logged_out")
    assert not hook.session().logged_in
    assert hook.qr_code().png.startswith(b"\x89PNG")
    assert hook.qr_link().url.startswith(f"{vendors.url}/")
    for ask in (hook.contacts, hook.groups):
        with pytest.raises(SessionDown):
            ask()
    assert "not connected" in str(hook.send(ANA, "hello").warning)


def test_refusals(vendors: Vendors, hook: WaPortalHook) -> None:
    refused: list[tuple[type[WaError], Any]] = [
        (BadInput, lambda: hook.send(ABSENT, "hello")),
        (BadInput, lambda: hook.message_status("62b32db5758e0afb0d3907e1")),
        (BadInput, lambda: hook.send(ANA, Image(Media(url="https://example.com/no-extension")))),
    ]
    for kind, ask in refused:
        with pytest.raises(kind):
            ask()
    vendors.control("quota", vendor="wa_portal", left=0)
    with pytest.raises(QuotaExceeded):
        hook.send(ANA, "hello")
    vendors.connect("wa_portal", "other_portal", password="sandbox-portal-no-instance")
    with pytest.raises(Unauthorized) as caught:
        WaPortalHook("other_portal").session()
    assert caught.value.code == "03"


def _until(holds: Any) -> None:
    """Wait until something holds, for 5 s at most."""
    ends = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < ends, "it never came about"
        time.sleep(0.02)
