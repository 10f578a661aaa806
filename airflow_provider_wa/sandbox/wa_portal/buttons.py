# SPDX-License-Identifier: Apache-2.0
"""Buttons and lists of the portal (vendor-docs/wa_portal.txt, 1.6 to 1.9)."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_wa.sandbox import loopback
from airflow_provider_wa.sandbox.wa_portal.protocol import LIST_INCOMPLETE, Call, Refused

MAX_BUTTON = 20
MAX_TITLE = 20
MAX_DESCRIPTION = 30

CALLABLE = re.compile(r"\+?\d{5,15}")
COLONS = 2


def _fits(text: str, limit: int) -> str:
    if len(text) > limit:
        raise Refused("12")
    return text


def buttons(call: Call) -> dict[str, Any]:
    """Return the buttons: up to three quick replies, or a call and a link with at most one quick reply."""
    replies = [_fits(call.get(f"button{number}"), MAX_BUTTON) for number in (1, 2, 3)]
    actions = [*_action(call, "call"), *_action(call, "url")]
    if not replies[0] and (any(replies) or not actions):
        raise Refused("13")
    if actions and any(replies[1:]):
        raise Refused("12")
    return {"buttons": [*({"type": "reply", "text": text} for text in replies if text), *actions]}


def _action(call: Call, kind: str) -> list[dict[str, str]]:
    text, value = call.get_any_case(f"{kind}ButtonText"), call.get_any_case(f"{kind}ButtonValue")
    if bool(text) != bool(value):
        raise Refused("13")
    if not text:
        return []
    _fits(text, MAX_BUTTON)
    is_valid = CALLABLE.fullmatch(value) if kind == "call" else loopback.is_http_url(value)
    if not is_valid:
        raise Refused("12")
    return [{"type": kind, "text": text, "value": value}]


def rows(call: Call) -> dict[str, Any]:
    """Return the rows of a list, each section:title:description; section and description may be empty."""
    values = [value for value in call.values.get("rows", []) if value]
    if not (call.get("message") and call.get("buttonText") and values):
        raise Refused(LIST_INCOMPLETE)
    return {"rows": [_row(value) for value in values]}


def _row(text: str) -> dict[str, str]:
    if text.count(":") != COLONS:
        raise Refused("12")
    section, title, description = text.split(":")
    if not title:
        raise Refused("12")
    return {
        "section": _fits(section, MAX_TITLE),
        "title": _fits(title, MAX_TITLE),
        "description": _fits(description, MAX_DESCRIPTION),
    }
