# SPDX-License-Identifier: Apache-2.0
"""Waits for an answer."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.errors import BadInput, UnexpectedReply
from airflow_provider_wa.api.numbers import region
from airflow_provider_wa.arguments import as_moment
from airflow_provider_wa.sensors.base import WaSensor
from airflow_provider_wa.sensors.delivery import from_store

if TYPE_CHECKING:
    from airflow_provider_wa.triggers.reply import WaReplyTrigger
    from airflow_provider_wa.waiting.trigger import Found


class WaReplySensor(WaSensor):
    """Waits for a message from somebody, the first that came after a moment and, if wanted, fits a pattern.

    Returns the message: ``{"vendor", "message_id", "sender", "kind", "text", "chat", "wa_message_id", "received_at",
    "media_url"}``.

    :param wa_conn_id: the connection that messages come in over (templated).
    :param sender: whose answer: a phone number in any common spelling, or a JID (templated).
    :param pattern: a regular expression to be found in the text, such as ``(?i)^yes`` (templated).
    :param after: the moment from which on a message counts, a datetime or ISO 8601 text (templated). By default the
        start of the DAG run.
    :param source: who tells: the ``vendor``, whose inbox is asked at each poke, or the ``store``, by what the receiver
        was posted. ``auto`` is the vendor if it can tell (portal, Green-API), else the store (WuzAPI).
    :param default_region: country of a number without + and country code; the connection's by default (templated).
    :param deferrable: wait in the triggerer and hold no worker slot. By default as ``[operators] default_deferrable``.
    :param max_failures: so many failures in a row are waited out.
    """

    template_fields: Sequence[str] = (*WaSensor.template_fields, "sender", "pattern", "after", "default_region")

    def __init__(
        self,
        *,
        sender: str | int,
        pattern: str | None = None,
        after: datetime | str | None = None,
        source: str = "auto",
        default_region: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sender = sender
        self.pattern = pattern
        self.after = after
        self.source = source
        self.default_region = default_region

    def trigger(self, context: Context, deadline: float) -> WaReplyTrigger:
        from airflow_provider_wa.api.capabilities import HasInbox
        from airflow_provider_wa.triggers.reply import WaReplyTrigger

        return WaReplyTrigger(
            self.wa_conn_id,
            self.poke_interval,
            deadline,
            self.max_failures,
            senders=self._senders(),
            after=self._after(context),
            pattern=self._pattern(),
            from_store=from_store(self.wa_conn_id, self.source, HasInbox),
        )

    def result(self, context: Context, found: Found) -> dict[str, Any]:
        if "event_id" in found:
            from airflow_provider_wa.connections.store import get_store

            for event in get_store().events.get([found["event_id"]]):
                return {**event.content, "media_url": event.file or event.content.get("media_url")}
            raise UnexpectedReply("the answer is not in the store any more")
        from airflow_provider_wa.hooks.base import WaHook
        from airflow_provider_wa.triggers.reply import beginning

        hook = WaHook.for_connection(self.wa_conn_id)
        for message in hook.inbox(since=beginning(self._after(context))):
            if message.message_id == found["message_id"]:
                return message.to_dict()
        raise UnexpectedReply(f"message {found['message_id']} is not in the inbox any more", vendor=hook.conn_type)

    def _senders(self) -> list[str]:
        """Who the answer may come from: a number has two forms in some countries, a JID is as it is."""
        from airflow_provider_wa.hooks.base import WaHook

        known = region(self.default_region) or WaHook.for_connection(self.wa_conn_id).settings.default_region
        return list(numbers.forms(numbers.recipient(self.sender, known)))

    def _after(self, context: Context) -> float:
        given = as_moment("after", self.after)
        if given is None:
            run: Any = context
            given = getattr(run.get("dag_run"), "start_date", None)
        if given is None:
            self.after = given = datetime.fromtimestamp(time.time(), timezone.utc)
        return given.timestamp()

    def _pattern(self) -> str | None:
        if not self.pattern:
            return None
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise BadInput(f"pattern: {self.pattern!r} is no regular expression: {error}") from None
        return self.pattern
