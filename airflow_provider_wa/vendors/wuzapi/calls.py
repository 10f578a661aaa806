# SPDX-License-Identifier: Apache-2.0
"""Calls to a WuzAPI server: credentials, requests, the envelope of replies, causes of errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_wa.api.errors import SessionDown, WaError
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request, exchange
from airflow_provider_wa.api.json_fields import pick, text
from airflow_provider_wa.vendors.base import Vendor, secret
from airflow_provider_wa.vendors.wuzapi import replies
from airflow_provider_wa.vendors.wuzapi.messages import Body
from airflow_provider_wa.vendors.wuzapi.tables import HANDLERS_THAT_DIE, LOGIN, SAYS_NOTHING, SEND_TIMEOUT, STATUS


@dataclass(frozen=True, kw_only=True)
class Calls(Vendor):
    """Base of a user's methods: credentials, and common calls."""

    token: str = secret()
    hmac_secret: str = secret(default="")

    def error_code(self, reply: Reply) -> str | None:
        """Return the envelope's error text. ``success`` is not reliable: it is true with HTTP 500 (field-notes)."""
        if reply.status < 300:
            return None if "data" in reply.object else ""
        return text(pick(reply.object, "error")) or (reply.beginning.strip() if reply.json is None else "")

    def cause_of(self, error: WaError, request: Request) -> Flow[WaError | None]:
        """Ask for the session's state after a failure without a reason: a missing login may be the cause.

        This does not apply to a SEND: the message may have gone out before the account was logged out. While the
        account is logged in, such a failure is not repeated: the usual cause is a group that does not exist.
        """
        wordless = error.status == 500 and isinstance(error.raw, Mapping) and not error.code
        silent = error.status is None and request.path.startswith(HANDLERS_THAT_DIE)
        vague = (error.code or "").casefold().startswith(SAYS_NOTHING)
        if request.effect is Effect.SEND or request.path == STATUS or not (wordless or silent or vague):
            return None
        try:
            reply = yield from exchange(self._request("GET", STATUS))
        except WaError:
            return None
        found = replies.session(pick(reply.object, "data")) if reply.status == 200 else None
        if found is None or found.logged_in:
            return None if silent else error
        return SessionDown(f"{LOGIN} (the session is {found.detail})", vendor=self.name, status=error.status,
                           raw=error.raw)  # fmt: skip

    def _request(self, method: str, path: str, body: Body | None = None, **options: Any) -> Request:
        """Return a request with the token. ``options`` are further fields of ``Request``."""
        return Request(method, path, headers={"Token": self.token}, json=body, **options)

    def _sending(self, path: str, body: Body) -> Request:
        """Return a request that changes something outside."""
        return self._request("POST", path, body, effect=Effect.SEND, timeout=SEND_TIMEOUT)

    def _data(self, request: Request) -> Flow[tuple[Any, Reply]]:
        """Exchange a request for the data of the envelope, and the whole reply."""
        reply = yield from self.ask(request)
        return pick(reply.object, "data"), reply

    def _mapping(self, request: Request) -> Flow[tuple[Mapping[str, Any], Reply]]:
        """Exchange a request for the envelope's data, which must be an object, and the whole reply."""
        data, reply = yield from self._data(request)
        if not isinstance(data, Mapping):
            raise self.unexpected(reply, request.effect, "the reply's data is not an object")
        return data, reply

    def _refusal(self, reply: Reply, effect: Effect) -> WaError:
        """Return the error for a reply that was accepted for reading but contains an error."""
        return self.error_in(reply, effect) or self.unexpected(reply, effect)
