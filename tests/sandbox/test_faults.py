# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.fault_injection import INJECTORS, NeedsSocket
from airflow_provider_wa.sandbox.faults import OPTIONS, Fault, Faults, parse_fault
from airflow_provider_wa.sandbox.green_api import protocol as green_api
from airflow_provider_wa.sandbox.server import Running
from airflow_provider_wa.sandbox.vendors import VENDORS
from airflow_provider_wa.sandbox.wuzapi import protocol as wuzapi

HEADERS = {"Token": wuzapi.TOKEN}
MESSAGE = {"Phone": "51987654321", "Body": "hello", "Id": "A1"}
STATUS = "/wuzapi/session/status"
SEND = "/wuzapi/chat/send/text"
GREEN = f"/green/waInstance{green_api.ID_INSTANCE}/getStateInstance/{green_api.TOKEN}"


def fault(client: httpx.Client, kind: str, **options: Any) -> None:
    response = client.post("/sandbox/faults", json={"vendor": "wuzapi", "kind": kind, "times": 1, **options})
    assert response.status_code == 200, response.text


class TestParsing:
    def parse(self, **data: Any) -> Fault:
        names = tuple(vendor.name for vendor in VENDORS)
        return parse_fault(data, names, tuple(vendor.name for vendor in VENDORS if vendor.account))

    def test_every_kind_has_an_effect(self) -> None:
        assert set(OPTIONS) == {*INJECTORS, "latency"}

    def test_defaults(self) -> None:
        assert self.parse(kind="cut") == Fault("*", "cut", "", None)
        assert self.parse(kind="server_error").status == 500
        assert self.parse(kind="html").status == 502

    @pytest.mark.parametrize(
        ("data", "named"),
        [
            ({"kind": "explode"}, "unknown kind"),
            ({}, "unknown kind"),
            ({"kind": []}, "unknown kind"),
            ({"kind": "cut", "vendor": "nobody"}, "unknown vendor"),
            ({"kind": "logged_out", "vendor": "checkwa"}, "no session"),
            ({"kind": "cut", "times": 0}, "times"),
            ({"kind": "cut", "times": True}, "times"),
            ({"kind": "cut", "path": 5}, "path"),
            ({"kind": "cut", "seconds": 5}, "seconds: not an option of cut"),
            ({"kind": "latency"}, "seconds: missing"),
            ({"kind": "latency", "seconds": -1}, "seconds"),
            ({"kind": "latency", "seconds": "1"}, "seconds"),
            ({"kind": "server_error", "status": 404}, "status"),
            ({"kind": "server_error", "status": []}, "status"),
            ({"kind": "html", "status": 500}, "status"),
            ({"kind": "refuse"}, "code: missing"),
            ({"kind": "refuse", "code": 5}, "code"),
            ({"kind": "refuse", "code": "05", "status": 199}, "status"),
            ({"kind": "rate_limit", "enforce": False}, "enforce"),
            ({"kind": "rate_limit", "enforce": True, "times": 1}, "times"),
        ],
    )
    def test_what_is_wrong_is_named(self, data: dict[str, Any], named: str) -> None:
        with pytest.raises(ValueError, match=named):
            self.parse(**data)


class TestTaking:
    def test_by_vendor_and_path(self) -> None:
        faults = Faults()
        faults.add(Fault("wuzapi", "cut", "/chat/send"))
        assert faults.take("wuzapi", "/wuzapi/session/status") == (0.0, None)
        assert faults.take("green_api", "/green/chat/send") == (0.0, None)
        assert faults.take("wuzapi", "/wuzapi/chat/send/text")[1] is not None

    def test_times_are_used_up(self) -> None:
        faults = Faults()
        faults.add(Fault("*", "cut", times=2))
        assert [faults.take("wuzapi", "/")[1] is not None for _ in range(3)] == [True, True, False]
        assert not faults

    def test_latencies_add_up_and_the_first_other_kind_wins(self) -> None:
        faults = Faults()
        for each in (
            Fault("*", "latency", seconds=1, times=1),
            Fault("*", "cut", times=1),
            Fault("*", "latency", seconds=2),
            Fault("*", "html", times=1),
        ):
            faults.add(each)
        taken = [faults.take("wuzapi", "/") for _ in range(3)]
        assert [(seconds, hit and hit.kind) for seconds, hit in taken] == [(3, "cut"), (2, "html"), (2, None)]

    def test_a_list_shows_what_is_left(self) -> None:
        faults = Faults()
        faults.add(Fault("*", "rate_limit", times=3, retry_after=5))
        faults.take("wuzapi", "/")
        assert faults.as_json() == [{"vendor": "*", "kind": "rate_limit", "path": "", "times": 2, "retry_after": 5}]


class TestRefusing:
    def test_a_500_that_calls_itself_a_success(self, client: TestClient) -> None:
        fault(client, "refuse", code="plain")
        assert client.get(STATUS, headers=HEADERS).json() == {"code": 500, "success": True}

    def test_rates_that_bind_leave_other_faults_alone(self, client: TestClient) -> None:
        fault(client, "rate_limit", vendor="green_api", times=None, enforce=True)
        assert client.get("/sandbox/faults").json()["faults"][0]["enforce"] is True
        fault(client, "html", vendor="green_api")
        assert [client.get(GREEN).status_code for _ in range(2)] == [502, 429]


class TestReplies:
    def test_rate_limit_in_the_vendors_own_way(self, client: TestClient) -> None:
        fault(client, "rate_limit", vendor="*", times=3, retry_after=7)
        plain = client.get(STATUS, headers=HEADERS)
        assert (plain.status_code, plain.headers["retry-after"]) == (429, "7")
        green = client.get(GREEN)
        assert (green.status_code, green.headers["retry-after"]) == (429, "7")
        accuauth = client.post("/accuauth/check/whatsapp_advanced")
        assert (accuauth.status_code, accuauth.json()["status"]) == (403, "RATE_LIMIT_EXCEEDED")
        assert accuauth.headers["retry-after"] == "7"
        assert client.get(STATUS, headers=HEADERS).status_code == 200

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_server_error(self, client: TestClient, status: int) -> None:
        fault(client, "server_error", status=status)
        assert client.get(STATUS, headers=HEADERS).status_code == status

    @pytest.mark.parametrize("status", [200, 502])
    def test_html_instead_of_json(self, client: TestClient, status: int) -> None:
        fault(client, "html", status=status)
        response = client.post(SEND, headers=HEADERS, json=MESSAGE)
        assert response.status_code == status
        assert response.headers["content-type"].startswith("text/html")
        assert client.get("/sandbox/ledger").json()["messages"] == []

    def test_logged_out_until_the_next_scan(self, client: TestClient) -> None:
        fault(client, "logged_out", vendor="*", times=2)
        assert client.post(SEND, headers=HEADERS, json=MESSAGE).json()["error"] == "no session"
        assert client.get(GREEN).json() == {"stateInstance": "notAuthorized"}
        assert client.get(GREEN).json() == {"stateInstance": "notAuthorized"}
        client.post("/sandbox/scan", json={"vendor": "green_api"})
        assert client.get(GREEN).json() == {"stateInstance": "authorized"}

    def test_latency(self, client: TestClient) -> None:
        fault(client, "latency", seconds=0.05)
        begun = time.monotonic()
        assert client.get(STATUS, headers=HEADERS).status_code == 200
        assert time.monotonic() - begun >= 0.05

    @pytest.mark.parametrize("kind", ["cut", "lost_reply", "cut_body", "junk"])
    def test_without_a_socket_cutting_is_an_error(self, client: TestClient, kind: str) -> None:
        fault(client, kind)
        with pytest.raises(NeedsSocket, match="serve_in_thread"):
            client.post(SEND, headers=HEADERS, json=MESSAGE)
        assert client.get("/sandbox/ledger").json()["messages"] == []


class TestConnections:
    """Over real sockets: what a client sees, and what the vendor did all the same."""

    @pytest.mark.parametrize(
        ("kind", "error", "taken"),
        [
            ("cut", (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError), 0),
            ("lost_reply", (httpx.RemoteProtocolError, httpx.ReadError), 1),
            ("cut_body", (httpx.RemoteProtocolError, httpx.ReadError), 1),
            ("junk", httpx.RemoteProtocolError, 0),
        ],
    )
    def test_a_send(self, server: Running, kind: str, error: Any, taken: int) -> None:
        with httpx.Client(base_url=server.url) as client:
            client.get(STATUS, headers=HEADERS)  # over a kept-alive connection, as clients have them
            fault(client, kind, path="/chat/send")
            assert client.get(STATUS, headers=HEADERS).status_code == 200
            with pytest.raises(error):
                client.post(SEND, headers=HEADERS, json=MESSAGE)
            assert len(client.get("/sandbox/ledger").json()["messages"]) == taken
            assert client.post(SEND, headers=HEADERS, json=MESSAGE).status_code == 200
            (message,) = client.get("/sandbox/ledger").json()["messages"]
            assert message["repeats"] == taken

    def test_half_of_the_body_arrives(self, server: Running) -> None:
        with httpx.Client(base_url=server.url) as client:
            whole = client.get(GREEN)
            fault(client, "cut_body", vendor="green_api")
            received: list[bytes] = []
            with client.stream("GET", GREEN) as response:
                assert response.status_code == 200
                with pytest.raises(httpx.RemoteProtocolError):
                    received.extend(response.iter_raw())
            assert b"".join(received) == whole.content[: len(whole.content) // 2]

    def test_a_big_upload_is_cut_too(self, server: Running) -> None:
        with httpx.Client(base_url=server.url) as client:
            fault(client, "cut")
            with pytest.raises(httpx.TransportError):
                client.post(SEND, headers=HEADERS, content=b"x" * 5_000_000)
            assert client.get("/sandbox/ledger").json()["requests"] == {"wuzapi": 1}

    @pytest.mark.parametrize("kind", ["cut", "lost_reply", "cut_body", "junk"])
    def test_the_server_takes_its_cuts_for_no_error(
        self, server: Running, kind: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with httpx.Client(base_url=server.url) as client:
            fault(client, kind)
            with pytest.raises(httpx.TransportError):
                client.get(STATUS, headers=HEADERS)
            assert client.get(STATUS, headers=HEADERS).status_code == 200
        assert capfd.readouterr() == ("", "")

    def test_a_long_latency_does_not_hold_others_up(self, server: Running) -> None:
        with httpx.Client(base_url=server.url) as client:
            fault(client, "latency", seconds=30)
            with pytest.raises(httpx.ReadTimeout):
                client.get(STATUS, headers=HEADERS, timeout=0.1)
            assert client.get(STATUS, headers=HEADERS, timeout=5).status_code == 200
