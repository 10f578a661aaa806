# SPDX-License-Identifier: Apache-2.0
"""Sends a run's messages, each at most once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from airflow_provider_wa.api.capabilities import RepeatsById, SendsMessages, require_message
from airflow_provider_wa.api.errors import Retry, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect, Request
from airflow_provider_wa.api.messages import Buttons, MediaMessage, Message
from airflow_provider_wa.bulk.send_job import TURN_SECONDS
from airflow_provider_wa.bulk.send_results import Addressed, SendCounts, Unaddressed
from airflow_provider_wa.bulk.send_run import BulkSend
from airflow_provider_wa.connections.secrets import refuse_secrets
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.interpreter import heap_spared, short_turns
from airflow_provider_wa.operators._run.allowed_files import AllowedFiles
from airflow_provider_wa.operators._run.message_files import content_of, load_message, refuse_templates
from airflow_provider_wa.operators._run.message_keys import MessageKeys
from airflow_provider_wa.operators._run.metrics import SENDS, count_outcomes
from airflow_provider_wa.operators._run.task import Task
from airflow_provider_wa.transport.channel import Endpoint
from airflow_provider_wa.vendors.registry import VENDORS

ON_UNKNOWN = ("fail", "skip", "resend")
"""Choices for a message that may or may not have gone out."""


class SendOnce:
    """Sends the messages of one run of a task, each at most once over all retries.

    :param raw: allow texts with ``{{`` or ``{%``.
    :param files_under: the folders and URLs that messages' files must be below; no limit by default.
    :raises BadInput: ``files_under`` is invalid.
    """

    def __init__(self, task: Task, keys: MessageKeys, raw: bool = False, files_under: Any = None) -> None:
        self.hook = task.hook
        self.store = get_store()
        self.conn_id = task.wa_conn_id
        self.keys = keys
        self._task = task
        self._log = task.log
        self._raw = raw
        self._allowed = AllowedFiles.of(files_under)
        self._longest = 0.0
        # The same file goes to many; another task may find another one under its name.
        self._content_of = lru_cache(maxsize=4)(content_of)

    @cached_property
    def _vendor(self) -> SendsMessages:
        return self.hook.able(SendsMessages)

    @cached_property
    def _repeats(self) -> RepeatsById | None:
        # Determined once: ``isinstance`` of a protocol takes longer than rendering a message.
        return self._vendor if isinstance(self._vendor, RepeatsById) else None

    def address(
        self, place: int, given: Any, to: str, spec: Any, key: str | None, message_id: str | None, lasting: str = ""
    ) -> Addressed:
        """Return a message to one recipient.

        :param given: the recipient as written in the list; ``to`` is the recipient as digits or a JID.
        :param spec: the rendered message.
        :param key: the author's own key, rendered.
        :param lasting: the message's key in the store from ``MessageKeys.lasting``, if it is known already.
        :raises BadInput: the message or the key is invalid.
        :raises UnsupportedByVendor: the vendor does not send this kind of message.
        """
        message = self.prove(spec)
        known = lasting or self.keys.key(to, spec, key)
        if message_id is None and self._repeats and self._repeats.repeats_by_id(message):
            message_id = self._repeats.new_message_id(known)
        return Addressed(
            place,
            str(given),
            to,
            message,
            known,
            message_id,
            identity=self.keys.identity(key),
            name=key or "",
            key_of=self.keys.by_name(spec, key),
        )

    def prove(self, spec: Any) -> Message:
        """Return the checked message.

        :raises BadInput: it is not a message, or contains a secret or an unrendered template.
        :raises UnsupportedByVendor: the vendor does not send this kind of message.
        """
        message = load_message(spec, self._content_of, self._allowed)
        require_message(self._vendor, message, VENDORS)
        refuse_secrets(message)
        if not self._raw:
            refuse_templates(message)
        if isinstance(message, (MediaMessage, Buttons)):
            self._longest = self.hook.vendor.longest_send
        return message

    def send(
        self,
        rows: Callable[[], Iterator[Mapping[str, Any]]],
        address: Callable[[int, Mapping[str, Any]], Addressed | Unaddressed],
        *,
        concurrency: int | None = None,
        rate: float | None = None,
        length: int | None = None,
        **options: Any,
    ) -> tuple[BulkSend, SendCounts]:
        """Send to a list; ``options`` are those of ``BulkSend``.

        :raises WaError: as ``BulkSend.run``.
        """

        async def run() -> tuple[BulkSend, SendCounts]:
            async with self.hook.async_channel(concurrency=concurrency, rate=rate) as channel:
                turn = turn_seconds(channel.endpoint)
                bulk = BulkSend(
                    vendor=self._vendor,
                    channel=channel,
                    store=self.store,
                    batch=self.keys.batch,
                    conn_id=self.conn_id,
                    log=self._log,
                    address=address,
                    interrupted=lambda: self._task.killed,
                    turn_seconds=turn,
                    doubt_seconds=turn + self._request_seconds,
                    **options,
                )
                try:
                    return bulk, await bulk.run(rows, channel.endpoint.concurrency, length)
                finally:
                    count_outcomes(SENDS, self.hook, bulk.outcomes, channel.calls)

        with heap_spared(), short_turns():
            return asyncio.run(run())

    @property
    def _request_seconds(self) -> float:
        """Maximum duration of a request."""
        endpoint = self.hook.endpoint
        return endpoint.deadline(Request("POST", "/", Effect.SEND, timeout=max(endpoint.timeout, self._longest)))


def turn_seconds(endpoint: Endpoint) -> float:
    """Return the maximum time from an intent to its request, in seconds."""
    # All requests of a run may wait for the rate at the same time.
    return TURN_SECONDS + (endpoint.concurrency / endpoint.rate if endpoint.rate else 0.0)


def passing(failure: WaError) -> WaError:
    """Return the error for what a retry of the task clears up: one that Airflow retries."""
    if failure.retry is Retry.LATER:
        return failure
    return VendorUnavailable(f"{failure}; a retry of the task finds out its outcome")
