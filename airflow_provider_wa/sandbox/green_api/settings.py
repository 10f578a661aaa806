# SPDX-License-Identifier: Apache-2.0
"""The settings of Green-API's instance. The real service restarts the instance for them; here they apply at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import directory, webhooks
from airflow_provider_wa.sandbox.green_api import notifications
from airflow_provider_wa.sandbox.green_api.protocol import (
    BAD_REQUEST,
    NAME,
    Refused,
    authenticated,
    body,
    chat_id_of,
    invalid,
    text,
)
from airflow_provider_wa.sandbox.green_api.switches import DELAY, DELAYS, SWITCHES, InstanceSettings
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox

URL_FIELDS = ("webhookUrl", "webhookUrlToken")


@authenticated
async def get_settings(request: Request, sandbox: Sandbox) -> Response:
    """Return all settings."""
    webhook = sandbox.webhooks[NAME]
    return json_reply(
        {
            "wid": chat_id_of(directory.OWN_NUMBER) if sandbox.session(NAME).paired else "",
            "countryInstance": "",
            "typeAccount": "",
            "typeInstance": "whatsapp",
            "webhookUrl": webhook.url,
            "webhookUrlToken": webhook.authorization,
            **sandbox.own_state(InstanceSettings).values,
        }
    )


@authenticated
async def set_settings(request: Request, sandbox: Sandbox) -> Response:
    """Change the settings that are in the body, one at least."""
    data = await body(request)
    if not data:
        raise Refused(BAD_REQUEST)
    changed = {name: _checked(name, value) for name, value in data.items() if name not in URL_FIELDS}
    webhook = sandbox.webhooks[NAME]
    given = {name: text(data, name, 2048, required=False) for name in URL_FIELDS if name in data}
    url, token = (
        given.get(name, old) for name, old in zip(URL_FIELDS, (webhook.url, webhook.authorization), strict=True)
    )
    sandbox.own_state(InstanceSettings).values |= changed
    webhooks.set_webhook(sandbox, NAME, replace(webhook, url=url, authorization=token), notifications.subscribe)
    return json_reply({"saveSettings": True})


def _checked(name: str, value: Any) -> str | int:
    if name == DELAY:
        if not isinstance(value, int) or isinstance(value, bool) or value not in DELAYS:
            raise invalid(name, f"must be a number from {DELAYS.start} to {DELAYS.stop - 1}")
        return value
    if name not in SWITCHES:
        raise invalid(name, "is not allowed")
    if value not in ("yes", "no"):
        raise invalid(name, "must be one of [yes, no]")
    return str(value)


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "getSettings"): get_settings,
    ("POST", "setSettings"): set_settings,
}
