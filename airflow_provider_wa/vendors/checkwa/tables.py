# SPDX-License-Identifier: Apache-2.0
"""CheckWA's endpoint, errors and codes as tables (vendor-docs/checkwa)."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded, Unauthorized, UnexpectedReply
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.vendors.base import Documented, ErrorRule

NAME = "checkwa"

SYNC_STATUSES: Mapping[str, CheckStatus] = {"1": CheckStatus.EXISTS, "0": CheckStatus.ABSENT}
"""Status by code, where the server answers at once; code 2 is undocumented there, so never ``absent``."""

CALLBACK_STATUSES: Mapping[str, CheckStatus] = {
    "1": CheckStatus.EXISTS,
    "2": CheckStatus.ABSENT,
    "0": CheckStatus.ABSENT,
}
"""Status by code, in a callback."""

QUEUE_FIELDS = frozenset({"queue", "server", "server_status"})
"""Fields of the reply to a queued check, in all modes of a connection (field-notes, CheckWA)."""

PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
"""MIME types of an account's picture; other bytes have no type."""

ERRORS: tuple[ErrorRule, ...] = (
    ErrorRule(Unauthorized, "user or API key was refused: check the connection", code="3"),
    ErrorRule(UnexpectedReply, "the server does not know the action: check the connection's mode", code="4"),
    ErrorRule(BadInput, "the number's format was refused", code="5"),
    ErrorRule(QuotaExceeded, "the credit limit is exceeded", code="6"),
    ErrorRule(Unauthorized, "the account is disabled", code="7"),
    ErrorRule(BadInput, "the server number is not valid", code="9"),
)

ENDPOINTS: tuple[Documented, ...] = (Documented("POST /check/", "check"),)

CORS: Mapping[str, str] = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
    "access-control-allow-headers": "x-test-header, Origin, X-Requested-With, Content-Type, Accept",
}
"""Headers without which, on each answer and to OPTIONS as well, the vendor does not post its results."""
