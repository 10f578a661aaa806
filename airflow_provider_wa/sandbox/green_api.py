# SPDX-License-Identifier: Apache-2.0
"""Green-API (vendor-docs/green_api.txt, field-notes.md "Green-API").

The credentials are a part of every path: /waInstance{idInstance}/{method}/{apiTokenInstance}. Errors of status 400
come as a JSON string; those of 401, 403 and 429 have no body. The media host is the same as the other one here.
"""

from __future__ import annotations

from airflow_provider_wa.sandbox import green_account, green_journal, green_send
from airflow_provider_wa.sandbox.green_base import (
    BAD_NUMBER,
    BAD_REQUEST,
    ERRORS,
    ID_INSTANCE,
    NAME,
    NOT_ONE,
    TOKEN,
    method_of,
    rate_limited,
    refuse,
)
from airflow_provider_wa.sandbox.vendor import Vendor

__all__ = ["BAD_NUMBER", "BAD_REQUEST", "ID_INSTANCE", "NAME", "NOT_ONE", "TOKEN", "VENDOR"]

# Requests a second for each method, on one instance.
RATES = {
    **{method: 50 for _, method in green_send.ROUTES},
    **dict.fromkeys(("checkWhatsapp", "getAvatar", "getMessage"), 10),
    "receiveNotification": 100,
    "qr": 3,
    **dict.fromkeys(
        (
            "getStateInstance",
            "getSettings",
            "setSettings",
            "lastIncomingMessages",
            "lastOutgoingMessages",
            "getContacts",
        ),
        1,
    ),
}


def route_of(path: str) -> str:
    """Return the method that a path names, or the folder of pictures."""
    return green_account.PICTURES if path.startswith(green_account.PICTURES) else method_of(path)


VENDOR = Vendor(
    NAME,
    "/green",
    {**green_account.ROUTES, **green_send.ROUTES, **green_journal.ROUTES},
    frozenset(ERRORS),
    refuse,
    rate_limited=rate_limited,
    route_of=route_of,
    rates=RATES,
)
