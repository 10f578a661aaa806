# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest
from httpx import Response
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.pictures import photo_png
from airflow_provider_wa.sandbox.server import Running
from airflow_provider_wa.sandbox.wuzapi.protocol import TOKEN

HEADERS = {"Token": TOKEN}
PNG = photo_png("test")


def data_url(media: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(media).decode()}"


def get(client: httpx.Client, path: str) -> Response:
    return client.get(f"/wuzapi{path}", headers=HEADERS)


def post(client: httpx.Client, path: str, body: Any = None) -> Response:
    return client.post(f"/wuzapi{path}", headers=HEADERS, json={} if body is None else body)


def send(client: httpx.Client, kind: str, **fields: Any) -> Response:
    return post(client, f"/chat/send/{kind}", {"Phone": "51987654321", **fields})


def messages(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/sandbox/ledger", params={"vendor": "wuzapi"}).json()["messages"]
    return found


def assert_failure(response: Response, status: int, error: str) -> None:
    assert response.status_code == status
    assert response.json() == {"code": status, "error": error, "success": False}


class TestAccess:
    @pytest.mark.parametrize("headers", [{}, {"Token": "wrong"}, {"Authorization": TOKEN}])
    def test_a_wrong_token_is_unauthorized(self, client: TestClient, headers: dict[str, str]) -> None:
        assert_failure(client.get("/wuzapi/session/status", headers=headers), 401, "unauthorized")
        assert_failure(client.post("/wuzapi/chat/send/text", headers=headers, json={}), 401, "unauthorized")

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/nothing"),
            ("GET", "/session/connect"),
            ("POST", "/session/status"),
            ("POST", "/chat/send/template"),
        ],
    )
    def test_an_unknown_route_is_gos_plain_404(self, client: TestClient, method: str, path: str) -> None:
        response = client.request(method, f"/wuzapi{path}", headers=HEADERS)
        assert (response.status_code, response.text) == (404, "404 page not found\n")
        assert response.headers["content-type"].startswith("text/plain")


class TestSession:
    def test_it_starts_connected_and_logged_in(self, client: TestClient) -> None:
        reply = get(client, "/session/status").json()
        assert (reply["code"], reply["success"]) == (200, True)
        assert (reply["data"]["connected"], reply["data"]["loggedIn"]) == (True, True)
        assert reply["data"]["jid"].endswith("@s.whatsapp.net")
        assert_failure(post(client, "/session/connect"), 409, "already connected")
        assert_failure(get(client, "/session/qr"), 500, "already logged in")

    def test_disconnect_keeps_the_login(self, client: TestClient) -> None:
        assert post(client, "/session/disconnect").json()["data"] == {"Details": "Disconnected"}
        status = get(client, "/session/status").json()["data"]
        assert (status["connected"], status["loggedIn"]) == (False, False)
        assert_failure(send(client, "text", Body="x"), 500, "no session")
        connected = post(client, "/session/connect", {"Subscribe": ["Message"], "Immediate": True}).json()["data"]
        assert connected["details"] == "Connected!"
        assert connected["events"] == "Message"
        assert get(client, "/session/status").json()["data"]["loggedIn"] is True

    def test_logout_needs_a_new_scan(self, client: TestClient) -> None:
        assert post(client, "/session/logout").json()["data"] == {"Details": "Logged out"}
        assert_failure(post(client, "/session/logout"), 500, "no session")
        post(client, "/session/connect", {"Immediate": True})
        status = get(client, "/session/status").json()["data"]
        assert (status["connected"], status["loggedIn"]) == (True, False)
        assert_failure(post(client, "/session/logout"), 500, "could not logout as it was not logged in")

    def test_never_connected_answers_no_session(self, scanned_later: TestClient) -> None:
        status = get(scanned_later, "/session/status").json()["data"]
        assert (status["connected"], status["loggedIn"]) == (False, False)
        for response in (
            get(scanned_later, "/session/qr"),
            post(scanned_later, "/session/disconnect"),
            post(scanned_later, "/session/logout"),
            post(scanned_later, "/user/check", {"Phone": ["51987654321"]}),
            send(scanned_later, "text", Body="x"),
        ):
            assert_failure(response, 500, "no session")

    def test_the_code_comes_a_moment_after_connecting_and_the_scan_later(
        self, scanned_later: TestClient, clock: Any
    ) -> None:
        post(scanned_later, "/session/connect", {"Immediate": True})
        assert get(scanned_later, "/session/qr").json()["data"] == {"QRCode": ""}
        clock.now += 1
        code = get(scanned_later, "/session/qr").json()["data"]["QRCode"]
        assert base64.b64decode(code.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
        assert get(scanned_later, "/session/status").json()["data"]["qrcode"] == code
        assert_failure(
            send(scanned_later, "text", Body="x"),
            500,
            "error sending message: the store doesn't contain a device JID",
        )
        response = post(scanned_later, "/user/check", {"Phone": ["51987654321"]})
        assert response.status_code == 500
        assert "websocket not connected" in response.json()["error"]
        clock.now += 2
        assert get(scanned_later, "/session/status").json()["data"]["loggedIn"] is True
        assert send(scanned_later, "text", Body="x").status_code == 200

    def test_connect_needs_a_body(self, scanned_later: TestClient) -> None:
        response = scanned_later.post("/wuzapi/session/connect", headers=HEADERS)
        assert_failure(response, 400, "could not decode Payload")


class TestCheck:
    def test_many_numbers_in_one_call(self, client: TestClient) -> None:
        phones = ["+51987654321", "51987654300", "51987654304", "525512345607", "5215512345607"]
        users = post(client, "/user/check", {"Phone": phones}).json()["data"]["Users"]
        assert [(user["Query"], user["IsInWhatsapp"]) for user in users] == [
            ("51987654321", True),
            ("51987654300", False),
            ("525512345607", False),
            ("5215512345607", True),
        ]
        assert users[0]["JID"] == "51987654321@s.whatsapp.net"
        checks = client.get("/sandbox/ledger").json()["checks"]
        assert [check["answer"] for check in checks] == ["exists", "absent", "unknown", "absent", "exists"]

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({}, "missing Phone in Payload"),
            ({"Phone": []}, "missing Phone in Payload"),
            ({"Phone": "51987654321"}, "could not decode Payload"),
            ({"Phone": [51987654321]}, "could not decode Payload"),
            (["51987654321"], "could not decode Payload"),
        ],
    )
    def test_a_wrong_body_is_refused(self, client: TestClient, body: Any, error: str) -> None:
        assert_failure(post(client, "/user/check", body), 400, error)


class TestSend:
    def test_text(self, client: TestClient, clock: Any) -> None:
        reply = send(client, "text", Phone="+51987654321", Body="héllo").json()
        assert reply["data"]["Details"] == "Sent"
        assert reply["data"]["Timestamp"] == int(clock.now)
        (message,) = messages(client)
        assert message["message_id"] == reply["data"]["Id"]
        assert (message["to"], message["type"], message["text"]) == ("51987654321", "text", "héllo")

    def test_field_names_in_any_case(self, client: TestClient) -> None:
        assert post(client, "/chat/send/text", {"phone": "51987654321", "BODY": "x"}).status_code == 200

    def test_the_clients_id_is_kept_and_a_repeat_is_the_same_message(self, client: TestClient) -> None:
        for _ in range(2):
            assert send(client, "text", Body="x", Id="90B2").json()["data"]["Id"] == "90B2"
        (message,) = messages(client)
        assert (message["message_id"], message["repeats"]) == ("90B2", 1)

    def test_ids_of_the_server_differ(self, client: TestClient) -> None:
        ids = {send(client, "text", Body="x").json()["data"]["Id"] for _ in range(3)}
        assert len(ids) == len(messages(client)) == 3

    @pytest.mark.parametrize(
        ("kind", "fields", "shown"),
        [
            ("image", {"Image": data_url(PNG, "image/png"), "Caption": "look"}, {"caption": "look"}),
            ("audio", {"Audio": data_url(PNG, "audio/ogg; codecs=opus")}, {}),
            ("video", {"Video": data_url(PNG, "video/mp4"), "Caption": "see"}, {"caption": "see"}),
            ("document", {"Document": data_url(PNG, "application/octet-stream"), "FileName": "a.bin"},
             {"filename": "a.bin"}),
        ],
    )  # fmt: skip
    def test_media(self, client: TestClient, kind: str, fields: dict[str, str], shown: dict[str, str]) -> None:
        assert send(client, kind, **fields).status_code == 200
        (message,) = messages(client)
        expected = {"type": kind, "bytes": len(PNG), "sha256": hashlib.sha256(PNG).hexdigest(), **shown}
        assert expected.items() <= message.items()

    def test_a_link_that_leads_away_is_taken_but_not_followed(self, client: TestClient) -> None:
        assert send(client, "image", Image="https://example.com/a.png").status_code == 200
        (message,) = messages(client)
        assert message["link"] == "https://example.com/a.png"
        assert "bytes" not in message

    def test_a_loopback_link_is_followed(self, server: Running) -> None:
        with httpx.Client(base_url=server.url) as client:
            response = send(client, "document", Document=f"{server.url}/sandbox/health", FileName="health.json")
            assert response.status_code == 200
            (message,) = messages(client)
            assert message["bytes"] == len(client.get("/sandbox/health").content)
            response = send(client, "document", Document=f"{server.url}/sandbox/nothing", FileName="x")
            assert_failure(response, 400, "failed to fetch document from url: status 404")

    def test_location_and_contact(self, client: TestClient) -> None:
        assert send(client, "location", Latitude=48.85, Longitude=2.29, Name="Paris").status_code == 200
        assert send(client, "contact", Name="Casa", Vcard="BEGIN:VCARD").status_code == 200
        location, contact = messages(client)
        assert {"latitude": 48.85, "longitude": 2.29, "name": "Paris"}.items() <= location.items()
        assert {"name": "Casa", "vcard": "BEGIN:VCARD"}.items() <= contact.items()

    @pytest.mark.parametrize(
        ("kind", "fields", "error"),
        [
            ("text", {}, "missing Body in Payload"),
            ("text", {"Phone": "", "Body": "x"}, "missing Phone in Payload"),
            ("text", {"Body": 5}, "could not decode Payload"),
            ("location", {"Latitude": 0, "Longitude": 2.29}, "missing Latitude in Payload"),
            ("location", {"Latitude": 48.85, "Longitude": 0.0}, "missing Longitude in Payload"),
            ("location", {"Latitude": "48.85", "Longitude": 2.29}, "could not decode Payload"),
            ("contact", {"Name": "Casa"}, "missing Vcard in Payload"),
            ("document", {"Document": "data:,x"}, "missing FileName in Payload"),
            ("image", {"Image": "aGVsbG8="}, 'Image data should start with "data:image/png;base64,"'),
            ("audio", {"Audio": "data:image/png;base64,AAAA"},
             "audio must be base64 (data:audio/) or valid HTTP URL"),
            ("video", {"Video": "data:video/mp4;base64,%%"}, "could not decode base64 encoded data from payload"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_refused(self, client: TestClient, kind: str, fields: dict[str, Any], error: str) -> None:
        assert_failure(send(client, kind, **fields), 400, error)
        assert messages(client) == []

    def test_an_image_that_is_none_fails_at_its_thumbnail(self, client: TestClient) -> None:
        response = send(client, "image", Image=data_url(b"GIF89a", "image/gif"))
        assert response.status_code == 500
        assert response.json()["error"].startswith("could not decode image for thumbnail preparation")

    def test_a_number_that_is_absent_has_no_lid(self, client: TestClient) -> None:
        response = send(client, "text", Phone="51987654300", Body="x")
        assert response.status_code == 500
        assert "no LID found for 51987654300@s.whatsapp.net" in response.json()["error"]
        assert messages(client) == []

    def test_a_group_always_exists(self, client: TestClient) -> None:
        assert send(client, "text", Phone="120362023605733600@g.us", Body="x").status_code == 200
