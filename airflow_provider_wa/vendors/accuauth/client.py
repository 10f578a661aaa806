# SPDX-License-Identifier: Apache-2.0
"""AccuAuth (vendor-docs/accuauth): checks one number of one country, and may answer PENDING."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Flow, Reply, Request
from airflow_provider_wa.api.json_fields import pick, text
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult
from airflow_provider_wa.vendors.accuauth import replies
from airflow_provider_wa.vendors.accuauth.tables import ADVANCED, ASK_AGAIN_SECONDS, ENDPOINTS, ERRORS, NAME
from airflow_provider_wa.vendors.base import Documented, ErrorRule, Vendor, secret


@dataclass(frozen=True, kw_only=True)
class AccuAuth(Vendor):
    """One AccuAuth API credential, at the host of one country (``country_code``, 51 for Peru).

    ``path`` is the endpoint of the check: ``ADVANCED``, ``BASIC`` or another country's; ``encoding`` is the body's.
    """

    name: ClassVar[str] = NAME
    numbers_per_check: ClassVar[int] = 1
    ask_again_seconds: ClassVar[float] = ASK_AGAIN_SECONDS
    errors: ClassVar[tuple[ErrorRule, ...]] = ERRORS
    endpoints: ClassVar[tuple[Documented, ...]] = ENDPOINTS

    api_id: str
    api_secret: str = secret()
    country_code: str = "51"
    path: str = ADVANCED
    encoding: Literal["json", "form"] = "json"

    def error_code(self, reply: Reply) -> str | None:
        """Return the ``status`` field. PENDING comes with HTTP 400 and is not an error; OK counts with HTTP 200."""
        status = text(pick(reply.object, "status")).upper()
        if status == "OK":
            return None if reply.status < 300 else ""
        return None if status == "PENDING" else status

    def error_detail(self, reply: Reply) -> str:
        """Return the ``reason``, the vendor's explanation of an error."""
        return text(pick(reply.object, "reason"))

    def probe(self) -> Flow[str]:
        """Ask nothing: every call of this vendor costs credit."""
        yield from ()
        return "credentials are set; this vendor has no free call to prove them"

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Check whether numbers are on WhatsApp, one call each; ask again for a ``pending`` one after 20 s or more.

        Each result is an ``AccuAuthResult``.

        :raises BadInput: a number of another country; found before any call.
        """
        for number in numbers:
            if number.country_code != self.country_code:
                raise BadInput(
                    f"number: {number} is not of country code {self.country_code}, the only one this host checks; "
                    "set the connection's default_region if it is another country's host",
                    vendor=self.name,
                )
        results: list[CheckResult] = []
        for number in numbers:
            body = {"number": number.national}
            headers = {"X-DF-API-ID": self.api_id, "X-DF-API-SECRET": self.api_secret}
            as_json, as_form = (body, None) if self.encoding == "json" else (None, body)
            reply = yield from self.ask(Request("POST", self.path, headers=headers, json=as_json, form=as_form))
            results.append(replies.check_result(number, reply.object))
        return results

    def check_again(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Ask for pending checks, by the same call as ``check``: there is no other (field-notes, AccuAuth)."""
        return self.check(numbers)
