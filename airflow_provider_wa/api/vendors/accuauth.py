# SPDX-License-Identifier: Apache-2.0
"""AccuAuth (vendor-docs/accuauth): checks one number of one country, and may answer PENDING."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    RateLimited,
    Unauthorized,
    UnexpectedReply,
    VendorUnavailable,
)
from airflow_provider_wa.api.flow import Flow, Reply, Request
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.reading import pick, text, truth
from airflow_provider_wa.api.records import CheckResult, CheckStatus
from airflow_provider_wa.api.vendors.base import ErrorRule, Vendor, secret


@dataclass(frozen=True, kw_only=True)
class AccuAuth(Vendor):
    """One AccuAuth API credential, at the host of one country (``country_code``, 51 for Peru)."""

    name: ClassVar[str] = "accuauth"
    numbers_per_check: ClassVar[int] = 1
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

    api_id: str
    api_secret: str = secret()
    country_code: str = "51"
    path: str = "/check/whatsapp_advanced"
    encoding: Literal["json", "form"] = "json"

    def error_code(self, reply: Reply) -> str | None:
        """The ``status`` field: PENDING, which is no error, comes with HTTP 400; OK counts only without an error's."""
        status = text(pick(reply.object, "status")).upper()
        if status == "OK":
            return None if reply.status < 300 else ""
        return None if status == "PENDING" else status

    def probe(self) -> Flow[str]:
        """There is nothing to ask: every call of this vendor costs credit."""
        yield from ()
        return "credentials are set; this vendor has no free call to prove them"

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Whether numbers are on WhatsApp, one call each; ask again for those that are ``pending``.

        :raises BadInput: a number of another country; found before any call.
        """
        for number in numbers:
            if number.country_code != self.country_code:
                raise BadInput(
                    f"{number} is not a number of country code {self.country_code}, the only one this host checks; "
                    "set the connection's default_region if it is another country's host",
                    vendor=self.name,
                )
        results = []
        for number in numbers:
            body = {"number": number.national}
            headers = {"X-DF-API-ID": self.api_id, "X-DF-API-SECRET": self.api_secret}
            as_json, as_form = (body, None) if self.encoding == "json" else (None, body)
            reply = yield from self.ask(Request("POST", self.path, headers=headers, json=as_json, form=as_form))
            results.append(self._result(number, reply.object))
        return results

    def _result(self, number: PhoneNumber, reply: dict[str, Any]) -> CheckResult:
        status, detail = CheckStatus.PENDING, "the vendor is still checking"
        if text(pick(reply, "status")).upper() == "OK":
            status = CheckStatus.of(truth(pick(pick(reply, "result"), "whatsapp")))
            detail = "the answer says neither" if status is CheckStatus.UNKNOWN else ""
        return CheckResult(
            vendor=self.name,
            number=number.digits,
            status=status,
            jid=f"{number.digits}@s.whatsapp.net" if status is CheckStatus.EXISTS else None,
            detail=detail,
            reference=text(pick(reply, "request_id")) or None,
            raw=reply,
        )
