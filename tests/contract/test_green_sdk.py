# SPDX-License-Identifier: Apache-2.0
"""Our requests are those of Green-API's own Python SDK: same method, URL and body.

They are compared with a recording (scripts/record_green_sdk.py), so that the SDK, which pins its dependencies, is not
needed here. Where ``make sdk`` has installed it in an environment of its own, the recording is compared with the SDK.
"""

from __future__ import annotations

import email
import json
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from airflow_provider_wa.api.flow import Flow, Request
from airflow_provider_wa.api.messages import (
    Button,
    Buttons,
    ContactCard,
    Document,
    Edit,
    Image,
    Location,
    Media,
    Poll,
    Text,
)
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.transport.channel import Channel, Endpoint
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.green_api.tables import METHODS

ROOT = Path(__file__).parents[2]
SDK = ROOT / ".venv-sdk" / "bin" / "python"
RECORDING = json.loads((Path(__file__).parent / "green_sdk_requests.json").read_text())

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN", clock=lambda: NOW)
PERSON, GROUP = "11001234567", "11001234567-1581234048@g.us"

OURS: dict[str, Callable[[], Flow[Any]]] = {
    "checkWhatsapp by number": lambda: VENDOR.check([PhoneNumber(PERSON, "1")]),
    "checkWhatsapp by chat": lambda: VENDOR.check_chat("98765432101234@lid"),
    "getStateInstance": VENDOR.session,
    "qr": VENDOR.qr_code,
    "logout": VENDOR.logout,
    "sendMessage": lambda: VENDOR.send(PERSON, Text("Hello")),
    "sendMessage quoting": lambda: VENDOR.send(GROUP, Text("Hello", quoted_id="BAE5F4")),
    "sendFileByUrl": lambda: VENDOR.send(PERSON, Image(Media(url="https://x.test/horse.png"), "A horse")),
    "sendFileByUpload": lambda: VENDOR.send(
        PERSON, Document(Media(b"%PDF-1.7 a bill", filename="bill.pdf"), "For May")
    ),
    "sendLocation": lambda: VENDOR.send(PERSON, Location(12.5, -10.25, "Here", "A street 1")),
    "sendContact": lambda: VENDOR.send(PERSON, ContactCard("Artem", "+79001234567", "Bicycle")),
    "sendPoll": lambda: VENDOR.send(PERSON, Poll("Which?", ("this", "that"), several=True)),
    "receiveNotification": lambda: VENDOR.receive_notification(20),
    "deleteNotification": lambda: VENDOR.delete_notification(1234567),
    "lastIncomingMessages": lambda: VENDOR.inbox(since=NOW - timedelta(minutes=60)),
    "lastOutgoingMessages": VENDOR.delivery_report,
    "getMessage": lambda: VENDOR.message_status("BAE5F4", to=PERSON),
    "getContacts": VENDOR.contacts,
    "getGroupData": lambda: VENDOR.group(GROUP),
    "getAvatar": lambda: VENDOR.avatar(PERSON),
    "getSettings": VENDOR.webhook,
    "setSettings": lambda: VENDOR.set_settings({"webhookUrl": "", "incomingWebhook": "yes"}),
    "sendInteractiveButtons": lambda: VENDOR.send(
        PERSON, Buttons("Look", (Button("Open", url="https://x.test"),), footer="Bye")
    ),
    "sendInteractiveButtonsReply": lambda: VENDOR.send(PERSON, Buttons("Coming?", (Button("Yes"),))),
    "forwardMessages": lambda: VENDOR.forward(PERSON, GROUP, ["BAE5F4", "BAE5F5"]),
    "editMessage": lambda: VENDOR.send(PERSON, Edit("BAE5F4", "Hello")),
    "deleteMessage": lambda: VENDOR.delete_message(PERSON, "BAE5F4"),
    "deleteMessage for oneself": lambda: VENDOR.delete_message(PERSON, "BAE5F4", own_only=True),
    "readChat": lambda: VENDOR.mark_read(["BAE5F4"], PERSON),
    "readChat all": lambda: VENDOR.mark_read([], PERSON),
    "getChatHistory": lambda: VENDOR.chat_history(PERSON, 10),
    "downloadFile": lambda: VENDOR.download("document", {"chatId": f"{PERSON}@c.us", "idMessage": "BAE5F4"}),
    "sendFileByUrl quoting": lambda: VENDOR.send(
        PERSON, Image(Media(url="https://x.test/horse.png"), quoted_id="BAE5F4")
    ),
    "sendFileByUpload quoting": lambda: VENDOR.send(
        PERSON, Document(Media(b"%PDF-1.7 a bill", filename="bill.pdf"), quoted_id="BAE5F4")
    ),
    "sendLocation quoting": lambda: VENDOR.send(PERSON, Location(12.5, -10.25, quoted_id="BAE5F4")),
    "sendContact quoting": lambda: VENDOR.send(PERSON, ContactCard("A", "+79001234567", quoted_id="BAE5F4")),
    "sendPoll quoting": lambda: VENDOR.send(PERSON, Poll("Which?", ("this", "that"), quoted_id="BAE5F4")),
}


def as_recorded(request: httpx.Request) -> dict[str, Any]:
    request.read()
    plain: dict[str, Any] = {"method": request.method, "url": str(request.url)}
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/"):
        message = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.content)
        plain["parts"] = [
            {
                "name": part.get_param("name", header="content-disposition"),
                "filename": part.get_filename(),
                "type": part.get("content-type"),
                "content": part.get_payload(decode=True).decode(),  # type: ignore[union-attr]
            }
            for part in message.get_payload()  # type: ignore[union-attr]
        ]
    elif request.content:
        plain["json"] = json.loads(request.content)
    return plain


@pytest.mark.parametrize("name", OURS)
def test_our_request_is_the_sdks(name: str) -> None:
    step = next(OURS[name]())
    assert isinstance(step, Request)
    seen: list[dict[str, Any]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(as_recorded(request))
        return httpx.Response(200, json={})

    with Channel(Endpoint(VENDOR.base_url), transport=httpx.MockTransport(handle)) as channel:
        channel.carry_out(step)
    assert seen == [RECORDING["requests"][name]]


def test_every_method_is_compared() -> None:
    assert list(OURS) == list(RECORDING["requests"])
    assert {name.partition(" ")[0] for name in OURS} == set(METHODS)


@pytest.mark.system
@pytest.mark.skipif(not SDK.exists(), reason="Green-API's SDK is not installed: `make sdk` does that and runs this")
def test_the_recording_is_what_the_sdk_sends() -> None:
    script = ROOT / "scripts" / "record_green_sdk.py"
    done = subprocess.run([SDK, script, "--print"], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == RECORDING
