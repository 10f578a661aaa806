# SPDX-License-Identifier: Apache-2.0
"""How the tests of this room call the vendors."""

from __future__ import annotations

import base64
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from airflow_provider_wa.sandbox.green_api import protocol as green_api
from airflow_provider_wa.sandbox.wa_portal import protocol as wa_portal
from airflow_provider_wa.sandbox.wuzapi import protocol as wuzapi

PHONE = "51987654321"
GROUP = "120363020000000001@g.us"


def wuz(client: httpx.Client, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
    if body is not None:
        options["json"] = body
    return client.request(method, f"/wuzapi{path}", headers={"Token": wuzapi.TOKEN}, **options)


def green(client: httpx.Client, method: str, name: str, body: Any = None, **options: Any) -> httpx.Response:
    """Call by "GET" or "POST"; `name` may have a query, and an argument: "deleteNotification/7"."""
    name, _, query = name.partition("?")
    name, _, argument = name.partition("/")
    path = f"/green/waInstance{green_api.ID_INSTANCE}/{name}/{green_api.TOKEN}"
    if body is not None:
        options["json"] = body
    return client.request(
        method, path + (f"/{argument}" if argument else "") + (f"?{query}" if query else ""), **options
    )


def portal(client: httpx.Client, route: str, files: Any = None, **parameters: Any) -> httpx.Response:
    return client.post(f"/portal/api/{route}", params={"token": wa_portal.TOKEN, **parameters}, files=files)


def message_ids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return list(response.json()["data"]["messageIDs"])


def ledger(client: httpx.Client, vendor: str) -> list[dict[str, Any]]:
    return list(client.get("/sandbox/ledger", params={"vendor": vendor}).json()["messages"])


def actions(client: httpx.Client) -> list[dict[str, Any]]:
    return list(client.get("/sandbox/actions").json()["actions"])


def come_in(client: httpx.Client, vendor: str, text: str = "hello", **more: Any) -> dict[str, Any]:
    response = client.post("/sandbox/inbox", json={"vendor": vendor, "from": PHONE, "text": text, **more})
    assert response.status_code == 200, response.text
    return dict(response.json())


def point(client: httpx.Client, vendor: str, url: str, **options: Any) -> None:
    response = client.post("/sandbox/webhook", json={"vendor": vendor, "url": url, **options})
    assert response.status_code == 200, response.text


def callbacks(client: httpx.Client, count: int) -> list[dict[str, Any]]:
    """Wait until the ledger has at least `count` callbacks."""
    deadline = time.monotonic() + 5
    while len(found := client.get("/sandbox/ledger").json()["callbacks"]) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return list(found)


def final(url: str, count: int) -> list[dict[str, Any]]:
    """Wait until the ledger of a sandbox has `count` callbacks, and no further attempt follows at any."""
    deadline = time.monotonic() + 5
    while True:
        found = list(httpx.get(f"{url}/sandbox/ledger").json()["callbacks"])
        if len(found) == count and all(entry["final"] for entry in found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def outcomes(entry: dict[str, Any]) -> list[str]:
    return [attempt["outcome"] for attempt in entry["attempts"]]


def refused(response: httpx.Response) -> tuple[int, Any]:
    """A WuzAPI refusal, whose envelope must be right."""
    body = response.json()
    assert body["code"] == response.status_code
    assert body["success"] is ("error" not in body)
    assert body.keys() <= {"code", "error", "success"}
    return response.status_code, body.get("error")


def data_url(media: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(media).decode()}"


class Recorder:
    """A webhook: keeps the headers and the body of what is posted to it, and answers with `statuses`, then with 200."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}/hook"
        self.posted: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        self.statuses: list[int] = []

    def next(self) -> tuple[dict[str, str], bytes]:
        return self.posted.get(timeout=5)


@contextmanager
def recording() -> Iterator[Recorder]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            recorder.posted.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(recorder.statuses.pop(0) if recorder.statuses else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder = Recorder(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
