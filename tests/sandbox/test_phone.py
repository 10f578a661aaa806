# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from sandbox.conftest import Clock
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.wa_portal import protocol as wa_portal
from airflow_provider_wa.sandbox.wuzapi import protocol as wuzapi

PHONE = "51987654321"
WUZAPI = {"Token": wuzapi.TOKEN}
HOSTILE = "<script>alert(1)</script> \"'& {{ 7*7 }}"


class Tags(HTMLParser):
    """The tags of a page, each with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.found if name == tag]


def send(client: TestClient, text: str, to: str = PHONE) -> None:
    reply = client.post("/wuzapi/chat/send/text", headers=WUZAPI, json={"Phone": to, "Body": text})
    assert reply.status_code == 200


def inbox(client: TestClient, vendor: str = "wuzapi") -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = client.get(f"/sandbox/inbox?vendor={vendor}").json()["messages"]
    return messages


def test_a_message_is_on_the_phone_once_it_is_delivered(client: TestClient, clock: Clock) -> None:
    send(client, "Hello Ana")
    assert "Hello Ana" not in client.get(f"/phone/{PHONE}/messages").text
    clock.now += 10
    assert "Hello Ana" in client.get(f"/phone/{PHONE}/messages").text
    listed = client.get("/").text
    assert f'href="/phone/{PHONE}"' in listed
    assert "Hello Ana" in listed
    assert "No messages yet" in client.get("/phone/51987654322/messages").text


def test_an_answer_is_in_the_inbox_of_the_account(client: TestClient) -> None:
    reply = client.post(f"/phone/{PHONE}", data={"vendor": "wa_portal", "text": "Yes, please"})
    assert (reply.status_code, reply.url.path) == (200, f"/phone/{PHONE}")
    assert [(each["from"], each["text"]) for each in inbox(client, "wa_portal")] == [(PHONE, "Yes, please")]
    assert "Yes, please" in client.get(f"/phone/{PHONE}/messages").text


def test_a_button_is_tapped_by_its_form(client: TestClient, clock: Clock) -> None:
    body = {"Phone": PHONE, "Body": "Coming?", "Buttons": [{"type": "reply", "title": "Yes & no"}]}
    reply = client.post("/wuzapi/chat/send/buttons", headers=WUZAPI, json=body)
    assert reply.status_code == 200, reply.text
    clock.now += 10
    page = Tags(client.get(f"/phone/{PHONE}/messages").text)
    fields = {each["name"]: each["value"] for each in page.named("input")}
    assert fields["text"] == "Yes & no"
    (form,) = page.named("form")
    client.post(form["action"], data=fields)
    (tapped,) = inbox(client)
    assert (tapped["text"], tapped["in_reply_to"]) == ("Yes & no", reply.json()["data"]["Id"])


def test_an_account_is_logged_out_and_in_again_by_its_qr_code(client: TestClient) -> None:
    for action, state, shown in (("log-out", False, "Scan the QR code"), ("scan", True, "Log out")):
        page = client.post(f"/account/wuzapi/{action}").text
        assert re.search(rf'action="/account/wuzapi/[a-z-]+"><button>{shown}', page)
        status = client.get("/wuzapi/session/status", headers=WUZAPI).json()["data"]
        assert status.get("loggedIn", status.get("LoggedIn")) is state


def test_what_strangers_wrote_is_escaped(client: TestClient, clock: Clock) -> None:
    send(client, HOSTILE)
    client.post(f"/phone/{PHONE}", data={"vendor": "wuzapi", "text": HOSTILE})
    clock.now += 10
    for path in ("/", f"/phone/{PHONE}", f"/phone/{PHONE}/messages"):
        reply = client.get(path)
        assert Tags(reply.text).named("script") == []
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert client.get(f"/phone/{PHONE}/messages").text.count("&lt;script&gt;") == 2


def test_pages_load_nothing_from_elsewhere_and_show_no_credential(client: TestClient) -> None:
    send(client, "hello")
    for path in ("/", f"/phone/{PHONE}", f"/phone/{PHONE}/messages"):
        text = client.get(path).text
        assert "http://" not in text
        assert "https://" not in text
        assert wuzapi.TOKEN not in text
        assert wa_portal.TOKEN not in text


@pytest.mark.parametrize("path", ["/phone/nobody", "/phone/1", "/phone/٣٣٣٣٣٣٣٣٣", "/phone/%3Cscript%3E/messages"])
def test_what_is_no_number_has_no_phone(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/account/nobody/scan", "/account/checkwa/scan", "/account/wuzapi/destroy"])
def test_only_accounts_have_a_login(client: TestClient, path: str) -> None:
    assert client.post(path).status_code == 404


@pytest.mark.parametrize("data", [{"vendor": "wuzapi", "text": " "}, {"vendor": "nobody", "text": "hi"}, {}])
def test_an_answer_without_a_text_or_an_account_is_refused(client: TestClient, data: dict[str, str]) -> None:
    assert client.post(f"/phone/{PHONE}", data=data).status_code == 400
    assert inbox(client) == []
