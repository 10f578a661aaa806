# SPDX-License-Identifier: Apache-2.0
"""Other generations of the server, by `POST /sandbox/generation`."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox.calls import GROUP, PHONE, ledger, refused, wuz
from starlette.testclient import TestClient

BUTTONS = [{"ButtonId": "1", "ButtonText": "Yes"}]


@pytest.fixture
def document(client: TestClient) -> TestClient:
    return play(client, "document")


def play(client: TestClient, generation: str) -> TestClient:
    reply = client.post("/sandbox/generation", json={"vendor": "wuzapi", "generation": generation})
    assert reply.json() == {"vendor": "wuzapi", "generation": generation}
    return client


class TestDocument:
    def test_a_template(self, document: TestClient) -> None:
        body = {
            "Phone": PHONE,
            "Content": "Hi",
            "Footer": "f",
            "Buttons": [{"DisplayText": "Yes", "Type": "quickreply"}],
        }
        reply = wuz(document, "POST", "/chat/send/template", body).json()["data"]
        assert "T" in reply["Timestamp"], "RFC 3339"
        (message,) = ledger(document, "wuzapi")
        assert (message["type"], message["text"], message["footer"]) == ("template", "Hi", "f")

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            *(("POST", f"/chat/send/{kind}") for kind in ("buttons", "list", "poll", "edit")),
            ("POST", "/user/avatar"),
            ("GET", f"/user/lid/{PHONE}"),
            ("GET", "/health"),
            ("POST", "/session/hmac/config"),
            ("GET", "/chat/history"),
            ("DELETE", "/webhook"),
        ],
    )
    def test_what_came_later_is_not_there(self, document: TestClient, method: str, path: str) -> None:
        assert wuz(document, method, path, {}).status_code == 404
        document.post("/sandbox/reset")
        assert wuz(document, method, path, {}).status_code != 404

    def test_the_state_has_two_fields(self, document: TestClient) -> None:
        assert wuz(document, "GET", "/session/status").json()["data"] == {"Connected": True, "LoggedIn": True}

    def test_an_avatar_is_bare(self, document: TestClient) -> None:
        reply = wuz(document, "GET", "/user/avatar", {"Phone": "51987654303", "Preview": True}).json()
        assert set(reply) == {"URL", "ID", "Type", "DirectPath"}

    def test_numbers_are_users(self, document: TestClient) -> None:
        users = wuz(document, "POST", "/user/info", {"Phone": [PHONE]}).json()["data"]["Users"]
        assert list(users) == [f"{PHONE}@s.whatsapp.net"]

    def test_a_group_is_named_in_the_body_and_has_numbers(self, document: TestClient) -> None:
        group = wuz(document, "GET", "/group/info", {"GroupJID": GROUP}).json()["data"]
        assert group["Participants"][1]["JID"] == f"{PHONE}@s.whatsapp.net"
        assert refused(wuz(document, "GET", f"/group/info?groupJID={GROUP}", {}))[0] == 400

    def test_four_events_are_known_and_a_webhook_leaves_them(self, document: TestClient) -> None:
        wuz(document, "POST", "/session/disconnect")
        events = ["Message", "LoggedOut", "HistorySync"]
        reply = wuz(document, "POST", "/session/connect", {"Subscribe": events}).json()["data"]
        assert reply["events"] == "Message,HistorySync"
        assert wuz(document, "POST", "/webhook", {"webhookURL": "https://x"}).json()["data"] == {"webhook": "https://x"}
        assert wuz(document, "GET", "/webhook").json()["data"]["subscribe"] == ["Message", "HistorySync"]

    def test_links_are_not_fetched(self, document: TestClient) -> None:
        body = {"Phone": PHONE, "Image": "https://example.com/a.png"}
        assert refused(wuz(document, "POST", "/chat/send/image", body))[0] == 400


class TestAnswers:
    def test_buttons_have_a_title_and_answer(self, client: TestClient) -> None:
        play(client, "answers")
        body: dict[str, Any] = {"Phone": PHONE, "Buttons": BUTTONS}
        assert refused(wuz(client, "POST", "/chat/send/buttons", {**body, "Body": "x"})) == (
            400,
            "missing Title in Payload",
        )
        assert wuz(client, "POST", "/chat/send/buttons", {**body, "Title": "x"}).status_code == 200
        four = {**body, "Title": "x", "Buttons": BUTTONS * 4}
        assert refused(wuz(client, "POST", "/chat/send/buttons", four)) == (400, "buttons cant more than 3")

    def test_a_list_needs_a_header(self, client: TestClient) -> None:
        play(client, "answers")
        body = {"Phone": PHONE, "ButtonText": "Open", "Desc": "x", "List": [{"Title": "Tea"}]}
        assert refused(wuz(client, "POST", "/chat/send/list", body)) == (400, "missing TopText in Payload")
        assert wuz(client, "POST", "/chat/send/list", {**body, "TopText": "Menu"}).status_code == 200


@pytest.mark.parametrize(
    ("generation", "answer"),
    [
        ("document", (500, "Already Connected")),
        ("1.0.6", (500, "already connected")),
        ("newest", (409, "already connected")),
    ],
)
def test_connecting_twice(client: TestClient, generation: str, answer: tuple[int, str]) -> None:
    play(client, generation)
    assert refused(wuz(client, "POST", "/session/connect", {})) == answer


def test_the_newest_keeps_the_subscriptions_and_knows_more(client: TestClient) -> None:
    play(client, "newest")
    wuz(client, "POST", "/webhook", {"webhookURL": "https://x", "events": ["Message", "ChatNew"]})
    wuz(client, "POST", "/session/disconnect")
    assert wuz(client, "GET", "/webhook").json()["data"]["subscribe"] == ["Message", "ChatNew"]
