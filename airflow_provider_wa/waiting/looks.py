# SPDX-License-Identifier: Apache-2.0
"""Sources of the public triggers: the one module that each of them imports when it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.capabilities import ChecksAgain, HasInbox, HasSession, ReportsDelivery
from airflow_provider_wa.api.errors import Retry, WaError
from airflow_provider_wa.api.records import CheckStatus, SessionState
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.store.events import StoredEvent
from airflow_provider_wa.waiting.both_sources import LISTENING, both
from airflow_provider_wa.waiting.delivery_progress import DeliveryProgress
from airflow_provider_wa.waiting.patience import Patience
from airflow_provider_wa.waiting.pending_checks import ask_again, count_pending
from airflow_provider_wa.waiting.people import all_names, message_status
from airflow_provider_wa.waiting.reply_search import ReplySearch
from airflow_provider_wa.waiting.source import Found, NotYet, Source
from airflow_provider_wa.waiting.store_poller import StorePoller
from airflow_provider_wa.waiting.store_source import notified, watching
from airflow_provider_wa.waiting.vendor_source import Run, ask_each, asking, look_up

Opened = AbstractAsyncContextManager[Source]


def session(conn_id: str, interval: float) -> Opened:
    """Open the source of a session's state; it finds the ``session`` when that is logged in.

    The vendor is asked at the first look and once in an interval. A state that is stored in the meantime counts at
    once: what was stored before may be old.
    """

    async def ask(hook: WaHook, run: Run) -> Found | NotYet:
        found = await run(hook.able(HasSession).session())
        if found.logged_in:
            return {"session": found.to_dict()}
        return NotYet(f"the session is {found.state.value}: {found.detail}")

    return both(_stored_session(conn_id, min(interval, LISTENING)), asking(conn_id, ask), interval)


@asynccontextmanager
async def _stored_session(conn_id: str, interval: float) -> AsyncIterator[Source]:
    """Open the source of the session's states that the receiver stores from now on."""
    known: int | None = None

    async def look(poller: StorePoller) -> Found | NotYet:
        nonlocal known
        last = await asyncio.to_thread(poller.store.events.last_session, conn_id)
        last_id = last.id if last else 0
        known = last_id if known is None else known
        if last and last_id != known and last.status == SessionState.LOGGED_IN.value:
            return {"session": dict(last.content)}
        return NotYet(f"the session is {last.status}" if last else "no state of the session is stored")

    async with notified(conn_id, EventKind.SESSION, interval, look) as source:
        yield source


def pending_check(conn_id: str, number: str) -> Opened:
    """Open the source of a number's check; it finds the ``check`` when that is no longer pending."""

    async def ask(hook: WaHook, run: Run) -> Found | NotYet:
        (result,) = await run(hook.able(ChecksAgain).check_again([numbers.parse(number)]))
        if result.status is CheckStatus.PENDING:
            return NotYet(f"the check is pending: {result.detail}")
        return {"check": result.to_dict()}

    return asking(conn_id, ask)


@asynccontextmanager
async def batch(conn_id: str, name: str, budget: int | None, interval: float) -> AsyncIterator[Source]:
    """Open the source of a batch's answers: the vendor, if it is asked again, else the store."""

    async def ask(hook: WaHook, run: Run) -> Found | NotYet:
        return await ask_again(hook, run, name, budget)

    async def count(poller: StorePoller) -> Found | NotYet:
        return await count_pending(poller, name)

    hook = await look_up(conn_id)
    by_asking = isinstance(hook.vendor, ChecksAgain)
    chosen = asking(conn_id, ask) if by_asking else notified(conn_id, EventKind.CHECK, interval, count)
    async with chosen as source:
        yield source


def callback(conn_id: str, reference: str, interval: float, wait_for_picture: bool) -> Opened:
    """Open the source of a check's callbacks; it finds the ``event_id`` of the first, and the ``picture``."""
    return watching(
        conn_id, EventKind.CHECK, [reference], interval, lambda events: judge_callbacks(events, wait_for_picture)
    )


def judge_callbacks(events: Sequence[StoredEvent], wait_for_picture: bool) -> Found | NotYet:
    """Return the outcome of the callbacks so far."""
    if not events:
        return NotYet("no callback has come")
    first = events[0]
    pictures = [event.file for event in events if event.file]
    found = {"event_id": first.id, "picture": pictures[0] if pictures else None}
    shown = any(event.content.get("has_picture") for event in events)
    if wait_for_picture and first.status == CheckStatus.EXISTS.value and shown and not pictures:
        return NotYet("the callback has come, its picture has not", otherwise=found)
    return found


def deliveries(conn_id: str, from_store: bool, ask_vendor: bool, interval: float, progress: DeliveryProgress) -> Opened:
    """Open the source of messages' states; they are noted in ``progress``, which has the outcome of a look.

    :param from_store: read the events that the receiver stored.
    :param ask_vendor: ask the vendor.
    """

    async def ask(hook: WaHook, run: Run) -> Found | NotYet:
        vendor = hook.able(ReportsDelivery)
        known = progress.answered
        patience = Patience(len(progress.states), bearable=lambda error: not error.stops_all)

        async def ask_one(message: tuple[str, str | None]) -> None:
            message_id, to = message
            try:
                status = await message_status(run, vendor, message_id, to, names.get(to or "", ()))
            except WaError as error:
                # The vendor may not know this message: keep waiting for the others.
                if error.stops_all or error.retry is Retry.LATER or not known:
                    patience.failed(error)
                return
            patience.succeeded()
            progress.note(message_id, status.state.value)

        messages = progress.open_messages()
        by_recipient = getattr(vendor, "asks_by_recipient", False)
        names = await asyncio.to_thread(all_names, [to for _, to in messages if to and by_recipient])
        await ask_each(hook, messages, ask_one)
        progress.answered = known or patience.answered
        patience.raise_if_unanswered()
        return progress.outcome()

    def judge(events: Sequence[StoredEvent]) -> Found | NotYet:
        for event in events:
            progress.note(event.reference or "", event.status)
        return progress.outcome()

    listening = min(interval, LISTENING) if ask_vendor else interval
    stored = watching(conn_id, EventKind.DELIVERY, progress.states, listening, judge)
    return _chosen(from_store, ask_vendor, stored, asking(conn_id, ask), interval)


def reply(conn_id: str, from_store: bool, ask_vendor: bool, interval: float, search: ReplySearch) -> Opened:
    """Open the source of a reply; it finds the ``message_id``, and from the store the ``event_id``.

    :param from_store: read the events that the receiver stored.
    :param ask_vendor: read the vendor's inbox.
    """
    nothing = NotYet("no reply has come")

    async def ask(hook: WaHook, run: Run) -> Found | NotYet:
        messages = await run(hook.able(HasInbox).inbox(since=search.since))
        names = await asyncio.to_thread(all_names, search.senders, messages)
        message = search.first(messages, {name for known in names.values() for name in known})
        return {"message_id": message.message_id} if message else nothing

    def judge(events: Sequence[StoredEvent]) -> Found | NotYet:
        event = search.first_stored(events)
        return {"message_id": event.reference, "event_id": event.id} if event else nothing

    listening = min(interval, LISTENING) if ask_vendor else interval
    others = (EventKind.OTHER,) if search.beyond_messages else ()
    stored = watching(conn_id, EventKind.INBOX, search.senders, listening, judge, also=others)
    return _chosen(from_store, ask_vendor, stored, asking(conn_id, ask), interval)


def _chosen(from_store: bool, ask_vendor: bool, stored: Opened, asked: Opened, interval: float) -> Opened:
    if from_store and ask_vendor:
        return both(stored, asked, interval)
    return stored if from_store else asked
