# SPDX-License-Identifier: Apache-2.0
"""The vendor as the sandbox plays it: one record."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import magic_numbers, message_ids, webhook_request
from airflow_provider_wa.sandbox.events import Event, StatusChanged
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.profile import AccountProfile, Webhook
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Credentials, SimulatedVendor
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.webhook_request import WebhookRequest
from airflow_provider_wa.sandbox.webhook_retry import RetryPolicy
from airflow_provider_wa.sandbox.webhooks import event_subscriber

NAME = "pigeon"
TOKEN = "sandbox-pigeon-token"


def refuse(code: str, status: int) -> Response:
    return json_reply({"refused": code}, status or 400)


async def check(request: Request, sandbox: Sandbox) -> Response:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return refuse("token", 401)
    if sandbox.quotas[NAME].is_used_up:
        return refuse("quota", 402)
    sandbox.quotas[NAME].spend()
    number = request.query_params["number"]
    known = magic_numbers.exists(number)
    sandbox.record_check(NAME, number, "exists" if known else "absent")
    return json_reply({"exists": known})


async def send(request: Request, sandbox: Sandbox) -> Response:
    if not sandbox.session(NAME).logged_in:
        return refuse("login", 409)
    data, now = json.loads(await request.body()), sandbox.clock()
    message_id = message_ids.stanza_id(now)
    sandbox.ledger.record(Message(NAME, data["to"], "text", message_id, {"text": data["text"]}, now, sent_at=now))
    return json_reply({"id": message_id})


def make_request(event: Event, webhook: Webhook) -> WebhookRequest | None:
    if isinstance(event, StatusChanged):
        return webhook_request.as_json({"id": event.message.message_id, "status": event.status})
    return webhook_request.as_json({"from": event.message.sender, "text": event.message.text})


PIGEON = SimulatedVendor(
    name=NAME,
    prefix="/pigeon",
    credentials=Credentials(password=TOKEN),
    account=AccountProfile(message_ids.stanza_id),
    has_quota=True,
    retry=RetryPolicy(attempts=2),
    subscribe=event_subscriber(NAME, make_request),
    routes={("GET", "/check"): check, ("POST", "/send"): send},
    rates={"/check": 1},
    states={"asleep": lambda sandbox: sandbox.log_out(NAME)},
    codes=frozenset({"token", "quota", "login"}),
    refuse=refuse,
)
