# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import httpx
import pytest
from sandbox.calls import PHONE, ledger, message_ids, portal
from starlette.testclient import TestClient

REPLY = {"button1": "Yes", "button2": "No", "button3": "Later"}
CALL = {"callButtonText": "Call us", "callButtonValue": "+51987654321"}
URL = {"urlButtonText": "Visit", "urlButtonValue": "https://example.com/shop"}
TEXT = {"message": "Choose", "footer": "Thanks"}
PLACE = {"degreesLatitude": "-12.04", "degreesLongitude": "-77.03", "name": "Lima"}
LIST = {"header": "Menu", "message": "What?", "footer": "Bye", "buttonText": "Open"}
ROUTES: list[tuple[str, dict[str, str]]] = [
    ("sendTextButton", {}),
    ("sendFilesButton", {"link": "https://example.com/a.png"}),
    ("sendLocationButton", PLACE),
]
REFUSED, REQUIRED = "12-Parsing parameter failed", "13-Parameter required"


def message_of(response: httpx.Response) -> str:
    assert response.status_code == 400, response.text
    return str(response.json()["message"])


class TestButtons:
    @pytest.mark.parametrize(("route", "more"), ROUTES)
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_by_get_and_post(self, client: TestClient, route: str, more: dict[str, str], method: str) -> None:
        parameters = {"token": "sandbox-portal-token", "phone": PHONE, **TEXT, **REPLY, **more}
        message_ids(client.request(method, f"/portal/api/{route}", params=parameters))
        (message,) = ledger(client, "wa_portal")
        assert message["footer"] == "Thanks"
        assert [button["text"] for button in message["buttons"]] == ["Yes", "No", "Later"]

    @pytest.mark.parametrize(
        ("buttons", "kinds"),
        [
            ({"button1": "Yes"}, ["reply"]),
            (CALL, ["call"]),
            (URL, ["url"]),
            ({**CALL, **URL}, ["call", "url"]),
            ({**CALL, **URL, "button1": "Yes"}, ["reply", "call", "url"]),
            ({name.lower(): value for name, value in {**CALL, **URL}.items()}, ["call", "url"]),
        ],
    )
    def test_which_go_together(self, client: TestClient, buttons: dict[str, str], kinds: list[str]) -> None:
        (found,) = message_ids(portal(client, "sendTextButton", phone=PHONE, **TEXT, **buttons))
        (message,) = ledger(client, "wa_portal")
        assert [button["type"] for button in message["buttons"]] == kinds
        row = portal(client, "campaignStatus", msg_id=found).json()["data"]
        assert row["isButton"] is True
        assert row["button"] == message["buttons"]

    @pytest.mark.parametrize(("route", "more"), ROUTES)
    @pytest.mark.parametrize(
        ("buttons", "code"),
        [
            ({}, REQUIRED),
            ({"button2": "No"}, REQUIRED),
            ({**CALL, "button2": "No"}, REQUIRED),
            ({**CALL, "button1": "Yes", "button2": "No"}, REFUSED),
            ({"callButtonText": "Call"}, REQUIRED),
            ({"urlButtonValue": "https://example.com"}, REQUIRED),
            ({**CALL, "callButtonValue": "office"}, REFUSED),
            ({**URL, "urlButtonValue": "example"}, REFUSED),
            ({"button1": "x" * 21}, REFUSED),
            ({**CALL, "callButtonText": "x" * 21}, REFUSED),
            ({**URL, "urlButtonText": "x" * 21}, REFUSED),
            ({"button1": "Yes", "message": "x" * 1025}, REFUSED),
            ({"button1": "Yes", "footer": "x" * 61}, REFUSED),
            ({"button1": "Yes", "message": ""}, REQUIRED),
        ],
    )
    def test_refusals(
        self, client: TestClient, route: str, more: dict[str, str], buttons: dict[str, str], code: str
    ) -> None:
        assert message_of(portal(client, route, **{"phone": PHONE, **TEXT, **more, **buttons})) == code
        assert ledger(client, "wa_portal") == []

    def test_the_limits_are_characters_and_may_be_reached(self, client: TestClient) -> None:
        buttons = {"button1": "é" * 20, "message": "é" * 1024, "footer": "é" * 60}
        assert len(message_ids(portal(client, "sendTextButton", phone=PHONE, **buttons))) == 1

    def test_an_upload_under_buttons_keeps_its_caption(self, client: TestClient) -> None:
        files = {"file": ("a.pdf", b"x")}
        message_ids(portal(client, "sendFilesButton", files, phone=PHONE, **TEXT, **REPLY))
        (message,) = ledger(client, "wa_portal")
        assert (message["type"], message["caption"], message["bytes"]) == ("document", "Choose", 1)

    def test_files_that_buttons_do_not_go_with(self, client: TestClient) -> None:
        upload = portal(client, "sendFilesButton", {"file": ("a.mp3", b"x")}, phone=PHONE, **TEXT, **REPLY)
        assert message_of(upload) == "11-Unknown file type"
        link = portal(client, "sendFilesButton", phone=PHONE, **TEXT, **REPLY, link="https://example.com/a.zip")
        assert message_of(link) == "10-Download file failed"
        assert message_of(portal(client, "sendFilesButton", phone=PHONE, **TEXT, **REPLY)) == REQUIRED


class TestList:
    def test_rows(self, client: TestClient) -> None:
        rows = ["Food:Soup:Hot", ":Bread:", "Food:Rice:"]
        (found,) = message_ids(portal(client, "sendList", phone=PHONE, **LIST, rows=rows))
        (message,) = ledger(client, "wa_portal")
        assert message["rows"][:2] == [
            {"section": "Food", "title": "Soup", "description": "Hot"},
            {"section": "", "title": "Bread", "description": ""},
        ]
        assert (message["type"], message["header"], message["text"]) == ("list", "Menu", "What?")
        row = portal(client, "campaignStatus", msg_id=found).json()["data"]
        assert (row["isList"], len(row["list"])) == (True, 3)

    def test_header_and_footer_may_be_left_out(self, client: TestClient) -> None:
        response = portal(client, "sendList", phone=PHONE, message="x", buttonText="y", rows="s:t:d")
        assert len(message_ids(response)) == 1

    @pytest.mark.parametrize("missing", ["message", "buttonText", "rows"])
    def test_what_must_be_there_is_said_in_words(self, client: TestClient, missing: str) -> None:
        parameters: dict[str, Any] = {"phone": PHONE, **LIST, "rows": "s:t:d"}
        del parameters[missing]
        response = portal(client, "sendList", **parameters)
        assert message_of(response).startswith("please check request required header/message/buttonText")
        assert response.json()["request"]["phone"] == [PHONE]

    @pytest.mark.parametrize(
        "change",
        [
            {"rows": "title"},
            {"rows": "s:title"},
            {"rows": "s:t:d:e"},
            {"rows": "s::d"},
            {"rows": ["s:t:d", "s"]},
            {"rows": f"{'s' * 21}:t:d"},
            {"rows": f"s:{'t' * 21}:d"},
            {"rows": f"s:t:{'d' * 31}"},
            {"header": "x" * 61},
            {"footer": "x" * 61},
            {"message": "x" * 1025},
            {"buttonText": "x" * 21},
        ],
    )
    def test_limits(self, client: TestClient, change: dict[str, Any]) -> None:
        parameters: dict[str, Any] = {"phone": PHONE, **LIST, "rows": "s:t:d", **change}
        assert message_of(portal(client, "sendList", **parameters)) == REFUSED

    def test_the_limits_may_be_reached(self, client: TestClient) -> None:
        texts = {"header": "x" * 60, "footer": "x" * 60, "message": "x" * 1024, "buttonText": "x" * 20}
        row = f"{'s' * 20}:{'t' * 20}:{'d' * 30}"
        assert len(message_ids(portal(client, "sendList", phone=PHONE, **texts, rows=row))) == 1

    def test_no_quota(self, client: TestClient) -> None:
        client.post("/sandbox/quota", json={"vendor": "wa_portal", "left": 0})
        assert message_of(portal(client, "sendList", phone=PHONE, **LIST, rows="s:t:d")) == "05-Quota expiry"
