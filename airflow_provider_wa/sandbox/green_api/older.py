# SPDX-License-Identifier: Apache-2.0
"""The routes by which the service of Green-API's old document differs: it checks numbers only, and has no LIDs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import magic_numbers
from airflow_provider_wa.sandbox.green_api.protocol import (
    DOCUMENT,
    NAME,
    NOT_AUTHORIZED,
    Refused,
    authenticated,
    body,
    spend_check,
)
from airflow_provider_wa.sandbox.replies import json_reply, plain_not_found
from airflow_provider_wa.sandbox.simulated_vendor import Routes
from airflow_provider_wa.sandbox.state import Sandbox

BAD_NUMBER = "bad phone number, valid 11 or 12 digits"

_NUMBER = re.compile(r"\d{11,12}")


@authenticated
async def check_whatsapp(request: Request, sandbox: Sandbox) -> Response:
    """Check a number of 11 or 12 digits; the reply has nothing but the answer."""
    given = (await body(request)).get("phoneNumber")
    if isinstance(given, bool) or not isinstance(given, (int, str)) or not _NUMBER.fullmatch(str(given)):
        raise Refused(BAD_NUMBER)
    if not sandbox.session(NAME).logged_in:
        raise Refused(NOT_AUTHORIZED)
    number = str(given)
    refusal = spend_check(number, sandbox.quotas[NAME], sandbox)
    if refusal is not None:
        return refusal
    known = magic_numbers.exists(number)
    sandbox.record_check(NAME, number, "exists" if known else "absent")
    return json_reply({"existsWhatsapp": known})


_LATER = ("sendInteractiveButtons", "sendInteractiveButtonsReply", "editMessage")

GENERATION_ROUTES: Mapping[str, Routes] = {
    DOCUMENT: {
        **{("POST", method): plain_not_found for method in _LATER},
        ("POST", "checkWhatsapp"): check_whatsapp,
    }
}
