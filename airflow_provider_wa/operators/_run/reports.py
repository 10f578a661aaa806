# SPDX-License-Identifier: Apache-2.0
"""The inbox and the state of messages: the work of the operators in ``operators.reports``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.capabilities import ReportsDelivery
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.kinds import as_kinds, is_wanted
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, InboxMessage
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.arguments import as_list, is_one_message, refuse_over_limit, sent_messages
from airflow_provider_wa.bulk.statuses import COLUMNS, ask_statuses
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.connections.suppression import heed_opt_outs
from airflow_provider_wa.operators._run.output import results_to
from airflow_provider_wa.operators._run.pull import period, pull
from airflow_provider_wa.operators._run.received import ReceivedMessage
from airflow_provider_wa.operators._run.task import Task


def pull_inbox(
    task: Task,
    context: Context,
    *,
    since: datetime | str | None,
    until: datetime | str | None,
    after: str | None,
    limit: int | None,
    output_path: str | None,
    kinds: str | Sequence[str] | None,
) -> dict[str, Any]:
    """Pull the incoming messages, and suppress the senders who opted out."""
    wanted = as_kinds(kinds)

    def fetch() -> Sequence[InboxMessage]:
        if after and (since or until):
            raise BadInput("after: it does not go with since or until; give either after, or since and until")
        if after:
            messages = task.hook.inbox(after=after, limit=limit)
        else:
            begin, end = period(context, since, until)
            messages = task.hook.inbox(since=begin, until=end, limit=limit)
        if opted_out := heed_opt_outs(messages):
            task.log.info("%s wrote that they want no more messages, and are suppressed now", f"{opted_out:,}")
        return [message for message in messages if is_wanted(message.kind, message.standing, wanted)]

    return pull(task, fetch, InboxMessage, "message_id", output_path)


def pull_delivery_report(
    task: Task,
    context: Context,
    *,
    since: datetime | str | None,
    until: datetime | str | None,
    limit: int | None,
    output_path: str | None,
) -> dict[str, Any]:
    """Pull the states of the messages of a period."""

    def fetch() -> Sequence[DeliveryStatus]:
        begin, end = period(context, since, until)
        return task.hook.delivery_report(since=begin, until=end, limit=limit)

    return pull(task, fetch, DeliveryStatus, "message_id", output_path)


def read_inbox(
    task: Task, context: Context, *, event_ids: Any, output_path: str | None, kinds: str | Sequence[str] | None
) -> dict[str, Any]:
    """Read messages from the store: those that started the run, or those with the ids given."""
    kinds_wanted = as_kinds(kinds)

    def fetch() -> Sequence[ReceivedMessage]:
        wanted = set(_ids_of_run(context) if event_ids is None else _ids(event_ids))
        events = get_store().events.get(sorted(wanted))
        if gone := len(wanted) - len(events):
            task.log.warning("%s messages are no longer in the store", f"{gone:,}")
        return [
            ReceivedMessage.of(event)
            for event in events
            if event.conn_id == task.wa_conn_id
            and event.kind in (EventKind.INBOX, EventKind.OTHER)
            and is_wanted(event.message_kind, event.standing, kinds_wanted)
        ]

    return pull(task, fetch, ReceivedMessage, "event_id", output_path)


def message_status(task: Task, *, message_id: Any, output_path: str | None) -> dict[str, Any]:
    """Ask the vendor for the state of one message or of many."""
    vendor = task.hook.able(ReportsDelivery)
    messages = list(sent_messages(message_id).items())
    if is_one_message(message_id):
        [(known_id, to)] = messages
        status = task.hook.message_status(known_id, to=to)
        detail = f": {status.detail}" if status.detail else ""
        task.log.info("Message %s is %s%s", status.message_id, status.state.value, detail)
        return status.to_dict()
    if not output_path:
        refuse_over_limit(len(messages), "messages")
    return asyncio.run(_statuses(task, vendor, messages, output_path))


async def _statuses(
    task: Task, vendor: ReportsDelivery, messages: Sequence[tuple[str, str | None]], output_path: str | None
) -> dict[str, Any]:
    with results_to(output_path, COLUMNS, task.spreadsheet_safe) as (write, results):
        async with task.hook.async_channel() as channel:
            workers = channel.endpoint.concurrency
            states = await ask_statuses(vendor, channel, messages, write, task.log, workers)
    if output_path:
        task.log.info("The results are in %s", output_path)
    return {
        "total": len(messages),
        **{state.value: states[state.value] for state in DeliveryState},
        "output": output_path,
        "results": None if output_path else results,
    }


def _ids_of_run(context: Context) -> list[int]:
    """Return the ids in the asset events that started the run; events of other triggers are passed over."""
    run: Any = context
    by_asset: Mapping[Any, Any] = run.get("triggering_asset_events") or {}
    payloads = [event.extra.get("payload") for events in by_asset.values() for event in events]
    batches = [payload.get("event_ids") for payload in payloads if isinstance(payload, Mapping)]
    return [number for batch in batches if isinstance(batch, list) for number in batch if isinstance(number, int)]


def _ids(given: Any) -> list[int]:
    """Return the ids of an argument that is a list of ids, or such a list as JSON.

    :raises BadInput: it is something else.
    """
    try:
        listed = json.loads(given) if isinstance(given, str) else as_list(given)
    except (TypeError, ValueError):
        listed = None
    if not isinstance(listed, list) or not all(type(number) is int for number in listed):
        raise BadInput(f"event_ids: expected a list of ids, got {str(given)[:80]!r}")
    return listed
