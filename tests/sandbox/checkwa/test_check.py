# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
import queue
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from sandbox.calls import final, outcomes
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.checkwa.check import API_KEY
from airflow_provider_wa.sandbox.server import Running, serve_in_thread

LOGIN = {"user": "sandbox", "apikey": API_KEY}
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "x-test-header, Origin, X-Requested-With, Content-Type, Accept",
}
PATIENCE = 5.0


class Receiver:
    """A callback server: keeps what is posted to it."""

    def __init__(self) -> None:
        self.posted: queue.Queue[dict[str, str]] = queue.Queue()
        self.cors = CORS
        self.status = 200
        self.asked = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def reply(self, status: int) -> None:
                self.send_response(status)
                for name, value in receiver.cors.items():
                    self.send_header(name, value)
                self.end_headers()

            def do_OPTIONS(self) -> None:
                receiver.asked += 1
                self.reply(200)

            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/json"
                receiver.posted.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.reply(receiver.status)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.01,))
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
    thread.join()


def post(url: str, body: dict[str, Any]) -> dict[str, str]:
    response = httpx.post(f"{url}/checkwa/check/", json={**LOGIN, **body})
    assert response.status_code == 200
    reply: dict[str, str] = response.json()
    return reply


def queue_check(server: Running, number: str, callback: str, token: str = "t-1") -> dict[str, str]:
    return post(server.url, {"action": "check", "token": token, "callback": callback, "number": number})


def callbacks(server: Running, count: int) -> list[dict[str, Any]]:
    """Wait until the ledger has that many callbacks."""
    deadline = time.monotonic() + PATIENCE
    while len(found := httpx.get(f"{server.url}/sandbox/ledger").json()["callbacks"]) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    assert len(found) == count
    return list(found)


def change_posting(server: Running, **options: Any) -> None:
    httpx.post(f"{server.url}/sandbox/posting", json={"vendor": "checkwa", **options}).raise_for_status()


class TestRefusals:
    @pytest.mark.parametrize("action", [{}, {"action": "check"}])
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"user": "nobody"}, "3"),
            ({"apikey": "wrong"}, "3"),
            ({"user": "sandbox-disabled"}, "7"),
            ({"action": "destroy"}, "4"),
            ({"server": "1"}, "9"),
            ({"number": "1234567"}, "5"),
            ({"number": "+51987654321"}, "5"),
            ({"number": None}, "5"),
        ],
    )
    def test_codes(self, client: TestClient, action: dict[str, str], body: dict[str, Any], code: str) -> None:
        response = client.post("/checkwa/check/", json={**LOGIN, "number": "51987654321", **action, **body})
        assert (response.status_code, response.json()) == (200, {"code": code})

    def test_no_credit(self, client: TestClient) -> None:
        client.post("/sandbox/quota", json={"vendor": "checkwa", "left": 1})
        body = {**LOGIN, "number": "51987654321"}
        replies = [client.post("/checkwa/check/", json=body).json()["code"] for _ in range(2)]
        assert replies == ["1", "6"]

    def test_what_is_no_json_has_no_login(self, client: TestClient) -> None:
        for content in (b"", b"[]", b"user=sandbox"):
            assert client.post("/checkwa/check/", content=content).json() == {"code": "3"}

    def test_an_unknown_path(self, client: TestClient) -> None:
        assert client.post("/checkwa/").status_code == 404


class TestSync:
    @pytest.mark.parametrize(
        ("number", "code"),
        [
            ({"number": "51987654321"}, "1"),
            ({"number": "51987654300"}, "0"),
            ({"cod": "51", "num": "987654321"}, "1"),
            ({"cod": "51", "num": "987654300"}, "0"),
            ({"cod": "52", "num": "5512345607"}, "0"),
            ({"number": "51987654304"}, "2"),
            ({"num": "987654321"}, "5"),
            ({"cod": "51"}, "5"),
        ],
    )
    def test_the_answer_is_a_code_and_nothing_else(self, client: TestClient, number: dict[str, str], code: str) -> None:
        assert client.post("/checkwa/check/", json={**LOGIN, **number}).json() == {"code": code}


class TestQueue:
    def test_a_number_is_queued_and_its_result_called_back(self, server: Running, receiver: Receiver) -> None:
        reply = queue_check(server, "51987654321", receiver.url)
        assert reply.pop("server_ping")
        assert reply == {
            "code": "1",
            "server": "462",
            "server_status": "1",
            "token": "t-1",
            "callback": receiver.url,
            "queue": "1",
        }
        body = receiver.posted.get(timeout=PATIENCE)
        assert body == {"code": "1", "num": "51987654321", "has_picture": "0", "token": "t-1"}
        (entry,) = callbacks(server, 1)
        assert (entry["outcome"], entry["body"]) == ("delivered", body)

    def test_absent_is_code_2(self, server: Running, receiver: Receiver) -> None:
        body = {"action": "check", "token": "t-2", "callback": receiver.url, "cod": "51", "num": "987654300"}
        assert post(server.url, body)["code"] == "1"
        expected = {"code": "2", "num": "51987654300", "has_picture": "0", "token": "t-2"}
        assert receiver.posted.get(timeout=PATIENCE) == expected

    def test_03_has_its_picture_in_a_second_callback(self, server: Running, receiver: Receiver) -> None:
        queue_check(server, "51987654303", receiver.url)
        first, second = (receiver.posted.get(timeout=PATIENCE) for _ in range(2))
        assert first == {"code": "1", "num": "51987654303", "has_picture": "1", "token": "t-1"}
        assert base64.b64decode(second.pop("picture")).startswith(b"\x89PNG")
        assert second == first

    def test_a_picture_that_nobody_wants_does_not_come(self, server: Running, receiver: Receiver) -> None:
        body = {"action": "check", "token": "t-3", "callback": receiver.url, "number": "51987654303"}
        assert post(server.url, {**body, "hide_image": "1", "server": "462"})["server"] == "462"
        expected = {"code": "1", "num": "51987654303", "has_picture": "0", "token": "t-3"}
        assert receiver.posted.get(timeout=PATIENCE) == expected
        callbacks(server, 1)
        assert server.state.pending_tasks == 0

    def test_01_comes_late_and_04_never(self, receiver: Receiver) -> None:
        with serve_in_thread(delivery_seconds=0.15) as server:
            begun = time.monotonic()
            for number in ("51987654304", "51987654301"):
                queue_check(server, number, receiver.url)
            assert receiver.posted.get(timeout=PATIENCE)["num"] == "51987654301"
            assert time.monotonic() - begun >= 3 * 0.15
            callbacks(server, 1)
            assert server.state.pending_tasks == 0

    @pytest.mark.parametrize("url", ["https://example.com/hook", "http://10.0.0.1/", "nonsense", ""])
    def test_only_loopback_is_called(self, server: Running, url: str) -> None:
        queue_check(server, "51987654321", url)
        (entry,) = callbacks(server, 1)
        assert (entry["outcome"], entry["url"]) == ("skipped", url)

    def test_a_receiver_without_the_mandatory_headers_gets_nothing(self, server: Running, receiver: Receiver) -> None:
        receiver.cors = {"Access-Control-Allow-Origin": "*"}
        queue_check(server, "51987654321", receiver.url)
        (entry,) = final(server.url, 1)
        assert outcomes(entry) == ["blocked"] * 3
        assert "access-control-allow-methods" in entry["detail"]
        assert receiver.posted.empty()

    def test_a_receiver_that_was_away_gets_the_result_and_then_the_picture(
        self, server: Running, receiver: Receiver
    ) -> None:
        receiver.cors = {}
        change_posting(server, attempts=None)
        queue_check(server, "51987654303", receiver.url)
        callbacks(server, 1)
        receiver.cors = CORS
        assert ["picture" in receiver.posted.get(timeout=PATIENCE) for _ in range(2)] == [False, True]
        first, second = final(server.url, 2)
        assert (outcomes(first)[0], first["outcome"]) == ("blocked", "delivered")
        assert outcomes(second) == ["delivered"]

    def test_shuffled_the_picture_comes_first(self, server: Running, receiver: Receiver) -> None:
        change_posting(server, shuffle=True)
        queue_check(server, "51987654303", receiver.url)
        first, second = (receiver.posted.get(timeout=PATIENCE) for _ in range(2))
        assert first.pop("picture")
        assert first == second == {"code": "1", "num": "51987654303", "has_picture": "1", "token": "t-1"}

    def test_with_copies_the_picture_comes_twice(self, server: Running, receiver: Receiver) -> None:
        change_posting(server, copies=2)
        queue_check(server, "51987654303", receiver.url)
        posted = [receiver.posted.get(timeout=PATIENCE) for _ in range(4)]
        assert ["picture" in body for body in posted] == [False, False, True, True]
        assert posted[2] == posted[3]
        final(server.url, 4)

    def test_a_busy_receiver_is_not_asked_each_time(self, server: Running, receiver: Receiver) -> None:
        for number in range(60):
            queue_check(server, f"519876{number:03d}21", receiver.url)
        assert {entry["outcome"] for entry in final(server.url, 60)} == {"delivered"}
        assert receiver.posted.qsize() == 60
        assert receiver.asked < 60

    def test_a_receiver_that_refuses_or_is_away(self, server: Running, receiver: Receiver) -> None:
        receiver.status = 503
        queue_check(server, "51987654321", receiver.url)
        final(server.url, 1)
        queue_check(server, "51987654321", "http://127.0.0.1:1/")
        refused, failed = final(server.url, 2)
        assert (outcomes(refused), refused["detail"]) == (["refused"] * 3, "HTTP 503")
        assert receiver.posted.qsize() == 3
        assert outcomes(failed) == ["failed"] * 3

    def test_a_reset_drops_callbacks_under_way(self, server: Running, receiver: Receiver) -> None:
        change_posting(server, delay=60)  # however slow this machine is, it is under way when the reset comes
        queue_check(server, "51987654301", receiver.url)
        httpx.post(f"{server.url}/sandbox/reset")
        queue_check(server, "51987654301", receiver.url, token="after")
        assert receiver.posted.get(timeout=PATIENCE)["token"] == "after"
        assert receiver.posted.empty()
