# SPDX-License-Identifier: Apache-2.0
"""CheckWA (vendor-docs/checkwa): queues a check and calls back, or answers at once (field-notes, CheckWA)."""

from __future__ import annotations

import secrets as random_secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Flow, Reply, Request
from airflow_provider_wa.api.json_fields import pick, text
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult
from airflow_provider_wa.api.webhooks import Event, Post
from airflow_provider_wa.vendors.base import Documented, ErrorRule, Vendor, secret
from airflow_provider_wa.vendors.checkwa import events, replies
from airflow_provider_wa.vendors.checkwa.tables import CORS, ENDPOINTS, ERRORS, NAME


@dataclass(frozen=True, kw_only=True)
class CheckWa(Vendor):
    """One CheckWA user. The results of queued checks are posted to ``callback_url``.

    ``split_number`` sends the number and its country code as two parameters, the document's other form. ``server`` is
    the number of the vendor's server to use; ``hide_image`` leaves the account's picture out. Public clients send these
    two, the document does not know them (field-notes, CheckWA): unset, they are not sent.
    """

    name: ClassVar[str] = NAME
    numbers_per_check: ClassVar[int] = 1
    errors: ClassVar[tuple[ErrorRule, ...]] = ERRORS
    endpoints: ClassVar[tuple[Documented, ...]] = ENDPOINTS
    answer_headers: ClassVar[Mapping[str, str]] = CORS

    user: str
    api_key: str = secret()
    mode: Literal["queue", "sync"] = "queue"
    callback_url: str = secret(default="")
    split_number: bool = False
    server: str = ""
    hide_image: bool | None = None

    def error_code(self, reply: Reply) -> str | None:
        """Return the code as text. One that is not in the table is an answer: 0, 1, or undocumented: ``unknown``."""
        code = text(pick(reply.object, "code"))
        documented = code in {rule.code for rule in self.errors}
        return None if reply.status < 300 and code and not documented else code

    def probe(self) -> Flow[str]:
        """Ask nothing: every call of this vendor costs credit."""
        yield from ()
        return "credentials are set; this vendor has no free call to prove them"

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Submit numbers, one call each; ``pending`` with its ``reference`` when queued.

        :raises BadInput: the mode is ``queue`` and there is no callback URL; found before any call.
        """
        if self.mode == "queue" and not self.callback_url:
            raise BadInput(
                "mode: queue needs the connection's callback_base_url, where the results are posted to; "
                "set mode to sync if your server answers at once",
                vendor=self.name,
            )
        results = []
        for number in numbers:
            reference = random_secrets.token_urlsafe(16)
            reply = yield from self.ask(Request("POST", "/check/", json=self._body(number, reference)))
            results.append(replies.check_result(number, reference, reply.object, queued=self.mode == "queue"))
        return results

    def events(self, post: Post) -> list[Event]:
        """Return the event of a callback, with the picture as its file if there is one.

        :raises UnexpectedReply: the callback has neither a number nor a reference.
        """
        return events.events(post)

    def _body(self, number: PhoneNumber, reference: str) -> dict[str, str]:
        body = {"user": self.user, "apikey": self.api_key}
        if self.server:
            body["server"] = self.server
        if self.hide_image is not None:
            body["hide_image"] = "1" if self.hide_image else "0"
        if self.mode == "queue":
            body |= {"action": "check", "token": reference, "callback": self.callback_url}
        if self.split_number:
            return body | {"num": number.national, "cod": number.country_code}
        return body | {"number": number.digits}
