# SPDX-License-Identifier: Apache-2.0
"""Delivery reports and inbox reports of the portal (vendor-docs/wa_portal.txt, 2 and 4)."""

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
from airflow_provider_wa.sandbox.wa_portal.protocol import NAME, Call, Refused, authenticated, success

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
    """Return a test of times against the range of dates in a call; dates are days in India."""
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
    """Return the delivery report of one message."""
    if not call.get("msg_id"):
        raise Refused("13")
    message = sandbox.ledger.messages.get((NAME, call.get("msg_id")))
    if message is None:
        return Response("Internal Server Error", 500, media_type="text/plain")
    sandbox.session(NAME)  # a scan that is due sends the messages that wait for it
    return success(records.message(message, sandbox.clock(), sandbox.settings.delivery_seconds))


async def campaign_report(call: Call, sandbox: Sandbox) -> Response:
    """Return the delivery reports of the last 7 days, always as a list."""
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
    """Return rows of the inbox: an object for one row, as in the document, and a list for more."""
    data: Any = [records.received(message) for message in _newest(rows, limit)]
    return success(data[0] if len(data) == 1 else data, total=len(rows), offset=0, limit=limit)


async def inbox_report(call: Call, sandbox: Sandbox) -> Response:
    """Return the inbox, or the part of it in a range of dates."""
    wanted, limit = _wanted(call), _limit(call)
    return _inbox([message for message in sandbox.incoming(NAME) if wanted(message.at)], limit)


async def inbox_report_offset(call: Call, sandbox: Sandbox) -> Response:
    """Return the inbox after a message id. Ids sort by age, so that the message need not exist."""
    offset, limit = call.get("offset").lower(), _limit(call)
    if offset and not message_ids.OBJECT_ID.fullmatch(offset):
        raise Refused("12")
    return _inbox([message for message in sandbox.incoming(NAME) if message.message_id > offset], limit)


ROUTES = {
    "/api/campaignStatus": authenticated(campaign_status),
    "/api/campaignReport": authenticated(campaign_report),
    "/api/inboxReport": authenticated(inbox_report),
    "/api/inboxReportOffset": authenticated(inbox_report_offset),
}
