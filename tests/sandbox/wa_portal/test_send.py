# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.server import Running
from airflow_provider_wa.sandbox.wa_portal.protocol import TOKEN

PHONE = "51987654321"


def call(client: httpx.Client, route: str, files: Any = None, **parameters: str) -> httpx.Response:
    return client.post(f"/portal/api/{route}", params={"token": TOKEN, **parameters}, files=files)


def messages(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/sandbox/ledger", params={"vendor": "wa_portal"}).json()["messages"]
    return found


def message_id(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    (found,) = response.json()["data"]["messageIDs"]
    return str(found)


def assert_refused(response: httpx.Response, message: str) -> None:
    assert response.status_code == 400
    body = response.json()
    assert (body["status"], body["message"]) == ("error", message)


class TestAccess:
    @pytest.mark.parametrize("parameters", [{}, {"token": "wrong"}])
    def test_a_wrong_token_is_an_invalid_object_id(self, client: TestClient, parameters: dict[str, str]) -> None:
        for route in ("sendText", "sendFiles", "qrCode", "campaignStatus", "checkBal"):
            response = client.get(f"/portal/api/{route}", params=parameters)
            assert response.status_code == 401
            assert response.json()["message"] == "invalid object id"

    def test_an_unknown_route(self, client: TestClient) -> None:
        assert call(client, "sendEverything").status_code == 404

    def test_parameters_in_the_query_or_in_a_form_by_get_or_post(self, client: TestClient) -> None:
        parameters = {"token": TOKEN, "phone": PHONE, "message": "a b&c=ü"}
        ids = {
            message_id(client.get("/portal/api/sendText", params=parameters)),
            message_id(client.post("/portal/api/sendText", params=parameters)),
            message_id(client.post("/portal/api/sendText", data=parameters)),
            message_id(client.post("/portal/api/sendText", params={"token": TOKEN}, data=parameters)),
        }
        assert len(ids) == 4
        assert {message["text"] for message in messages(client)} == {"a b&c=ü"}


class TestSend:
    def test_text(self, client: TestClient) -> None:
        response = call(client, "sendText", phone=PHONE, message="hello")
        body = response.json()
        assert (body["status"], body["message"]) == ("success", "00-Success")
        assert body["data"]["connStatus"] is True
        (message,) = messages(client)
        assert message["message_id"] == message_id(response)
        assert (message["to"], message["type"], message["text"]) == (PHONE, "text", "hello")

    def test_2000_bytes_of_text_and_no_more(self, client: TestClient) -> None:
        assert call(client, "sendText", phone=PHONE, message="é" * 1000).status_code == 200
        assert_refused(call(client, "sendText", phone=PHONE, message="é" * 1000 + "x"), "12-Parsing parameter failed")

    @pytest.mark.parametrize("route", ["sendFiles", "sendFileWithCaption"])
    def test_an_uploaded_picture(self, client: TestClient, route: str) -> None:
        response = call(client, route, files={"file": ("a b.PNG", b"picture")}, phone=PHONE, message="look")
        assert response.status_code == 200
        (message,) = messages(client)
        expected = {"type": "image", "bytes": 7, "sha256": hashlib.sha256(b"picture").hexdigest()}
        assert expected.items() <= message.items()
        assert message.get("caption") == ("look" if route == "sendFileWithCaption" else None)

    def test_a_documents_caption_is_lost(self, client: TestClient) -> None:
        call(client, "sendFileWithCaption", files={"file": ("a.pdf", b"x")}, phone=PHONE, message="look")
        (message,) = messages(client)
        assert message["type"] == "document"
        assert "caption" not in message

    def test_3_mb_of_upload_and_no_more(self, client: TestClient) -> None:
        limit = 3 * 1024 * 1024
        fits, too_big = {"file": ("a.pdf", b"x" * limit)}, {"file": ("a.pdf", b"x" * (limit + 1))}
        assert call(client, "sendFiles", files=fits, phone=PHONE).status_code == 200
        assert_refused(call(client, "sendFiles", files=too_big, phone=PHONE), "08-Save file / document failed")

    def test_a_broken_upload(self, client: TestClient) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        response = client.post(
            "/portal/api/sendFiles",
            params={"token": TOKEN, "phone": PHONE},
            headers=headers,
            content=b"--y\r\nnonsense",
        )
        assert_refused(response, "08-Save file / document failed")

    def test_a_link_that_leads_away_is_taken_but_not_followed(self, client: TestClient) -> None:
        assert call(client, "sendFiles", phone=PHONE, link="https://example.com/a.mp4?x=1").status_code == 200
        (message,) = messages(client)
        assert (message["type"], message["link"]) == ("video", "https://example.com/a.mp4?x=1")

    def test_a_loopback_link_is_followed(self, server: Running) -> None:
        with httpx.Client(base_url=server.url) as client:
            link = f"{server.url}/sandbox/nothing.png"
            assert_refused(call(client, "sendFiles", phone=PHONE, link=link), "09-Link not valid")
            link = f"{server.url}/sandbox/health#.png"
            assert_refused(call(client, "sendFiles", phone=PHONE, link=link), "10-Download file failed")
            link = "http://127.0.0.1:1/a.png"
            assert_refused(call(client, "sendFiles", phone=PHONE, link=link), "10-Download file failed")

    def test_location_and_contact(self, client: TestClient) -> None:
        place = {"degreesLatitude": "0", "degreesLongitude": "-77.03", "name": "Lima"}
        person = {"contactName": "N" * 30, "contactPhone": PHONE}
        assert call(client, "sendLocation", phone=PHONE, **place).status_code == 200
        assert call(client, "sendContact", phone=PHONE, **person).status_code == 200
        location, contact = messages(client)
        assert {"latitude": "0", "longitude": "-77.03", "name": "Lima"}.items() <= location.items()
        assert {"name": "N" * 30, "phone": PHONE}.items() <= contact.items()

    @pytest.mark.parametrize(
        ("route", "parameters", "message"),
        [
            ("sendText", {"message": "x"}, "13-Parameter required"),
            ("sendText", {"phone": PHONE}, "13-Parameter required"),
            ("sendText", {"phone": "+51987654321", "message": "x"}, "12-Parsing parameter failed"),
            ("sendText", {"phone": "51987654300", "message": "x"},
             "04-Phone number not registered on whatsapp or your instance not connected"),
            ("sendFiles", {"phone": PHONE}, "13-Parameter required"),
            ("sendFileWithCaption", {"phone": PHONE, "link": "https://example.com/a.png"}, "13-Parameter required"),
            ("sendFiles", {"phone": PHONE, "link": "ftp://example.com/a.png"}, "09-Link not valid"),
            ("sendFiles", {"phone": PHONE, "link": "a.png"}, "09-Link not valid"),
            ("sendFiles", {"phone": PHONE, "link": "https://example.com/a.exe"}, "10-Download file failed"),
            ("sendLocation", {"phone": PHONE, "degreesLatitude": "1", "degreesLongitude": "2"},
             "13-Parameter required"),
            ("sendLocation", {"phone": PHONE, "degreesLatitude": "x", "degreesLongitude": "2", "name": "n"},
             "12-Parsing parameter failed"),
            ("sendLocation", {"phone": PHONE, "degreesLatitude": "90.1", "degreesLongitude": "2", "name": "n"},
             "12-Parsing parameter failed"),
            ("sendContact", {"phone": PHONE, "contactName": "N" * 31, "contactPhone": PHONE},
             "12-Parsing parameter failed"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_refused(
        self, client: TestClient, route: str, parameters: dict[str, str], message: str
    ) -> None:
        assert_refused(call(client, route, **parameters), message)
        assert messages(client) == []

    def test_an_upload_of_unknown_type(self, client: TestClient) -> None:
        response = call(client, "sendFiles", files={"file": ("a.exe", b"x")}, phone=PHONE)
        assert_refused(response, "11-Unknown file type")
        assert "request" not in response.json()

    def test_refusals_repeat_the_request_with_its_token(self, client: TestClient) -> None:
        response = call(client, "sendText", phone="51987654300", message="hi")
        assert response.json()["request"] == {"message": ["hi"], "phone": ["51987654300"], "token": [TOKEN]}

    def test_quota(self, client: TestClient) -> None:
        client.post("/sandbox/quota", json={"vendor": "wa_portal", "left": 1})
        assert call(client, "checkBal").json()["data"]["quota"] == 1
        assert call(client, "sendText", phone=PHONE, message="x").status_code == 200
        assert call(client, "checkBal").json()["data"]["quota"] == 0
        assert_refused(call(client, "sendText", phone=PHONE, message="x"), "05-Quota expiry")


class TestStatus:
    def status(self, client: TestClient, found: str) -> dict[str, Any]:
        data = call(client, "campaignStatus", msg_id=found).json()["data"]
        return {name: data[name] for name in ("status", "statusMessage", "statusMessageInfo")}

    def test_it_follows_the_message(self, client: TestClient, clock: Any) -> None:
        found = message_id(call(client, "sendText", phone="51987654305", message="hi"))
        assert self.status(client, found) == {"status": 1, "statusMessage": 1, "statusMessageInfo": "Sent"}
        clock.now += 10
        assert self.status(client, found) == {"status": 1, "statusMessage": 3, "statusMessageInfo": "Delivered"}
        clock.now += 10
        assert self.status(client, found) == {"status": 1, "statusMessage": 4, "statusMessageInfo": "Read"}
        data = call(client, "campaignStatus", msg_id=found).json()["data"]
        assert data["messageID"] == found
        assert data["text"] == "hi"
        assert data["deliveredAt"].endswith("+05:30")
        assert data["deliveredAt"] < data["readAt"]

    def test_an_unknown_id_is_a_bare_500(self, client: TestClient) -> None:
        response = call(client, "campaignStatus", msg_id="62b32db5758e0afb0d3907e1")
        assert response.status_code == 500
        assert not response.headers["content-type"].startswith("application/json")
        assert_refused(call(client, "campaignStatus"), "13-Parameter required")


class TestSession:
    def test_the_instance_is_shown_while_logged_in(self, client: TestClient) -> None:
        body = call(client, "qrCode").json()
        assert body["status"] == "success"
        assert body["data"]["login"] is True

    def test_the_code_is_shown_until_it_is_scanned(self, scanned_later: TestClient, clock: Any) -> None:
        clock.now += 100
        body = call(scanned_later, "qrCode").json()
        assert body["status"] == "qrcode"
        assert base64.b64decode(body["data"]).startswith(b"\x89PNG")
        clock.now += 2.9
        assert call(scanned_later, "qrCode").json()["status"] == "qrcode"
        clock.now += 0.1
        assert call(scanned_later, "qrCode").json()["status"] == "success"

    def test_a_message_waits_for_the_login(self, scanned_later: TestClient, clock: Any) -> None:
        response = call(scanned_later, "sendText", phone="51987654300", message="hi")
        assert response.json()["data"]["connStatus"] is False
        assert messages(scanned_later)[0]["status"] == "queued"
        data = call(scanned_later, "campaignStatus", msg_id=message_id(response)).json()["data"]
        assert (data["status"], data["statusInfo"], data["deliveredAt"]) == (0, "Pending", None)
        scanned_later.post("/sandbox/scan", json={"vendor": "wa_portal"})
        data = call(scanned_later, "campaignStatus", msg_id=message_id(response)).json()["data"]
        assert (data["status"], data["statusInfo"]) == (1, "Sent")
