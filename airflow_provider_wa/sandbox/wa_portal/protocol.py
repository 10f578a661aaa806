# SPDX-License-Identifier: Apache-2.0
"""Protocol of the portal: token, parameters, envelope and error codes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox.replies import base_url, json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox

NAME = "wa_portal"
TOKEN = "sandbox-portal-token"

RESPONSE_TIME = 0.001561498

# code -> text; for some codes the document's samples repeat the request, token included
ERRORS = {
    "01": "Access token failed",
    "02": "Client id not found",
    "03": "Instance id not found",
    "04": "Phone number not registered on whatsapp or your instance not connected",
    "05": "Quota expiry",
    "06": "Not enough quota",
    "07": "Quota limit",
    "08": "Save file / document failed",
    "09": "Link not valid",
    "10": "Download file failed",
    "11": "Unknown file type",
    "12": "Parsing parameter failed",
    "13": "Parameter required",
    "14": "Data not found",
    "15": "QrCode failed",
}
ECHOING = frozenset({"04", "05", "06", "07", "12", "13"})
UNAUTHORIZED = frozenset({"01", "02", "03"})
LIST_INCOMPLETE = "please check request required header/message/buttonText/ at least one row"

# token that is refused -> code of the refusal
REFUSED_TOKENS = {
    "sandbox-portal-no-access": "01",
    "sandbox-portal-no-client": "02",
    "sandbox-portal-no-instance": "03",
}

PHONE = re.compile(r"\d{8,15}")


class Refused(Exception):
    """A refusal: one of the codes, or a text."""


@dataclass
class Call:
    """One request: its parameters, each with all values as in Go, and its file."""

    values: dict[str, list[str]]
    upload: UploadFile | None
    base_url: str = ""

    def get(self, name: str) -> str:
        """Return a parameter's first value, or ""."""
        return self.values.get(name, [""])[0]

    def get_any_case(self, name: str) -> str:
        """Return a parameter that the document spells with capitals and without."""
        return self.get(name) or self.get(name.lower())


Answer = Callable[[Call, Sandbox], Awaitable[Response]]


def success(data: Any, **more: Any) -> Response:
    """Return the envelope of a success."""
    return json_reply(
        {"status": "success", "message": "00-Success", "data": data, **more, "responsetime": RESPONSE_TIME},
    )


def error(code: str, call: Call, status: int = 0) -> Response:
    """Return the envelope of a failure: a code, or the text that the document has for sendList."""
    words = f"{code}-{ERRORS[code]}" if code in ERRORS else code
    body: dict[str, Any] = {"status": "error", "message": words}
    if code in ECHOING or code not in ERRORS:
        body["request"] = dict(sorted(call.values.items()))
    return json_reply({**body, "responsetime": RESPONSE_TIME}, status or (401 if code in UNAUTHORIZED else 400))


def refuse(code: str, status: int) -> Response:
    """Refuse a request for the fault `refuse`."""
    return error(code, Call({}, None), status)


async def _read(request: Request) -> Call:
    values: dict[str, list[str]] = {}
    upload = None
    for name, value in request.query_params.multi_items():
        values.setdefault(name, []).append(value)
    if request.headers.get("content-type", "").startswith(("multipart/", "application/x-www-form-urlencoded")):
        for name, field in (await request.form()).multi_items():
            if not isinstance(field, UploadFile):
                values.setdefault(name, []).append(field)
            elif name == "file":
                upload = field
    return Call(values, upload, base_url(request))


def authenticated(answer: Answer) -> Handler:
    """Read a request into a Call and check its token; refusals of the route become error envelopes."""

    async def guard(request: Request, sandbox: Sandbox) -> Response:
        try:
            call = await _read(request)
        except (HTTPException, ValueError):  # ValueError comes from older releases of Starlette
            return error("08", Call({}, None))
        if (code := REFUSED_TOKENS.get(call.get("token"))) is not None:
            return error(code, call)
        if call.get("token") != TOKEN:
            return json_reply({"status": "error", "message": "invalid object id", "responsetime": RESPONSE_TIME}, 401)
        try:
            return await answer(call, sandbox)
        except Refused as refusal:
            return error(str(refusal), call)

    return guard
