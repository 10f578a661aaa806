# SPDX-License-Identifier: Apache-2.0
"""Green-API's own clients against the sandbox: each call of a method that we use is answered as documented.

``make sdk`` installs them in an environment of their own and runs this: the Python SDK, the chatbot library, and the
client for Node.js where the machine has that.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers.vendors import Vendors

from airflow_provider_wa.sandbox.green_api.vendor import VENDOR
from airflow_provider_wa.vendors.green_api.tables import METHODS

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts" / "sdk"
PYTHON = ROOT / ".venv-sdk" / "bin" / "python"
NODE_FOLDER = ROOT / ".venv-sdk" / "node"

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not PYTHON.exists(), reason="the vendor's clients are not installed: `make sdk` does that"),
]
NODE = pytest.mark.skipif(
    not (NODE_FOLDER / "node_modules").exists(),
    reason="Node.js is missing, or `make sdk` has not installed its clients",
)

NUMBER, PERSON, GROUP = "51987654321", "51987654321@c.us", "120363020000000001@g.us"
LOCATION = {"latitude": 12.5, "longitude": -10.25, "nameLocation": "Here", "address": "A street 1"}
CONTACT = {"phoneContact": 79001234567, "firstName": "Artem"}
OPTIONS = [{"optionName": "this"}, {"optionName": "that"}]
FILE_URL = "https://x.test/horse.png"
OWN_FILE = {"chatId": PERSON, "idMessage": "$sendFileByUpload.idMessage"}
OWN_TEXT = {"chatId": PERSON, "idMessage": "$sendMessage.idMessage"}

# Group of the Python SDK's method, and arguments. Messages come before the calls that are about them.
COMMON: dict[str, tuple[str, dict[str, Any]]] = {
    "getStateInstance": ("account", {}),
    "getSettings": ("account", {}),
    "setSettings": ("account", {"incomingWebhook": "yes", "pollMessageWebhook": "yes", "webhookUrl": ""}),
    "checkWhatsapp": ("serviceMethods", {"phoneNumber": int(NUMBER)}),
    "sendMessage": ("sending", {"chatId": PERSON, "message": "Hello", "linkPreview": False}),
    "sendLocation": ("sending", {"chatId": PERSON, **LOCATION}),
    "sendContact": ("sending", {"chatId": PERSON, "contact": CONTACT}),
    "sendPoll": ("sending", {"chatId": PERSON, "message": "Which?", "options": OPTIONS, "multipleAnswers": True}),
    "sendFileByUrl": ("sending", {}),
    "sendFileByUpload": ("sending", {}),
    "sendInteractiveButtons": (
        "sending",
        {
            "chatId": PERSON,
            "body": "Look",
            "header": "Head",
            "footer": "Foot",
            "buttons": [
                {"type": "copy", "buttonId": "1", "buttonText": "Copy", "copyCode": "A-1"},
                {"type": "call", "buttonId": "2", "buttonText": "Call", "phoneNumber": "79001234567"},
                {"type": "url", "buttonId": "3", "buttonText": "Open", "url": "https://x.test"},
            ],
        },
    ),
    "sendInteractiveButtonsReply": (
        "sending",
        {"chatId": PERSON, "body": "Coming?", "buttons": [{"buttonId": "1", "buttonText": "Yes"}]},
    ),
    "forwardMessages": (
        "sending",
        {"chatId": GROUP, "chatIdFrom": PERSON, "messages": ["$sendMessage.idMessage", "$sendLocation.idMessage"]},
    ),
    "editMessage": ("serviceMethods", {**OWN_TEXT, "message": "Hello again"}),
    "getMessage": ("journals", OWN_TEXT),
    "getChatHistory": ("journals", {"chatId": PERSON, "count": 5}),
    "lastIncomingMessages": ("journals", {"minutes": 60}),
    "lastOutgoingMessages": ("journals", {"minutes": 60}),
    "readChat": ("marking", {"chatId": PERSON}),
    "downloadFile": ("receiving", OWN_FILE),
    "deleteMessage": ("serviceMethods", OWN_TEXT),
    "receiveNotification": ("receiving", {"receiveTimeout": 5}),
    "deleteNotification": ("receiving", {"receiptId": "$receiveNotification.receiptId"}),
    "getContacts": ("serviceMethods", {}),
    "getGroupData": ("groups", {"groupId": GROUP}),
    "getAvatar": ("serviceMethods", {"chatId": PERSON}),
    "qr": ("account", {}),
    "logout": ("account", {}),
}

# Where a client's arguments are not those above: its method and these.
PYTHON_ONLY: dict[str, tuple[str, dict[str, Any]]] = {
    "setSettings": ("account.setSettings", {"requestBody": COMMON["setSettings"][1]}),
    "sendFileByUrl": (
        "sending.sendFileByUrl",
        {"chatId": PERSON, "urlFile": FILE_URL, "fileName": "horse.png", "quotedMessageId": "$sendMessage.idMessage"},
    ),
}
NODE_ONLY: dict[str, tuple[str, list[Any]]] = {
    "qr": ("getQR", []),
    "sendFileByUrl": ("sendFileByUrl", [{"chatId": PERSON, "file": {"url": FILE_URL, "fileName": "horse.png"}}]),
    "sendFileByUpload": (
        "sendFileByUpload",
        [{"chatId": PERSON, "file": {"data": {"upload": "a bill"}, "fileName": "bill.pdf"}, "caption": "For May"}],
    ),
    "lastIncomingMessages": ("lastIncomingMessages", [60]),
    "lastOutgoingMessages": ("lastOutgoingMessages", [60]),
    "receiveNotification": ("receiveNotification", [5]),
    "deleteNotification": ("deleteNotification", ["$receiveNotification.receiptId"]),
}
# Version 0.0.55 puts the receipt into the body, where the document has it in the path.
ASYNC_LACKS = {"deleteNotification"}
NODE_LACKS = {"sendInteractiveButtons", "sendInteractiveButtonsReply"}

SENT = {"idMessage": str}
ROW = {"idMessage": str, "timestamp": int, "typeMessage": str, "chatId": str}
OUTGOING = {**ROW, "type": "outgoing", "statusMessage": str, "sendByApi": True}
# What the documents say of each reply: types, or values.
ANSWERS: dict[str, Any] = {
    **dict.fromkeys((name for name in COMMON if name.startswith("send")), SENT),
    "getStateInstance": {"stateInstance": "authorized"},
    "getSettings": {"wid": str, "typeInstance": "whatsapp", "webhookUrl": "", "incomingWebhook": "yes"},
    "setSettings": {"saveSettings": True},
    "checkWhatsapp": {"existsWhatsapp": True, "chatId": PERSON},
    "forwardMessages": {"messages": [str]},
    "editMessage": SENT,
    "getMessage": {**OUTGOING, "textMessage": "Hello again"},
    "getChatHistory": [ROW],
    "lastIncomingMessages": [{**ROW, "type": "incoming", "senderId": PERSON, "senderName": str, "textMessage": "hi"}],
    "lastOutgoingMessages": [OUTGOING],
    "readChat": {"setRead": True},
    "downloadFile": {"downloadUrl": str},
    "deleteMessage": None,
    "receiveNotification": {
        "receiptId": int,
        "body": {"typeWebhook": str, "instanceData": {"idInstance": int, "wid": str}, "timestamp": int},
    },
    "deleteNotification": {"result": True},
    "getContacts": [{"id": str, "name": str, "type": str}],
    "getGroupData": {"groupId": GROUP, "owner": str, "subject": str, "creation": int, "participants": [{"id": str}]},
    "getAvatar": {"urlAvatar": str, "available": bool},
    "qr": {"type": "alreadyLogged", "message": str},
    "logout": {"isLogout": True},
}


EMPTY = ("", None, "[]")
"""Replies without a body, as the clients return them."""


def fits(shape: Any, value: Any) -> bool:
    """Return whether a reply has the types or values of a shape; a list must not be empty."""
    if isinstance(shape, type):
        return type(value) is shape
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(name in value and fits(shape[name], value[name]) for name in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and bool(value) and all(fits(shape[0], item) for item in value)
    return bool(value == shape) or (shape is None and value in EMPTY)


def python_calls(folder: Path) -> list[tuple[str, str, Any]]:
    file = folder / "bill.pdf"
    file.write_bytes(b"a bill")
    upload = {"chatId": PERSON, "path": str(file), "fileName": "bill.pdf", "caption": "For May"}
    own = {**PYTHON_ONLY, "sendFileByUpload": ("sending.sendFileByUpload", upload)}
    usual = {name: (f"{group}.{name}", arguments) for name, (group, arguments) in COMMON.items()}
    return [(name, *{**usual, **own}[name]) for name in COMMON]


def node_calls(folder: Path) -> list[tuple[str, str, Any]]:
    usual = {name: (name, [arguments] if arguments else []) for name, (_, arguments) in COMMON.items()}
    return [(name, *{**usual, **NODE_ONLY}[name]) for name in COMMON]


def replies(vendors: Vendors, command: list[Any], calls: list[tuple[str, str, Any]]) -> dict[str, Any]:
    """Make the calls with a client, and return their replies by the calls' names."""
    vendors.control("inbox", vendor="green_api", **{"from": NUMBER}, text="hi")
    plan = {**_instance(vendors), "calls": calls}
    done = subprocess.run(command, input=json.dumps(plan), capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def _instance(vendors: Vendors) -> dict[str, str]:
    credentials = VENDOR.credentials
    return {
        "host": f"{vendors.url}{VENDOR.prefix}",
        "login": credentials.login,
        "password": credentials.password,
    }


CLIENTS: dict[str, tuple[list[Any], Callable[[Path], list[tuple[str, str, Any]]], set[str]]] = {
    "python": ([PYTHON, SCRIPTS / "green_api.py"], python_calls, set()),
    "python, asynchronous": ([PYTHON, SCRIPTS / "green_api.py", "--async"], python_calls, ASYNC_LACKS),
    "node": (["node", SCRIPTS / "green_api.cjs", NODE_FOLDER], node_calls, NODE_LACKS),
}


@pytest.mark.parametrize(
    ("command", "calls", "lacks"),
    [pytest.param(*client, marks=[NODE] if name == "node" else [], id=name) for name, client in CLIENTS.items()],
)
def test_each_call_is_answered_as_documented(
    vendors: Vendors,
    tmp_path: Path,
    command: list[Any],
    calls: Callable[[Path], list[tuple[str, str, Any]]],
    lacks: set[str],
) -> None:
    found = replies(vendors, command, [call for call in calls(tmp_path) if call[0] not in lacks])
    assert found.keys() == METHODS.keys() - lacks, "every method that we use"
    wrong = {name: reply for name, reply in found.items() if reply["status"] != 200 or reply["error"]}
    assert wrong == {}
    assert {name: reply["data"] for name, reply in found.items() if not fits(ANSWERS[name], reply["data"])} == {}
    link = found["downloadFile"]["data"]["downloadUrl"]
    assert httpx.get(link).content == b"a bill"


@contextmanager
def bot(vendors: Vendors) -> Iterator[None]:
    """A bot of the chatbot library. Its first step is to empty the queue, which takes a wait of 5 s."""
    command = [PYTHON, SCRIPTS / "green_api_chatbot.py", *_instance(vendors).values()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "started\n"
            yield
        finally:
            process.terminate()


def answers(vendors: Vendors, count: int) -> list[str]:
    """Wait for a number of messages from the bot, and return them."""
    for _ in range(600):
        texts = [message["text"] for message in vendors.ledger("green_api")["messages"]]
        if len(texts) >= count:
            return texts
        time.sleep(0.1)
    raise AssertionError(f"the bot has not answered {count} times: {texts}")


def test_a_bot_starts_and_answers(vendors: Vendors) -> None:
    vendors.control("inbox", vendor="green_api", **{"from": NUMBER}, text="before the start")
    host, login, password = _instance(vendors).values()
    url = f"{host}/waInstance{login}/setSettings/{password}"
    httpx.post(url, json={"pollMessageWebhook": "yes"}).raise_for_status()
    with bot(vendors):
        vendors.control("inbox", vendor="green_api", **{"from": NUMBER}, text="one")
        vendors.control("inbox", vendor="green_api", **{"from": "51987654308"}, text="two")
        assert answers(vendors, 2) == ["Echo: one", "Echo: two"]
        vendors.control("events", vendor="green_api", type="pollUpdateMessage")
        assert answers(vendors, 3)[-1] == "Thursday"
