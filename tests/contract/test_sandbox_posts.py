# SPDX-License-Identifier: Apache-2.0
"""What the sandbox posts, written from the documents alone, is what the vendors' modules understand."""

from __future__ import annotations

import email.message
import email.parser
import email.policy
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx
import pytest

from airflow_provider_wa.api.records import CheckResult, DeliveryStatus, InboxMessage, MediaFile, Record
from airflow_provider_wa.api.webhooks import Event, EventKind, Post, PostsEvents
from airflow_provider_wa.sandbox.checkwa import check as checkwa
from airflow_provider_wa.sandbox.green_api import protocol as green_api
from airflow_provider_wa.sandbox.wa_portal import protocol as wa_portal
from airflow_provider_wa.sandbox.wuzapi import protocol as wuzapi
from airflow_provider_wa.vendors.checkwa.client import CheckWa
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.wa_portal.client import WaPortal
from airflow_provider_wa.vendors.wuzapi.client import WuzApi

if TYPE_CHECKING:
    from helpers.vendors import Vendors

pytestmark = pytest.mark.sockets

VENDOR: dict[str, PostsEvents] = {
    "wuzapi": WuzApi(base_url="x", token="t"),
    "wa_portal": WaPortal(base_url="x", token="t"),
    "green_api": GreenApi(base_url="x", instance_id="1", token="t"),
    "checkwa": CheckWa(base_url="x", user="u", api_key="k"),
}
PHONE = "51987654321"
READS = "51987654305"  # reads what it is sent and answers it
PNG = "iVBORw0KGgo="
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "x-test-header, Origin, X-Requested-With, Content-Type, Accept",
}


def decoded(content_type: str, body: bytes) -> Post:
    """A body by its content type."""
    if content_type.startswith("application/json"):
        return Post(data=json.loads(body))
    if content_type.startswith("application/x-www-form-urlencoded"):
        return Post(fields=dict(parse_qsl(body.decode())))
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    parts = email.parser.BytesParser(email.message.EmailMessage, policy=email.policy.HTTP).parsebytes(head + body)
    fields, files = {}, {}
    for part in parts.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        if filename := part.get_filename():
            files[name] = MediaFile(content=content, media_type=part.get_content_type(), filename=filename)
        else:
            fields[name] = content.decode()
    return Post(fields=fields, files=files)


class Hook:
    """Where the sandbox posts to."""

    def __init__(self) -> None:
        self.posts: queue.Queue[Post] = queue.Queue()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.posts.put(decoded(self.headers["Content-Type"], body))
                self.do_OPTIONS()

            def do_OPTIONS(self) -> None:
                self.send_response(200)
                for name, value in CORS.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def events(self, vendor: str, count: int) -> list[Event]:
        """So many events, as they come."""
        found: list[Event] = []
        while len(found) < count:
            found += VENDOR[vendor].events(self.posts.get(timeout=10))
        return found


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    thread = threading.Thread(target=hook.server.serve_forever, args=(0.01,))
    thread.start()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()
    thread.join()


def send(url: str, vendor: str, to: str, text: str) -> str:
    """Send a text as the vendor's document says, and return its id."""
    if vendor == "wuzapi":
        body = {"Phone": to, "Body": text, "Id": "A1"}
        answer = httpx.post(f"{url}/wuzapi/chat/send/text", json=body, headers={"Token": wuzapi.TOKEN}).json()
        return str(answer["data"]["Id"])
    if vendor == "wa_portal":
        parameters = {"token": wa_portal.TOKEN, "phone": to, "message": text}
        answer = httpx.post(f"{url}/portal/api/sendText", params=parameters).json()
        return str(answer["data"]["messageIDs"][0])
    path = f"/green/waInstance{green_api.ID_INSTANCE}/sendMessage/{green_api.TOKEN}"
    answer = httpx.post(f"{url}{path}", json={"chatId": f"{to}@c.us", "message": text}).json()
    return str(answer["idMessage"])


def point(vendors: Vendors, vendor: str, hook: Hook, **how: Any) -> None:
    vendors.control("webhook", vendor=vendor, url=hook.url, **how)


def records(events: list[Event], kind: EventKind) -> list[Record]:
    return [event.record for event in events if event.kind is kind and event.record]


SPELLINGS = pytest.mark.parametrize(
    ("vendor", "how"),
    [("wuzapi", {}), ("wuzapi", {"json": True}), ("wa_portal", {}), ("green_api", {})],
    ids=["wuzapi form", "wuzapi json", "wa_portal", "green_api"],
)


@SPELLINGS
def test_how_a_message_fares_and_its_answer(vendors: Vendors, hook: Hook, vendor: str, how: dict[str, Any]) -> None:
    point(vendors, vendor, hook, **how)
    sent = send(vendors.url, vendor, READS, "hi")
    steps = ["delivered", "read"] if vendor == "wuzapi" else ["sent", "delivered", "read"]
    events = hook.events(vendor, len(steps) + 1)
    told = [record for record in records(events, EventKind.DELIVERY) if isinstance(record, DeliveryStatus)]
    assert sorted(record.state.value for record in told) == sorted(steps)
    assert {(record.message_id, record.to) for record in told} == {(sent, READS)}
    (answer,) = records(events, EventKind.INBOX)
    assert isinstance(answer, InboxMessage)
    assert (answer.sender, answer.text) == (READS, "Re: hi")
    assert len({event.key for event in events}) == len(events)
    assert all(event.happened_at for event in events)


@SPELLINGS
def test_a_picture_that_comes_in(vendors: Vendors, hook: Hook, vendor: str, how: dict[str, Any]) -> None:
    point(vendors, vendor, hook, **how)
    vendors.control("inbox", vendor=vendor, **{"from": PHONE}, text="look", media=PNG, filename="a.png")
    (event,) = hook.events(vendor, 1)
    assert isinstance(event.record, InboxMessage)
    assert (event.record.sender, event.record.text) == (PHONE, "look")
    assert event.record.kind.removesuffix("Message") == "image"
    if vendor == "green_api":
        assert event.file is None, "this vendor tells where the file is"
        return
    assert event.file is not None
    assert (event.file.content, event.file.media_type) == (b"\x89PNG\r\n\x1a\n", "image/png")
    # WuzAPI's server names a picture by the message's id.
    name = f"{event.record.message_id}.png" if vendor == "wuzapi" else "a.png"
    assert (event.file.filename, event.file.vendor) == (name, vendor)
    assert PNG not in repr(event.raw)


@pytest.mark.parametrize(("number", "answer"), [("51987654300", "absent"), ("51987654321", "exists")])
def test_a_callback(vendors: Vendors, hook: Hook, number: str, answer: str) -> None:
    queue_check(vendors, hook, number)
    (event,) = hook.events("checkwa", 1)
    assert (event.status, event.reference, event.party, event.file) == (answer, "t-1", number, None)


def test_a_callback_with_a_picture(vendors: Vendors, hook: Hook) -> None:
    queue_check(vendors, hook, "51987654303")
    decision, picture = hook.events("checkwa", 2)
    assert isinstance(decision.record, CheckResult)
    assert decision.record == picture.record
    assert decision.key != picture.key
    assert decision.file is None
    assert picture.file is not None
    assert picture.file.media_type == "image/png"


def queue_check(vendors: Vendors, hook: Hook, number: str) -> None:
    login = {"user": checkwa.USER, "apikey": checkwa.API_KEY, "action": "check"}
    body = {**login, "token": "t-1", "callback": hook.url, "number": number}
    assert httpx.post(f"{vendors.url}/checkwa/check/", json=body).json()["code"] == "1"
