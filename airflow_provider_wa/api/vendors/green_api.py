# SPDX-License-Identifier: Apache-2.0
"""Green-API (vendor-docs/green_api; codes and states that it lacks by the field notes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    RateLimited,
    SessionDown,
    Unauthorized,
    VendorUnavailable,
)
from airflow_provider_wa.api.flow import Flow, Reply, Request
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.reading import pick, text, truth
from airflow_provider_wa.api.records import CheckResult, CheckStatus, Session, SessionState
from airflow_provider_wa.api.vendors.base import ErrorRule, Vendor, secret

NUMBER_DIGITS = range(11, 17)
"""How many digits a number may have here, country code included (the old document says 11 or 12)."""

SESSION_STATES: Mapping[str, SessionState] = {
    "authorized": SessionState.LOGGED_IN,
    "notauthorized": SessionState.LOGGED_OUT,
    "blocked": SessionState.BLOCKED,
    "yellowcard": SessionState.BLOCKED,
    "sleepmode": SessionState.STARTING,
    "starting": SessionState.STARTING,
    "": SessionState.STARTING,  # an instance that is just being created has no state yet
}


@dataclass(frozen=True, kw_only=True)
class GreenApi(Vendor):
    """One Green-API instance. Its id and token are parts of every path."""

    name: ClassVar[str] = "green_api"
    numbers_per_check: ClassVar[int] = 1
    errors: ClassVar[tuple[ErrorRule, ...]] = (
        ErrorRule(BadInput, "the number was refused", code="bad phone number", part=True),
        ErrorRule(VendorUnavailable, "the check took too long; it may be repeated later",
                  code="check phone number timeout limit exceeded", part=True),
        ErrorRule(SessionDown, "the instance is starting or its WhatsApp account is not logged in",
                  code="instance is starting or not authorized", part=True),
        ErrorRule(Unauthorized, "the API token was refused: check the connection's password", status=401),
        ErrorRule(Unauthorized, "the instance id or the host was refused: check the connection", status=403),
        ErrorRule(RateLimited, "too many requests to the instance", status=429),
        ErrorRule(QuotaExceeded, "the monthly quota is used up: it is filled on the 1st of the month", status=466),
        ErrorRule(VendorUnavailable, "the vendor's server failed", status=500),
        ErrorRule(VendorUnavailable, "the vendor's server failed", status=502),
    )  # fmt: skip

    instance_id: str
    token: str = secret()

    def error_code(self, reply: Reply) -> str | None:
        """The vendor's text: under ``message`` in an object, a JSON string, or the body itself."""
        if reply.status < 300:
            return None if reply.object else ""
        status = pick(pick(reply.object, "invokeStatus"), "status")
        words = text(pick(reply.object, "message")) or text(status) or text(reply.json)
        return words or (reply.text[:200] if reply.json is None else "")

    def probe(self) -> Flow[str]:
        """Ask for the instance's state."""
        session = yield from self.session()
        return f"id and token are valid; the instance is {session.detail or 'starting'}"

    def session(self) -> Flow[Session]:
        """The instance's state (getStateInstance); a state that we do not know counts as starting."""
        reply = yield from self.ask(self._request("GET", "getStateInstance"))
        if "stateinstance" not in {key.casefold() for key in reply.object}:
            raise self.unexpected(reply, what="the reply tells no state")
        word = text(pick(reply.object, "stateInstance"))
        state = SESSION_STATES.get(word.casefold(), SessionState.STARTING)
        return Session(vendor=self.name, state=state, detail=word, raw=reply.object)

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Whether numbers are on WhatsApp, one call each (checkWhatsapp).

        :raises BadInput: a number has not 11 to 16 digits; found before any call.
        """
        for number in numbers:
            if len(number.digits) not in NUMBER_DIGITS:
                limits = f"{NUMBER_DIGITS.start} to {NUMBER_DIGITS.stop - 1}"
                raise BadInput(f"{number} has not {limits} digits, as this vendor demands", vendor=self.name)
        results = []
        for number in numbers:
            request = self._request("POST", "checkWhatsapp", {"phoneNumber": int(number.digits)})
            reply = yield from self.ask(request)
            status = CheckStatus.of(truth(pick(reply.object, "existsWhatsapp")))
            exists = status is CheckStatus.EXISTS
            jid = text(pick(reply.object, "chatId")) or f"{number.digits}@c.us" if exists else None
            detail = "the answer says neither" if status is CheckStatus.UNKNOWN else ""
            results.append(
                CheckResult(
                    vendor=self.name,
                    number=number.digits,
                    status=status,
                    jid=jid,
                    detail=detail,
                    raw=reply.object,
                )
            )
        return results

    def _request(self, http_method: str, method: str, body: dict[str, Any] | None = None) -> Request:
        return Request(http_method, f"/waInstance{self.instance_id}/{method}/{self.token}", json=body)
