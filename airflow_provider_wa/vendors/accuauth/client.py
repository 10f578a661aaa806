# SPDX-License-Identifier: Apache-2.0
"""AccuAuth (vendor-docs/accuauth): checks one number of one country, and may answer PENDING."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    RateLimited,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
)
from airflow_provider_wa.api.flow import Flow, Reply, Request
from airflow_provider_wa.api.json_fields import pick, text, truth
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.vendors.base import Documented, ErrorRule, Vendor, secret

ADVANCED, BASIC = "/check/whatsapp_advanced", "/check/whatsapp_basic"
"""The paths of the vendor's two checks; the basic one tells no more than yes or no (field-notes, AccuAuth)."""


ASK_AGAIN_SECONDS = 25.0
"""Seconds between two questions for a pending check (field-notes, AccuAuth: 20 to 30 s)."""


@dataclass(frozen=True, kw_only=True)
class AccuAuthResult(CheckResult):
    """A check's result with what else the advanced check tells of the account; None where it does not.

    ``vendor_number`` is the number as the vendor spells it; ``signature`` the account's own status text, set on
    ``status_update``; ``business_user`` whether it is a business; ``avatar`` whether it has a picture.
    """

    vendor_number: str | None = None
    signature: str | None = None
    status_update: date | None = None
    business_user: bool | None = None
    avatar: bool | None = None


@dataclass(frozen=True, kw_only=True)
class AccuAuth(Vendor):
    """One AccuAuth API credential, at the host of one country (``country_code``, 51 for Peru).

    ``path`` is the check to ask for, ``ADVANCED``, ``BASIC`` or another country's; ``encoding`` is the body's.
    """

    name: ClassVar[str] = "accuauth"
    numbers_per_check: ClassVar[int] = 1
    ask_again_seconds: ClassVar[float] = ASK_AGAIN_SECONDS
    errors: ClassVar[tuple[ErrorRule, ...]] = (
        ErrorRule(BadInput, "a parameter was refused", code="INVALID_ARGUMENT"),
        ErrorRule(Unauthorized, "id or secret was refused: check the connection", code="UNAUTHORIZED"),
        ErrorRule(Unauthorized, "the API id has expired", code="KEY_EXPIRED"),
        ErrorRule(Unauthorized, "this API is not among the account's permissions", code="NO_PERMISSION"),
        ErrorRule(QuotaExceeded, "the quota of API calls is used up", code="OUT_OF_QUOTA"),
        ErrorRule(RateLimited, "too many requests", code="RATE_LIMIT_EXCEEDED"),
        ErrorRule(UnexpectedReply, "there is no such API: check the connection's host and path", code="NOT_FOUND"),
        ErrorRule(VendorUnavailable, "the vendor's server failed", code="INTERNAL_ERROR"),
    )

    endpoints: ClassVar[tuple[Documented, ...]] = (
        Documented(f"POST {ADVANCED}", "check"),
        Documented(f"POST {BASIC}", "check"),
    )

    api_id: str
    api_secret: str = secret()
    country_code: str = "51"
    path: str = ADVANCED
    encoding: Literal["json", "form"] = "json"

    def error_code(self, reply: Reply) -> str | None:
        """The ``status`` field: PENDING, which is no error, comes with HTTP 400; OK counts only without an error's."""
        status = text(pick(reply.object, "status")).upper()
        if status == "OK":
            return None if reply.status < 300 else ""
        return None if status == "PENDING" else status

    def error_detail(self, reply: Reply) -> str:
        """The ``reason``, in which the vendor says what is wrong."""
        return text(pick(reply.object, "reason"))

    def probe(self) -> Flow[str]:
        """There is nothing to ask: every call of this vendor costs credit."""
        yield from ()
        return "credentials are set; this vendor has no free call to prove them"

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Whether numbers are on WhatsApp, one call each; ask again for those that are ``pending``, in 20 s or more.

        Each is an ``AccuAuthResult``.

        :raises BadInput: a number of another country; found before any call.
        """
        for number in numbers:
            if number.country_code != self.country_code:
                raise BadInput(
                    f"{number} is not a number of country code {self.country_code}, the only one this host checks; "
                    "set the connection's default_region if it is another country's host",
                    vendor=self.name,
                )
        results: list[CheckResult] = []
        for number in numbers:
            body = {"number": number.national}
            headers = {"X-DF-API-ID": self.api_id, "X-DF-API-SECRET": self.api_secret}
            as_json, as_form = (body, None) if self.encoding == "json" else (None, body)
            reply = yield from self.ask(Request("POST", self.path, headers=headers, json=as_json, form=as_form))
            results.append(self._result(number, reply.object))
        return results

    def check_again(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """The same as ``check``: there is no other way to a pending one's answer (field-notes, AccuAuth)."""
        return self.check(numbers)

    def _result(self, number: PhoneNumber, reply: dict[str, Any]) -> AccuAuthResult:
        status, detail, told = CheckStatus.PENDING, "the vendor is still checking", None
        if text(pick(reply, "status")).upper() == "OK":
            told = pick(reply, "result")
            status = CheckStatus.of(truth(pick(told, "whatsapp")))
            detail = "the answer says neither" if status is CheckStatus.UNKNOWN else ""
        return AccuAuthResult(
            vendor=self.name,
            number=number.digits,
            status=status,
            jid=jids.of_person(number.digits) if status is CheckStatus.EXISTS else None,
            detail=detail,
            reference=text(pick(reply, "request_id")) or None,
            vendor_number=text(pick(told, "number")) or None,
            signature=text(pick(told, "signature")) or None,
            status_update=_date(pick(told, "status_update")),
            business_user=truth(pick(told, "business_user")),
            avatar=truth(pick(told, "avatar")),
            raw=reply,
        )


def _date(value: Any) -> date | None:
    """A date such as 20231212 or 2023-12-12, else None."""
    if not re.fullmatch(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}", text(value)):
        return None
    try:
        return datetime.strptime(text(value).replace("-", ""), "%Y%m%d").date()
    except ValueError:
        return None
