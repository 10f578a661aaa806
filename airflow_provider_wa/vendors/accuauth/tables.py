# SPDX-License-Identifier: Apache-2.0
"""AccuAuth's endpoints, errors and intervals as tables (vendor-docs/accuauth)."""

from __future__ import annotations

from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    RateLimited,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
)
from airflow_provider_wa.vendors.base import Documented, ErrorRule

NAME = "accuauth"

ADVANCED, BASIC = "/check/whatsapp_advanced", "/check/whatsapp_basic"
"""Paths of the vendor's two checks; the basic one answers yes or no and nothing else (field-notes, AccuAuth)."""

ASK_AGAIN_SECONDS = 25.0
"""Seconds between two questions for a pending check (field-notes, AccuAuth: 20 to 30 s)."""

ERRORS: tuple[ErrorRule, ...] = (
    ErrorRule(BadInput, "a parameter was refused", code="INVALID_ARGUMENT"),
    ErrorRule(Unauthorized, "id or secret was refused: check the connection", code="UNAUTHORIZED"),
    ErrorRule(Unauthorized, "the API id has expired", code="KEY_EXPIRED"),
    ErrorRule(Unauthorized, "this API is not among the account's permissions", code="NO_PERMISSION"),
    ErrorRule(QuotaExceeded, "the quota of API calls is used up", code="OUT_OF_QUOTA"),
    ErrorRule(RateLimited, "too many requests", code="RATE_LIMIT_EXCEEDED"),
    ErrorRule(UnexpectedReply, "there is no such API: check the connection's host and path", code="NOT_FOUND"),
    ErrorRule(VendorUnavailable, "the vendor's server failed", code="INTERNAL_ERROR"),
)

ENDPOINTS: tuple[Documented, ...] = (
    Documented(f"POST {ADVANCED}", "check"),
    Documented(f"POST {BASIC}", "check"),
)
