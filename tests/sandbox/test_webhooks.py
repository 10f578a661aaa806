# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import socket
import time

import httpx
import pytest
from sandbox.calls import Recorder, callbacks, come_in, final, outcomes, point

from airflow_provider_wa.sandbox.server import serve_in_thread


class TestOutcomes:
    @pytest.mark.parametrize("url", ["https://example.com/hook", "http://10.0.0.1/", "nonsense"])
    def test_only_loopback_is_called(self, live: httpx.Client, url: str) -> None:
        point(live, "wuzapi", url)
        come_in(live, "wuzapi")
        (entry,) = callbacks(live, 1)
        assert (entry["vendor"], entry["outcome"], entry["url"]) == ("wuzapi", "skipped", url)

    @pytest.mark.parametrize(("vendor", "attempts"), [("wuzapi", 5), ("wa_portal", 1)])
    def test_a_webhook_that_is_away_is_given_up(self, live: httpx.Client, vendor: str, attempts: int) -> None:
        point(live, vendor, "http://127.0.0.1:1/")
        come_in(live, vendor)
        assert [outcomes(entry) for entry in final(str(live.base_url), 1)] == [["failed"] * attempts]

    def test_a_reset_drops_what_is_under_way(self, live: httpx.Client, hook: Recorder) -> None:
        for vendor in ("wuzapi", "green_api"):
            point(live, vendor, "http://127.0.0.1:1/")
            come_in(live, vendor)
        callbacks(live, 2)
        live.post("/sandbox/reset")
        point(live, "wa_portal", hook.url)
        come_in(live, "wa_portal")
        hook.next()
        assert [entry["vendor"] for entry in final(str(live.base_url), 1)] == ["wa_portal"]

    def test_another_address_takes_over_and_none_ends_it(self, live: httpx.Client, hook: Recorder) -> None:
        point(live, "wuzapi", "http://127.0.0.1:1/", json=True)
        point(live, "wuzapi", hook.url, json=True)
        come_in(live, "wuzapi", "one")
        assert json.loads(hook.next()[1])["event"]["Message"]["conversation"] == "one"
        point(live, "wuzapi", "")
        come_in(live, "wuzapi", "two")
        point(live, "wuzapi", hook.url, json=True)
        come_in(live, "wuzapi", "three")
        assert json.loads(hook.next()[1])["event"]["Message"]["conversation"] == "three"


class TestFaults:
    @pytest.mark.parametrize("vendor", ["wuzapi", "wa_portal", "green_api"])
    def test_copies_that_come_late_and_in_reverse(self, live: httpx.Client, hook: Recorder, vendor: str) -> None:
        change = {"vendor": vendor, "copies": 2, "delay": 0.1, "shuffle": True, "gap": 0.5}
        assert live.post("/sandbox/posting", json=change).status_code == 200
        point(live, vendor, hook.url)
        begun = time.monotonic()
        for text in ("one", "two"):
            come_in(live, vendor, text)
        bodies = [hook.next()[1] for _ in range(4)]
        assert time.monotonic() - begun >= 0.6
        assert [b"two" in body for body in bodies] == [True, True, False, False]
        assert bodies[0] == bodies[1]
        assert bodies[2] == bodies[3]


@pytest.mark.sockets
def test_a_webhook_that_hangs_does_not_hold_up_the_end() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with serve_in_thread(delivery_seconds=0) as server, httpx.Client(base_url=server.url) as client:
            for vendor in ("wuzapi", "wa_portal", "green_api"):
                # No second attempt: it would take the place of another vendor's first.
                client.post("/sandbox/posting", json={"vendor": vendor, "gap": 60}).raise_for_status()
                point(client, vendor, url)
                come_in(client, vendor)
            for _ in range(3):
                silent.accept()[0].close()
            callbacks(client, 3)
            come_in(client, "wa_portal")
            connection = silent.accept()[0]
            begun = time.monotonic()
        assert time.monotonic() - begun < 3
        connection.close()
