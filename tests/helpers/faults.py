# SPDX-License-Identifier: Apache-2.0
"""Does one thing with a vendor while something is wrong, and tells what came of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from helpers.vendors import CREDENTIALS
from reliability.outcomes import CHECK, SEND, Fault

from airflow_provider_wa.api import both_forms, numbers
from airflow_provider_wa.api.capabilities import ChecksNumbers, SendsMessages
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.messages import Text
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.sandbox.server import Running
from airflow_provider_wa.vendors import retry_policy
from airflow_provider_wa.vendors.green_api import tables
from airflow_provider_wa.vendors.wuzapi import calls

NUMBER = "+51987654310"
"""It exists, and every vendor of the sandbox takes it: no fault may make it ``absent``."""

FASTER = 100
"""By how much the waits before repeats are shorter than with a real vendor."""


class Trouble:
    """The sandbox and its connections, for one fault after the other."""

    def __init__(self, running: Running) -> None:
        self._running = running
        # One client for all: to make one takes longer than what is asked here.
        self._client = httpx.Client(base_url=running.url, verify=False)

    def close(self) -> None:
        """End the connections to the sandbox."""
        self._client.close()

    def outcome(self, fault: Fault, conn_type: str, deed: str, *, event_loop: bool) -> str:
        """What comes of it: in a worker, or on an event loop, where bulk runs and triggers are."""
        self._control("reset")
        with pytest.MonkeyPatch.context() as environment:
            _hurry(environment, fault.timeout)
            hook = WaHook.for_connection(self._connect(environment, fault, conn_type))
            if fault.body is not None:
                self._control(fault.control, vendor=conn_type, **fault.body)
            flow = FLOWS[deed](hook)
            try:
                result = asyncio.run(hook.arun(flow)) if event_loop else hook.run(flow)
            except WaError as error:
                result = type(error).__name__
        self._let_the_vendor_end()
        ledger = self._client.get("/sandbox/ledger", params={"vendor": conn_type}).raise_for_status().json()
        return _described(result, ledger["requests"].get(conn_type, 0), ledger["messages"])

    def _connect(self, environment: pytest.MonkeyPatch, fault: Fault, conn_type: str) -> str:
        known = CREDENTIALS[conn_type]
        connection = {
            **{name: known[name] for name in ("login", "password") if name in known},
            "conn_type": conn_type,
            "host": f"{self._running.url}/{known['path']}",
            # To load the certificates for each of hundreds of calls takes longer than the calls.
            "extra": {**known.get("extra", {}), "timeout": fault.timeout, "verify": False},
            **fault.connection,
        }
        environment.setenv("AIRFLOW_CONN_IN_TROUBLE", json.dumps(connection))
        return "in_trouble"

    def _let_the_vendor_end(self) -> None:
        """Wait for what goes on after the caller has given up: it must be in this ledger, and not in the next."""
        while self._running.state._naps:
            time.sleep(0.01)

    def _control(self, path: str, /, **body: Any) -> None:
        self._client.post(f"/sandbox/{path}", json=body).raise_for_status()


def _hurry(environment: pytest.MonkeyPatch, timeout: float) -> None:
    """Shorten the waits; when there is one, and before which request, stays as it is."""
    usual = retry_policy.DEFAULT_POLICY
    hasty = replace(usual, first_wait=usual.first_wait / FASTER, longest_wait=usual.longest_wait / FASTER)
    environment.setattr(retry_policy.seconds_before_repeat, "__defaults__", (hasty,))
    environment.setattr(calls, "SEND_TIMEOUT", timeout)
    for name, (verb, rate) in tuple(tables.METHODS.items()):
        environment.setitem(tables.METHODS, name, (verb, rate * FASTER))  # type: ignore[arg-type]


def _described(result: str, requests: int, messages: list[Mapping[str, Any]]) -> str:
    """An outcome in the words of the table."""
    words = [result, f"{requests} request" if requests == 1 else f"{requests} requests"]
    copies = sum(1 + message["repeats"] for message in messages)
    if copies > 1:
        words.append(f"message taken {copies} times")
    elif copies and not result.startswith("accepted"):
        words.append("message taken")
    elif not copies and result.startswith("accepted"):
        words.append("no message taken")
    return ", ".join(words)


def _check(hook: WaHook) -> Flow[str]:
    (result,) = yield from both_forms.check(hook.able(ChecksNumbers), [numbers.parse(NUMBER)])
    return result.status.value


def _send(hook: WaHook) -> Flow[str]:
    sent = yield from hook.able(SendsMessages).send(numbers.recipient(NUMBER), Text("Hello"))
    return "accepted with a warning" if sent.warning else "accepted"


FLOWS = {CHECK: _check, SEND: _send}
