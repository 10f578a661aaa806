# SPDX-License-Identifier: Apache-2.0
"""What the sending operators share: the key by which a message is known, and how one is sent at most once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.capabilities import RepeatsById, SendsMessages, require_message
from airflow_provider_wa.api.errors import BadInput, Retry, VendorUnavailable, WaError
from airflow_provider_wa.api.flow import Effect, Request
from airflow_provider_wa.api.messages import Buttons, MediaMessage, Message
from airflow_provider_wa.bulk.send_results import Addressed, Tally, Unaddressed
from airflow_provider_wa.bulk.send_run import BulkSend
from airflow_provider_wa.bulk.workers import Length, heap_spared
from airflow_provider_wa.connections.secrets import refuse_secrets
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators._run.message_files import content_of, load_message
from airflow_provider_wa.operators.base import batch_name
from airflow_provider_wa.vendors.registry import VENDORS


class SendOnce:
    """Sends messages of one run of a task, whatever its retries, each at most once.

    :param resend: whether a task that is cleared by hand sends again; its automatic retries do not.
    :param retries: the task's.
    :param part: whether the list is a part of a longer one: a message is the same then in whichever part it is.
    """

    def __init__(
        self,
        hook: WaHook,
        context: Context,
        conn_id: str,
        *,
        resend: bool = False,
        retries: int = 0,
        part: bool = False,
    ) -> None:
        self.hook = hook
        self.store = get_store()
        self._longest = 0.0
        self.conn_id = conn_id
        run: Any = context
        ti = run.get("ti")
        # Airflow raises max_tries by the retries at each Clear, and at nothing else.
        generation = [max(ti.max_tries - retries, 0)] if resend and ti is not None else []
        self.batch = batch_name(context, conn_id, *generation)
        run_id = [ti.dag_id, ti.task_id, ti.run_id, None if part else ti.map_index] if ti is not None else [self.batch]
        self._run = [*run_id, *generation]
        # The same file goes to many; another task may find another one under its name.
        self._content_of = lru_cache(maxsize=4)(content_of)

    def key(self, recipient: str, message: Any, given: str | None = None) -> str:
        """By what a message is known: the same over all tries of a run, or over all runs if it is given.

        It is the same for both forms that a recipient's number may have.

        :param message: as the author wrote it, rendered.
        :param given: the author's own key.
        :raises BadInput: it is empty.
        """
        if given is not None and not given.strip():
            raise BadInput("idempotency_key: it is empty")
        known = ["key", given] if given else [*self._run, numbers.person(recipient), message]
        return hashlib.sha256(json.dumps(known, sort_keys=True, default=_digest).encode()).hexdigest()

    def address(
        self, place: int, given: Any, region: str | None, spec: Any, key: str | None, message_id: str | None
    ) -> Addressed:
        """A message to one recipient.

        :param given: a number in any spelling, or a JID.
        :param spec: the message as the author wrote it, rendered.
        :raises BadInput: it is no recipient, or no message.
        :raises UnsupportedByVendor: the vendor does not send such messages.
        """
        recipient = numbers.recipient(given, region)
        message = self.prove(spec)
        vendor = self.hook.able(SendsMessages)
        known = self.key(recipient, spec, key)
        if message_id is None and isinstance(vendor, RepeatsById) and vendor.repeats_by_id(message):
            message_id = vendor.new_message_id(known)
        return Addressed(place, str(given), recipient, message, known, message_id)

    def prove(self, spec: Any) -> Message:
        """Return the message, if it can be sent.

        :raises BadInput: it is not a message, or contains a secret.
        :raises UnsupportedByVendor: the vendor does not send such messages.
        """
        message = load_message(spec, self._content_of)
        require_message(self.hook.able(SendsMessages), message, VENDORS)
        refuse_secrets(message)
        if isinstance(message, (MediaMessage, Buttons)):
            self._longest = self.hook.vendor.longest_send
        return message

    def send(
        self,
        rows: Callable[[], Iterator[Mapping[str, Any]]],
        address: Callable[[int, Mapping[str, Any]], Addressed | Unaddressed],
        *,
        log: Any,
        concurrency: int | None = None,
        rate: float | None = None,
        length: Length = None,
        **options: Any,
    ) -> tuple[BulkSend, Tally]:
        """Send to a list; ``options`` are those of ``BulkSend``.

        :raises WaError: as ``BulkSend.run``.
        """
        endpoint = self.hook.endpoint
        longest = max(endpoint.timeout, self._longest)

        async def run() -> tuple[BulkSend, Tally]:
            async with self.hook.async_channel(concurrency=concurrency, rate=rate) as channel:
                bulk = BulkSend(
                    vendor=self.hook.able(SendsMessages),
                    channel=channel,
                    store=self.store,
                    batch=self.batch,
                    conn_id=self.conn_id,
                    log=log,
                    address=address,
                    doubt_seconds=endpoint.deadline(Request("POST", "/", Effect.SEND, timeout=longest)),
                    **options,
                )
                return bulk, await bulk.run(rows, channel.endpoint.concurrency, length)

        with heap_spared():
            return asyncio.run(run())


def passing(failure: WaError) -> WaError:
    """The error for what a retry of the task clears up: one that Airflow retries."""
    if failure.retry is Retry.LATER:
        return failure
    return VendorUnavailable(f"{failure}; a retry of the task finds out what became of it")


def _digest(value: Any) -> str:
    """What stands for something that is not JSON: the file of a message, for instance."""
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)
