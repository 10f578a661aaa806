# SPDX-License-Identifier: Apache-2.0
"""Record the requests of Green-API's Python SDK, so that tests can compare ours with them. ``make sdk`` runs it.

It needs an environment with the dependency group ``sdk``, apart from the project's: the SDK pins its dependencies.
It writes ``tests/contract/green_sdk_requests.json``, or prints the recording with ``--print``. requests-mock replaces
the network.
"""

from __future__ import annotations

import argparse
import email
import json
import sys
import tempfile
from contextlib import redirect_stdout
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import Any

import requests_mock
from whatsapp_api_client_python import API

RECORDING = Path(__file__).resolve().parent.parent / "tests" / "contract" / "green_sdk_requests.json"

ID_INSTANCE, TOKEN = "1101000001", "A-TOKEN"
PERSON, GROUP = "11001234567@c.us", "11001234567-1581234048@g.us"
UPLOAD = b"%PDF-1.7 a bill"

QUOTING: dict[str, tuple[str, dict[str, Any]]] = {
    "sendFileByUrl": (
        "sending.sendFileByUrl",
        {"chatId": PERSON, "urlFile": "https://x.test/horse.png", "fileName": "horse.png"},
    ),
    "sendFileByUpload": ("sending.sendFileByUpload", {"chatId": PERSON, "path": "bill.pdf", "fileName": "bill.pdf"}),
    "sendLocation": ("sending.sendLocation", {"chatId": PERSON, "latitude": 12.5, "longitude": -10.25}),
    "sendContact": (
        "sending.sendContact",
        {"chatId": PERSON, "contact": {"phoneContact": 79001234567, "firstName": "A"}},
    ),
    "sendPoll": (
        "sending.sendPoll",
        {
            "chatId": PERSON,
            "message": "Which?",
            "options": [{"optionName": "this"}, {"optionName": "that"}],
            "multipleAnswers": False,
        },
    ),
}

# Name of the call: the SDK's method and its arguments.
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "checkWhatsapp by number": ("serviceMethods.checkWhatsapp", {"phoneNumber": 11001234567}),
    "checkWhatsapp by chat": ("serviceMethods.checkWhatsapp", {"chatId": "98765432101234@lid"}),
    "getStateInstance": ("account.getStateInstance", {}),
    "qr": ("account.qr", {}),
    "logout": ("account.logout", {}),
    "sendMessage": ("sending.sendMessage", {"chatId": PERSON, "message": "Hello"}),
    "sendMessage quoting": ("sending.sendMessage", {"chatId": GROUP, "message": "Hello", "quotedMessageId": "BAE5F4"}),
    "sendFileByUrl": (
        "sending.sendFileByUrl",
        {"chatId": PERSON, "urlFile": "https://x.test/horse.png", "fileName": "horse.png", "caption": "A horse"},
    ),
    "sendFileByUpload": (
        "sending.sendFileByUpload",
        {"chatId": PERSON, "path": "bill.pdf", "fileName": "bill.pdf", "caption": "For May"},
    ),
    "sendLocation": (
        "sending.sendLocation",
        {"chatId": PERSON, "latitude": 12.5, "longitude": -10.25, "nameLocation": "Here", "address": "A street 1"},
    ),
    "sendContact": (
        "sending.sendContact",
        {"chatId": PERSON, "contact": {"phoneContact": 79001234567, "firstName": "Artem", "company": "Bicycle"}},
    ),
    "sendPoll": (
        "sending.sendPoll",
        {
            "chatId": PERSON,
            "message": "Which?",
            "options": [{"optionName": "this"}, {"optionName": "that"}],
            "multipleAnswers": True,
        },
    ),
    "receiveNotification": ("receiving.receiveNotification", {"receiveTimeout": 20}),
    "deleteNotification": ("receiving.deleteNotification", {"receiptId": 1234567}),
    "lastIncomingMessages": ("journals.lastIncomingMessages", {"minutes": 61}),
    "lastOutgoingMessages": ("journals.lastOutgoingMessages", {}),
    "getMessage": ("journals.getMessage", {"chatId": PERSON, "idMessage": "BAE5F4"}),
    "getContacts": ("serviceMethods.getContacts", {}),
    "getGroupData": ("groups.getGroupData", {"groupId": GROUP}),
    "getAvatar": ("serviceMethods.getAvatar", {"chatId": PERSON}),
    "getSettings": ("account.getSettings", {}),
    "setSettings": ("account.setSettings", {"requestBody": {"webhookUrl": "", "incomingWebhook": "yes"}}),
    "sendInteractiveButtons": (
        "sending.sendInteractiveButtons",
        {
            "chatId": PERSON,
            "body": "Look",
            "footer": "Bye",
            "buttons": [{"type": "url", "buttonId": "1", "buttonText": "Open", "url": "https://x.test"}],
        },
    ),
    "sendInteractiveButtonsReply": (
        "sending.sendInteractiveButtonsReply",
        {"chatId": PERSON, "body": "Coming?", "buttons": [{"buttonId": "1", "buttonText": "Yes"}]},
    ),
    "forwardMessages": (
        "sending.forwardMessages",
        {"chatId": PERSON, "chatIdFrom": GROUP, "messages": ["BAE5F4", "BAE5F5"]},
    ),
    "editMessage": ("serviceMethods.editMessage", {"chatId": PERSON, "idMessage": "BAE5F4", "message": "Hello"}),
    "deleteMessage": ("serviceMethods.deleteMessage", {"chatId": PERSON, "idMessage": "BAE5F4"}),
    "deleteMessage for oneself": (
        "serviceMethods.deleteMessage",
        {"chatId": PERSON, "idMessage": "BAE5F4", "onlySenderDelete": True},
    ),
    "readChat": ("marking.readChat", {"chatId": PERSON, "idMessage": "BAE5F4"}),
    "readChat all": ("marking.readChat", {"chatId": PERSON}),
    "getChatHistory": ("journals.getChatHistory", {"chatId": PERSON, "count": 10}),
    "downloadFile": ("receiving.downloadFile", {"chatId": PERSON, "idMessage": "BAE5F4"}),
    **{
        f"{method} quoting": (name, {**arguments, "quotedMessageId": "BAE5F4"})
        for method, (name, arguments) in QUOTING.items()
    },
}


def record() -> dict[str, Any]:
    """Return the SDK's version and the request of each call."""
    with tempfile.TemporaryDirectory() as folder, requests_mock.Mocker() as network:
        network.register_uri(requests_mock.ANY, requests_mock.ANY, json={})
        api = API.GreenApi(ID_INSTANCE, TOKEN)
        for name, (method, arguments) in CALLS.items():
            given = dict(arguments)
            if "path" in given:
                file = Path(folder) / given["path"]
                file.write_bytes(UPLOAD)
                given["path"] = str(file)
            # The SDK prints some of what it sends.
            with redirect_stdout(sys.stderr):
                attrgetter(method)(api)(**given)
            if len(network.request_history) != list(CALLS).index(name) + 1:
                raise SystemExit(f"{name}: expected one request")
        requests = dict(zip(CALLS, map(_plain, network.request_history), strict=True))
    return {"sdk": f"whatsapp-api-client-python {version('whatsapp-api-client-python')}", "requests": requests}


def _plain(request: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"method": request.method, "url": request.url}
    kind = request.headers.get("Content-Type", "")
    if kind.startswith("multipart/"):
        plain["parts"] = _parts(kind, request.body)
    elif request.body is not None:
        plain["json"] = request.json()
    return plain


def _parts(kind: str, body: bytes) -> list[dict[str, str | None]]:
    message = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    return [
        {
            "name": str(part.get_param("name", header="content-disposition")),
            "filename": part.get_filename(),
            "type": part.get("content-type"),
            "content": part.get_payload(decode=True).decode(),  # type: ignore[union-attr]
        }
        for part in message.get_payload()  # type: ignore[union-attr]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="print the recording instead of writing it")
    text = json.dumps(record(), indent=2) + "\n"
    if parser.parse_args().print:
        print(text, end="")
    else:
        RECORDING.write_text(text)


if __name__ == "__main__":
    main()
