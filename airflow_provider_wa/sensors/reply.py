# SPDX-License-Identifier: Apache-2.0
"""Waits for a reply."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.kinds import as_kinds
from airflow_provider_wa.arguments import as_moment, one_of
from airflow_provider_wa.sensors.base import WaSensor
from airflow_provider_wa.waiting.reply_search import beginning
from airflow_provider_wa.waiting.source import SOURCES

if TYPE_CHECKING:
    from airflow_provider_wa.triggers.reply import WaReplyTrigger
    from airflow_provider_wa.waiting.source import Found


LOOKED_BACK = timedelta(days=1)
"""Minimum period of the vendor's inbox in which a reply that was found is looked up again."""


class WaReplySensor(WaSensor):
    """Waits for the first message from one sender after a moment; with ``pattern`` for the first matching one.

    Returns the message: ``{"vendor", "message_id", "sender", "kind", "text", "chat", "wa_message_id", "received_at",
    "media_url", "quoted_id", "selected_id", "options", "latitude", "longitude", "sender_name", "participant", "lid",
    "target_id", "option_hashes"}``.

    :param wa_conn_id: the connection that messages come in over (templated).
    :param sender: sender of the reply: a phone number in any common spelling, or a JID (templated).
    :param pattern: regular expression that the text must contain, for example ``(?i)^yes`` (templated).
    :param after: earliest moment of the message, a datetime or ISO 8601 text (templated). By default the start of the
        DAG run.
    :param source: ``vendor`` reads the vendor's inbox at each poke; ``store`` reads the events that the receiver
        stored; ``auto`` reads both, if the vendor has an inbox and posts events: the first source with the reply ends
        the wait.
    :param kinds: kinds of messages that are a reply, as a list or a text with commas (templated). By default all kinds
        of real messages; ``["message", "reaction"]`` also accepts a reaction, ``["edit"]`` only edits. See
        docs/receiver.md, "Kinds of messages".
    :param default_region: country of a number without + and country code; the connection's by default (templated).
    :param international_without_plus: as for the bulk operators, for a number without +.
    :param deferrable: wait in the triggerer, without a worker slot. ``[operators] default_deferrable`` by default.
    :param max_failures: maximum number of consecutive failures that do not end the wait.
    """

    template_fields: Sequence[str] = (
        *WaSensor.template_fields,
        "sender",
        "pattern",
        "after",
        "default_region",
        "kinds",
    )

    def __init__(
        self,
        *,
        sender: str | int,
        pattern: str | None = None,
        after: datetime | str | None = None,
        source: str = "auto",
        default_region: str | None = None,
        international_without_plus: bool | None = None,
        kinds: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sender = sender
        self.pattern = pattern
        self.after = after
        self.source = source
        self.default_region = default_region
        self.international_without_plus = international_without_plus
        self.kinds = kinds

    def trigger(self, context: Context, deadline: float) -> WaReplyTrigger:
        from airflow_provider_wa.triggers.reply import WaReplyTrigger
        from airflow_provider_wa.waiting.lookups import inbox_sources, sender_names

        sources = inbox_sources(self.wa_conn_id, one_of("source", self.source, SOURCES))
        return WaReplyTrigger(
            self.wa_conn_id,
            self.poke_interval,
            deadline,
            self.max_failures,
            senders=sender_names(self.wa_conn_id, self.sender, self.default_region, self.international_without_plus),
            after=self._after(context),
            pattern=self._pattern(),
            from_store=sources.from_store,
            ask_vendor=sources.ask_vendor,
            kinds=as_kinds(self.kinds),
        )

    def result(self, context: Context, found: Found) -> dict[str, Any]:
        from airflow_provider_wa.waiting import lookups

        if "event_id" in found:
            event = lookups.stored_event(found["event_id"])
            return {**event.content, "media_url": event.file or event.content.get("media_url")}
        # The search may have begun before the clock was set back; the message is known by its id.
        since = min(beginning(self._after(context)), datetime.now(timezone.utc) - LOOKED_BACK)
        return lookups.inbox_message(self.wa_conn_id, found["message_id"], since).to_dict()

    def _after(self, context: Context) -> float:
        given = as_moment("after", self.after)
        if given is None:
            run: Any = context
            began = getattr(run.get("dag_run"), "start_date", None)
            # A run that begins in the future began before the clock was set back; the reply will seem older than it.
            given = None if began and began.timestamp() > time.time() else began
        if given is None:
            self.after = given = datetime.fromtimestamp(time.time(), timezone.utc)
        return given.timestamp()

    def _pattern(self) -> str | None:
        if not self.pattern:
            return None
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise BadInput(
                f"pattern: invalid regular expression {self.pattern!r}: {error}; expected for example (?i)^yes"
            ) from None
        return self.pattern
