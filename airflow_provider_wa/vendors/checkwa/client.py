# SPDX-License-Identifier: Apache-2.0
"""CheckWA (vendor-docs/checkwa): queues a check and calls back, or answers at once (field-notes, CheckWA)."""

from __future__ import annotations

import re
import secrets as random_secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import BadInput, QuotaExceeded, Unauthorized, UnexpectedReply
from airflow_provider_wa.api.flow import Flow, Reply, Request
from airflow_provider_wa.api.json_fields import base64_bytes, pick, text, truth
from airflow_provider_wa.api.media_types import sniff
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import CheckResult, CheckStatus, MediaFile
from airflow_provider_wa.api.webhooks import Event, Post, event, posted_object
from airflow_provider_wa.vendors.base import Documented, ErrorRule, Vendor, secret

SYNC_STATUSES: Mapping[str, CheckStatus] = {"1": CheckStatus.EXISTS, "0": CheckStatus.ABSENT}
"""What a code says in the version that answers at once; 2 is undocumented there, so never "absent"."""

CALLBACK_STATUSES: Mapping[str, CheckStatus] = {
    "1": CheckStatus.EXISTS,
    "2": CheckStatus.ABSENT,
    "0": CheckStatus.ABSENT,
}
"""What a code says in a callback."""

_QUEUE_FIELDS = frozenset({"queue", "server", "server_status"})
"""A reply with one of these was queued, whatever the connection's mode says (field-notes, CheckWA)."""

_PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
"""What an account's picture may be; bytes that look like anything else are just bytes."""


@dataclass(frozen=True, kw_only=True)
class CheckCallback(CheckResult):
    """A queued check's result as it is called back with; ``reference`` is the check's own.

    With ``has_picture`` and no ``picture`` a second callback with it follows, or came before. ``picture`` is the bytes
    of the account's picture.
    """

    has_picture: bool | None = None
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class CheckWa(Vendor):
    """One CheckWA user. ``callback_url`` is where a queued check's result is posted to.

    ``split_number`` sends the number and its country code as two parameters, the document's other form. ``server`` is
    the number of the vendor's server to use; ``hide_image`` says whether to leave the account's picture out. Public
    clients send these two, the document does not know them (field-notes, CheckWA): unset, they are not sent.
    """

    name: ClassVar[str] = "checkwa"
    numbers_per_check: ClassVar[int] = 1
    errors: ClassVar[tuple[ErrorRule, ...]] = (
        ErrorRule(Unauthorized, "user or API key was refused: check the connection", code="3"),
        ErrorRule(UnexpectedReply, "the server does not know the action: check the connection's mode", code="4"),
        ErrorRule(BadInput, "the number's format was refused", code="5"),
        ErrorRule(QuotaExceeded, "the credit limit is exceeded", code="6"),
        ErrorRule(Unauthorized, "the account is disabled", code="7"),
        ErrorRule(BadInput, "the server number is not valid", code="9"),
    )

    endpoints: ClassVar[tuple[Documented, ...]] = (Documented("POST /check/", "check"),)

    user: str
    api_key: str = secret()
    mode: Literal["queue", "sync"] = "queue"
    callback_url: str = secret(default="")
    split_number: bool = False
    server: str = ""
    hide_image: bool | None = None

    def error_code(self, reply: Reply) -> str | None:
        """The code as text. One that is not in the table is an answer: 0, 1, or undocumented and so ``unknown``."""
        code = text(pick(reply.object, "code"))
        documented = code in {rule.code for rule in self.errors}
        return None if reply.status < 300 and code and not documented else code

    def probe(self) -> Flow[str]:
        """There is nothing to ask: every call of this vendor costs credit."""
        yield from ()
        return "credentials are set; this vendor has no free call to prove them"

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Submit numbers, one call each; ``pending`` with its ``reference`` when queued.

        :raises BadInput: the mode is ``queue`` and there is no callback URL; found before any call.
        """
        if self.mode == "queue" and not self.callback_url:
            raise BadInput(
                "mode queue needs the connection's callback_base_url, where the results are posted to; "
                "set mode to sync if your server answers at once",
                vendor=self.name,
            )
        results = []
        for number in numbers:
            reference = random_secrets.token_urlsafe(16)
            reply = yield from self.ask(Request("POST", "/check/", json=self._body(number, reference)))
            results.append(self._result(number, reference, reply.object))
        return results

    def events(self, post: Post) -> list[Event]:
        """What a callback tells: one event, with the picture as its file if it is there (see ``parse_callback``).

        The document has JSON; a form with the same names is read as well.

        :raises UnexpectedReply: it names neither a number nor a reference.
        """
        told = parse_callback(post.fields or post.data)
        file = None
        if told.picture:
            found = sniff(told.picture)
            media_type = found if found in _PICTURES else "application/octet-stream"
            file = MediaFile(vendor=self.name, content=told.picture, media_type=media_type)
        return [event(replace(told, picture=None), file=file, raw=told.raw)]

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

    def _result(self, number: PhoneNumber, reference: str, reply: dict[str, Any]) -> CheckResult:
        code, detail = text(pick(reply, "code")), ""
        queued = self.mode == "queue" or not _QUEUE_FIELDS.isdisjoint(name.casefold() for name in reply)
        if queued:
            status = CheckStatus.PENDING if code == "1" else CheckStatus.UNKNOWN
            detail = ", ".join(("queued", *_queue_words(reply)))
        else:
            status = SYNC_STATUSES.get(code, CheckStatus.UNKNOWN)
        if status is CheckStatus.UNKNOWN:
            detail = f"the vendor answered code {code}, which it does not document"
        return CheckResult(
            vendor=self.name,
            number=number.digits,
            status=status,
            jid=jids.of_person(number.digits) if status is CheckStatus.EXISTS else None,
            detail=detail,
            reference=reference if status is CheckStatus.PENDING else None,
            raw=reply,
        )


def parse_callback(payload: Any) -> CheckCallback:
    """What a callback tells: its JSON text or bytes, or the object that they hold (vendor-docs/checkwa).

    A check has one callback, or two if the account has a picture that can be seen; they may come in any order, twice
    or never, and nothing in them proves who sent them but the reference (field-notes, CheckWA).

    :raises UnexpectedReply: it is no object, or names neither a number nor a reference.
    """
    data = posted_object(CheckWa.name, payload)
    given = text(pick(data, "num", "number")).removeprefix("+")
    number = given if re.fullmatch(r"[0-9]{5,20}", given) else ""
    reference = text(pick(data, "token"))
    if not number and not reference:
        raise UnexpectedReply("a callback with neither a number nor a token", vendor=CheckWa.name)
    code, encoded = text(pick(data, "code")), text(pick(data, "picture"))
    status = CALLBACK_STATUSES.get(code, CheckStatus.UNKNOWN)
    picture = base64_bytes(encoded) or None
    details = []
    if status is CheckStatus.UNKNOWN:
        details.append(f"the callback has code {code or 'none'}, which is not documented")
    if encoded and picture is None:
        details.append("its picture cannot be decoded")
    return CheckCallback(
        vendor=CheckWa.name,
        number=number,
        status=status,
        jid=jids.of_person(number) if number and status is CheckStatus.EXISTS else None,
        detail="; ".join(details),
        reference=reference or None,
        has_picture=truth(pick(data, "has_picture")),
        picture=picture,
        raw=_without_picture(data),
    )


def _queue_words(reply: Mapping[str, Any]) -> list[str]:
    """What a queued check's reply tells of the queue and of the server that works it off."""
    waiting, server, ping = (text(pick(reply, name)) for name in ("queue", "server", "server_ping"))
    state = {True: "active", False: "inactive", None: ""}[truth(pick(reply, "server_status"))]
    words = [f"{waiting} in the queue"] if waiting else []
    if server or state:
        words.append(" ".join(part for part in ("server", server, state) if part))
    return [*words, f"last active {ping}"] if ping else words


def _without_picture(data: Mapping[str, Any]) -> dict[str, Any]:
    """The callback as it came, but for a picture's many bytes, which are in a field of their own."""
    return {name: value for name, value in data.items() if str(name).casefold() != "picture"}
