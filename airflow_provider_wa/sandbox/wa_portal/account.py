# SPDX-License-Identifier: Apache-2.0
"""The account of the portal: QR code, balance, groups and contacts (vendor-docs/wa_portal.txt, 3, 5-7)."""

from __future__ import annotations

import base64
import uuid

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import directory, pictures
from airflow_provider_wa.sandbox.replies import json_reply
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wa_portal import records
from airflow_provider_wa.sandbox.wa_portal.protocol import (
    NAME,
    RESPONSE_TIME,
    TOKEN,
    Call,
    Refused,
    authenticated,
    success,
)

QR_FILES = "/assets/qrcode/"


def _qr_png(sandbox: Sandbox) -> bytes:
    return pictures.qr_png(pictures.qr_seed(NAME, sandbox.clock()))


async def qr_code(call: Call, sandbox: Sandbox) -> Response:
    """Return the QR code to scan; the state of the instance while it is logged in."""
    sandbox.expect_scan(NAME)
    if sandbox.session(NAME).logged_in:
        return success(records.instance(sandbox.quotas[NAME]))
    data = base64.b64encode(_qr_png(sandbox)).decode()
    return json_reply({"data": data, "message": "success", "responsetime": RESPONSE_TIME, "status": "qrcode"})


async def qr_code_link(call: Call, sandbox: Sandbox) -> Response:
    """Return the URL of the QR code, which has the token as in the document's sample; or the state of the instance."""
    sandbox.expect_scan(NAME)
    if sandbox.session(NAME).logged_in:
        return success(records.instance(sandbox.quotas[NAME]))
    link = f"{call.base_url}{QR_FILES}qrcode_{TOKEN}_{uuid.uuid4().hex[:6]}.png"
    return json_reply({"status": "qrcode", "message": "00-Success", "data": link, "responsetime": RESPONSE_TIME})


async def qr_file(request: Request, sandbox: Sandbox) -> Response:
    """Return the picture of a QR code's URL."""
    return Response(_qr_png(sandbox), media_type="image/png")


async def check_balance(call: Call, sandbox: Sandbox) -> Response:
    """Return the number of messages that are left."""
    return success(records.balance(sandbox.quotas[NAME]))


def _require_login(sandbox: Sandbox) -> None:
    if not sandbox.session(NAME).logged_in:
        raise Refused("14")


async def groups(call: Call, sandbox: Sandbox) -> Response:
    """List the groups with their participants."""
    _require_login(sandbox)
    if not sandbox.groups:
        raise Refused("14")
    return success(
        [
            {"id": group.id, "name": group.name, "participants": list(group.participants)}
            for group in sandbox.groups.values()
        ]
    )


async def contacts(call: Call, sandbox: Sandbox) -> Response:
    """List the contacts."""
    _require_login(sandbox)
    return success([{"id": contact.number, "name": contact.name} for contact in directory.CONTACTS])


ROUTES = {
    "/api/qrCode": authenticated(qr_code),
    "/api/qrCodeLink": authenticated(qr_code_link),
    "/api/checkBal": authenticated(check_balance),
    "/api/groups": authenticated(groups),
    "/api/contacts": authenticated(contacts),
}
