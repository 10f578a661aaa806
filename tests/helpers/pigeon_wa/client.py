# SPDX-License-Identifier: Apache-2.0
"""What the vendor's server understands: checks of one number, and texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import BadInput, QuotaExceeded, SessionDown, Unauthorized
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request
from airflow_provider_wa.api.json_fields import pick, text, truth
from airflow_provider_wa.api.messages import Message, Text
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus, SentMessage
from airflow_provider_wa.vendors.base import ErrorRule, Vendor, secret


@dataclass(frozen=True, kw_only=True)
class Pigeon(Vendor):
    """One account."""

    name: ClassVar[str] = "pigeon"
    numbers_per_check: ClassVar[int] = 1
    sends: ClassVar[frozenset[type[Message]]] = frozenset({Text})
    errors: ClassVar[tuple[ErrorRule, ...]] = (
        ErrorRule(Unauthorized, "the token was refused; check the connection", code="token"),
        ErrorRule(QuotaExceeded, "the quota is used up", code="quota"),
        ErrorRule(SessionDown, "the pigeon is asleep", code="login"),
    )

    token: str = secret()

    def error_code(self, reply: Reply) -> str | None:
        return text(pick(reply.object, "refused")) or (None if reply.status < 300 else "")

    def probe(self) -> Flow[str]:
        yield from ()
        return "credentials are set"

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        results = []
        for number in numbers:
            reply = yield from self.ask(self._request("GET", f"/check?number={number.digits}", Effect.READ))
            status = CheckStatus.of(truth(pick(reply.object, "exists")))
            jid = jids.of_person(number.digits) if status is CheckStatus.EXISTS else None
            results.append(CheckResult(vendor=self.name, number=number.digits, status=status, jid=jid))
        return results

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        if not isinstance(message, Text):
            raise BadInput(f"message: {message.type} is not supported; expected text")
        request = self._request("POST", "/send", Effect.SEND, json={"to": to, "text": message.body})
        reply = yield from self.ask(request)
        return SentMessage(vendor=self.name, message_id=text(pick(reply.object, "id")), to=to, timestamp=None)

    def _request(self, method: str, path: str, effect: Effect, json: dict[str, str] | None = None) -> Request:
        return Request(method, path, effect, headers={"Authorization": f"Bearer {self.token}"}, json=json)
