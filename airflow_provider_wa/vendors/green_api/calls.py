# SPDX-License-Identifier: Apache-2.0
"""Calls of Green-API's methods: credentials, requests, lists, texts of errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, TypeVar
from urllib.parse import quote

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Flow, MethodRate, Reply, Request
from airflow_provider_wa.api.json_fields import pick, text
from airflow_provider_wa.vendors.base import Vendor, secret
from airflow_provider_wa.vendors.green_api import replies
from airflow_provider_wa.vendors.green_api.tables import METHODS, RATE_USED

T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True, kw_only=True)
class Calls(Vendor):
    """Base of the instance's methods: credentials, and common calls."""

    instance_id: str
    token: str = secret()
    media_url: str = ""
    clock: Callable[[], datetime] = field(default=_now, repr=False, compare=False)

    def error_code(self, reply: Reply) -> str | None:
        """Return the vendor's text: ``message`` of an object, a JSON string, or the body itself.

        Newer servers also report an error as a success with ``status`` false and a ``reason``.
        """
        if reply.status < 300:
            return text(pick(reply.object, "reason")) if pick(reply.object, "status") is False else None
        words = (
            text(pick(reply.object, "message", "reason"))
            or text(pick(replies.quota(reply.object), "status"))
            or text(reply.json)
        )
        return words or (reply.beginning if reply.json is None else "")

    def error_detail(self, reply: Reply) -> str:
        """Return the used part of a quota as text, with the method that it is for."""
        quota = replies.quota(reply.object)
        method, used, total = (text(pick(quota, name)) for name in ("method", "used", "total"))
        return f"{used} of {total} used for {method}" if used and total else ""

    def _request(self, method: str, rest: str = "", *, body: dict[str, Any] | None = None, **options: Any) -> Request:
        verb, rate = METHODS[method]
        path = f"/waInstance{self.instance_id}/{method}/{quote(self.token, safe='')}{rest}"
        return Request(verb, path, json=body, method_rate=MethodRate(method, rate * RATE_USED), **options)

    def _list(self, method: str, read: Callable[[Any], T | None], params: Mapping[str, str]) -> Flow[list[T]]:
        """Return the records of a method that answers with a list, without unreadable items."""
        reply = yield from self.ask(self._request(method, params=params))
        if not isinstance(reply.json, list):
            raise self.unexpected(reply, what="the reply is not a list")
        return [row for item in reply.json if (row := read(item)) is not None]

    def _id(self, message_id: str) -> str:
        plain = message_id.strip()
        if not plain:
            raise BadInput("message_id: the text is empty", vendor=self.name)
        return plain
