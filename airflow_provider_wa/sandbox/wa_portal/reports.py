# SPDX-License-Identifier: Apache-2.0
"""The portal's reports: what became of messages, and what came in (vendor-docs/wa_portal.txt, 2 and 4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from starlette.responses import Response

from airflow_provider_wa.sandbox import message_ids
from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wa_portal import records
from airflow_provider_wa.sandbox.wa_portal.protocol import NAME, Call, Refused, guarded, success

REPORT_SECONDS = 7 * 24 * 3600.0
DATE_FORMAT = "%d-%m-%Y"
LIMIT = re.compile(r"[0-9]{1,9}")

Row = TypeVar("Row", Message, IncomingMessage)


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, DATE_FORMAT).date()
    except ValueError:
        raise Refused("12") from None


def _wanted(call: Call) -> Callable[[float], bool]:
    """Return the test of a moment against the dates asked for, which are days in India and come together."""
    start, end = call.get("start_date"), call.get("end_date")
    if bool(start) != bool(end):
        raise Refused("13")
    if not start:
        return lambda moment: True
    first, last = _date(start), _date(end)
    if first > last:
        raise Refused("12")
    return lambda moment: first <= datetime.fromtimestamp(moment, records.INDIA).date() <= last


def _limit(call: Call) -> int:
    text = call.get("limit") or "0"
    if not LIMIT.fullmatch(text):
        raise Refused("12")
    return int(text)


def _newest(rows: list[Row], limit: int) -> list[Row]:
    """Return the newest rows first; no more than the limit, unless it is 0."""
    if not rows:
        raise Refused("14")
    return rows[::-1][: limit or None]


async def campaign_status(call: Call, sandbox: Sandbox) -> Response:
    """Tell what has become of a message."""
    if not call.get("msg_id"):
        raise Refused("13")
    message = sandbox.ledger.messages.get((NAME, call.get("msg_id")))
    if message is None:
        return Response("Internal Server Error", 500, media_type="text/plain")
    sandbox.session(NAME)  # a scan that has become due sends what was waiting
    return success(records.message(message, sandbox.clock(), sandbox.settings.delivery_seconds))


async def campaign_report(call: Call, sandbox: Sandbox) -> Response:
    """Tell what has become of the messages of the last 7 days; always a list."""
    sandbox.session(NAME)
    wanted, limit, now = _wanted(call), _limit(call), sandbox.clock()
    rows = [
        message
        for message in sandbox.ledger.messages.values()
        if message.vendor == NAME and now - message.at < REPORT_SECONDS and wanted(message.at)
    ]
    data = [records.message(message, now, sandbox.settings.delivery_seconds) for message in _newest(rows, limit)]
    return success(data, total=len(rows), offset=0, limit=limit)


def _inbox(rows: list[IncomingMessage], limit: int) -> Response:
    """Show a part of the inbox. The document shows one row as an object, so one row is no list."""
    data: Any = [records.received(message) for message in _newest(rows, limit)]
    return success(data[0] if len(data) == 1 else data, total=len(rows), offset=0, limit=limit)


async def inbox_report(call: Call, sandbox: Sandbox) -> Response:
    """Show what came in, or what came in on the days asked for."""
    wanted, limit = _wanted(call), _limit(call)
    return _inbox([message for message in sandbox.incoming(NAME) if wanted(message.at)], limit)


async def inbox_report_offset(call: Call, sandbox: Sandbox) -> Response:
    """Show what came in after a message: ids sort by age, so that one which is gone will do as well."""
    offset, limit = call.get("offset").lower(), _limit(call)
    if offset and not message_ids.OBJECT_ID.fullmatch(offset):
        raise Refused("12")
    return _inbox([message for message in sandbox.incoming(NAME) if message.message_id > offset], limit)


ROUTES = {
    "/api/campaignStatus": guarded(campaign_status),
    "/api/campaignReport": guarded(campaign_report),
    "/api/inboxReport": guarded(inbox_report),
    "/api/inboxReportOffset": guarded(inbox_report_offset),
}
