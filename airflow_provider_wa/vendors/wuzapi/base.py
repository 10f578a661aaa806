# SPDX-License-Identifier: Apache-2.0
"""What all WuzAPI endpoints share: the token, the envelope, the errors (vendor-docs/wuzapi; field-notes, WuzAPI)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, SessionDown, UnexpectedReply, WaError
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request
from airflow_provider_wa.api.json_fields import pick, text
from airflow_provider_wa.vendors.base import ErrorRule, Vendor, secret

Body: TypeAlias = dict[str, Any]

NAME = "wuzapi"

SEND_TIMEOUT = 130.0
"""Seconds: sends are serialised per account and may take 75 s to be acknowledged (field-notes, WuzAPI)."""

NO_PICTURE = ("profile picture", "no avatar found")
"""Parts of the errors of an account that has no picture, or hides it."""

_LOGIN = "the WhatsApp session is not logged in: connect it and scan its QR code"
_NO_PICTURE = "there is no profile picture, or it is hidden"


@dataclass(frozen=True, kw_only=True)
class WuzApiBase(Vendor):
    """One user of a WuzAPI server, known by the user's token."""

    name: ClassVar[str] = NAME
    errors: ClassVar[tuple[ErrorRule, ...]] = (
        ErrorRule(UnexpectedReply, "this server has no such endpoint: it is too old for it or too new, or the "
                  "connection's host is wrong", status=404),
        ErrorRule(SessionDown, _LOGIN, code="no session", part=True),
        ErrorRule(SessionDown, _LOGIN, code="not connected", part=True),
        ErrorRule(SessionDown, _LOGIN, code="doesn't contain a device jid", part=True),
        ErrorRule(SessionDown, _LOGIN, code="not logged in", part=True),
        ErrorRule(SessionDown, "the session is logged in already", code="already logged in", part=True),
        ErrorRule(OutcomeUnknown, "WhatsApp did not confirm the message in time: it may have gone out",
                  code="timed out waiting for message send response", part=True),
        ErrorRule(BadInput, "WhatsApp does not know the recipient", code="no lid found for", part=True),
        ErrorRule(BadInput, "the recipient's JID has no known server", code="unknown server", part=True),
        ErrorRule(BadInput, "the server could not read the request", code="could not decode payload", part=True),
        ErrorRule(BadInput, "the server could not read the file", code="could not decode", part=True),
        ErrorRule(BadInput, "this server's lists need a header", status=400, code="toptext", part=True),
        ErrorRule(BadInput, "WhatsApp has the file no more", code="download failed with status code", part=True),
        *(ErrorRule(BadInput, _NO_PICTURE, code=words, part=True) for words in NO_PICTURE),
        ErrorRule(BadInput, "the session is in another state already", status=409),
    )  # fmt: skip

    token: str = secret()

    def error_code(self, reply: Reply) -> str | None:
        """The envelope's error text. ``success`` is not to be trusted: HTTP 500 comes with true (field-notes)."""
        if reply.status < 300:
            return None if "data" in reply.object else ""
        return text(pick(reply.object, "error")) or (reply.beginning.strip() if reply.json is None else "")

    def request(self, method: str, path: str, body: Body | None = None, **options: Any) -> Request:
        """A request with the token. ``options`` are further fields of ``Request``."""
        return Request(method, path, headers={"Token": self.token}, json=body, **options)

    def sending(self, path: str, body: Body) -> Request:
        """A request that does something in the world."""
        return self.request("POST", path, body, effect=Effect.SEND, timeout=SEND_TIMEOUT)

    def data(self, request: Request) -> Flow[tuple[Any, Reply]]:
        """The data of the envelope that answers ``request``, and the whole reply."""
        reply = yield from self.ask(request)
        return pick(reply.object, "data"), reply

    def mapping(self, request: Request) -> Flow[tuple[Mapping[str, Any], Reply]]:
        """The same where the data is an object, as it is nearly everywhere."""
        data, reply = yield from self.data(request)
        if not isinstance(data, Mapping):
            raise self.unexpected(reply, request.effect, "the reply's data is not an object")
        return data, reply

    def refusal(self, reply: Reply, effect: Effect) -> WaError:
        """The error of a reply that was accepted to be looked at, and is one after all."""
        return self.error_in(reply, effect) or self.unexpected(reply, effect)


def jid(who: str, what: str) -> str:
    """The JID of digits; a JID as it is. ``what`` names the field in an error.

    :raises BadInput: neither digits nor a JID.
    """
    if re.fullmatch(r"[^\s@]+@[a-z.]+", who):
        return who
    digits = re.sub(r"[\s()+.-]", "", who)
    if not re.fullmatch(r"[0-9]{5,20}", digits):
        raise BadInput(f"{what}: {who[:60]!r} is neither a phone number nor a JID", vendor=NAME)
    return f"{digits}@s.whatsapp.net"


def group_jid(group: str) -> str:
    """A group's JID, if it is one.

    :raises BadInput: it is none.
    """
    if not re.fullmatch(r"[0-9-]{5,64}@g\.us", group):
        raise BadInput(f"group: {group[:60]!r} is no group's JID (digits@g.us)", vendor=NAME)
    return group


def required(value: str, what: str) -> str:
    """A text that must not be empty.

    :raises BadInput: it is.
    """
    if not value.strip():
        raise BadInput(f"{what} is empty", vendor=NAME)
    return value


def has(source: Mapping[str, Any], name: str) -> bool:
    """Whether an object has a key, whatever its case: null is not the same as missing."""
    return name.casefold() in (str(key).casefold() for key in source)
