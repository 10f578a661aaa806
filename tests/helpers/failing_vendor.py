# SPDX-License-Identifier: Apache-2.0
"""The sandbox in a process of its own, slow to reply, with faults at random."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from helpers.slow_replies import slow_replies

FAULTS: tuple[Mapping[str, Any], ...] = (
    {"kind": "lost_reply"},
    {"kind": "cut_body"},
    {"kind": "cut"},
    {"kind": "rate_limit", "retry_after": 0.05},
    {"kind": "server_error", "status": 502},
)
FAULT_CHANCE = 0.05
"""How likely it is that a request meets one of them."""

REPLY_SECONDS = 0.03
"""How long the vendor takes to reply: for so long it has done what nobody knows of yet."""


class Vendor:
    """A sandbox in a process of its own, behind slow replies, with faults at random.

    ``requests`` counts those that came since its start, ``met`` the faults that they have met.
    """

    def __init__(self, url: str, conn_type: str, chance: random.Random) -> None:
        self.slow_url = ""
        self.requests = 0
        self.met: Counter[str] = Counter()
        self._conn_type = conn_type
        self._chance = chance
        self._added: Counter[str] = Counter()
        self._client = httpx.Client(base_url=url, verify=False, timeout=30)
        self._control = httpx.AsyncClient(base_url=url, verify=False, timeout=30)

    async def before_request(self) -> None:
        """Let a request meet a fault, perhaps."""
        self.requests += 1
        if self._chance.random() < FAULT_CHANCE:
            fault = self._chance.choice(FAULTS)
            self._added[fault["kind"]] += 1
            body = {"vendor": self._conn_type, "times": 1, **fault}
            (await self._control.post("/sandbox/faults", json=body)).raise_for_status()

    def ledger(self) -> dict[str, Any]:
        """What it has seen."""
        reply = self._client.get("/sandbox/ledger", params={"vendor": self._conn_type})
        found: dict[str, Any] = reply.raise_for_status().json()
        return found

    def clear_faults(self) -> None:
        """Take away those that no request has met, and count the others."""
        waiting = self._client.get("/sandbox/faults").raise_for_status().json()["faults"]
        self.met = self._added - Counter(fault["kind"] for fault in waiting)
        self._client.delete("/sandbox/faults").raise_for_status()


@contextmanager
def running_vendor(conn_type: str, chance: random.Random) -> Iterator[Vendor]:
    """Start the sandbox, and end it with the block."""
    command = [sys.executable, "-m", "airflow_provider_wa.sandbox.server", "--port", "0", "--delivery-seconds", "0.05"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            vendor = Vendor(url, conn_type, chance)
            with slow_replies(url, REPLY_SECONDS, vendor.before_request) as vendor.slow_url:
                yield vendor
        finally:
            process.terminate()
