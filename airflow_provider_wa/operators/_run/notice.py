# SPDX-License-Identifier: Apache-2.0
"""Sends a notice about a run to a few recipients, for ``WaNotifier``."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, VendorUnavailable, WaError
from airflow_provider_wa.api.numbers import NumberRules
from airflow_provider_wa.bulk.send_results import Addressed, Unaddressed
from airflow_provider_wa.connections.secrets import without_secrets
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.operators._run.message_keys import MessageKeys, key_begin
from airflow_provider_wa.operators._run.send_once import SendOnce
from airflow_provider_wa.operators._run.task import hook_for
from airflow_provider_wa.store.send_states import IN_DOUBT, SendState
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.templating import digits_as_text

LONGEST = 2000
"""Maximum length of a plain text notice, in bytes; every vendor accepts this length."""

_CUT = "…"

AT_ONCE = 4
"""Maximum number of calls at once."""


@dataclass
class _Notice:
    """A notice, with the attributes of a task that ``SendOnce`` needs."""

    wa_conn_id: str
    log: Any
    retries: int | None = 0
    execution_timeout: timedelta | None = None
    killed: bool = False
    spreadsheet_safe: bool = False
    batch: str | None = None
    recipient: str | None = None
    operator_extra_links: tuple[()] = ()

    @cached_property
    def hook(self) -> WaHook:
        return hook_for(self.wa_conn_id)


class NoticeKeys(MessageKeys):
    """The keys of a notice: a person gets one notice for each occasion.

    :param about: values that identify the occasion, as JSON.
    """

    def __init__(self, about: Any) -> None:
        notice = ["notice", about]
        self._begin = key_begin(notice)
        self._duplicates = False
        # A batch of its own: the batch of the reported task contains the task's own rows.
        self.batch = hashlib.sha256(json.dumps(notice, default=str).encode()).hexdigest()[:32]


def send_notice(
    context: Context,
    *,
    wa_conn_id: str,
    to: Any,
    message: Any,
    template: Any,
    idempotency_key: str | None,
    log: Any,
) -> None:
    """Send a message to each recipient without it, and log the number of recipients who got it.

    :param message: the rendered message; ``template`` is the message before rendering.
    :raises BadInput: the message or all recipients are invalid.
    :raises WaError: one or more recipients did not get it; it was sent to the others.
    """
    key = digits_as_text(idempotency_key)
    about = ["key", key] if key else [wa_conn_id, occasion(context), template]
    sender = SendOnce(_Notice(wa_conn_id, log), NoticeKeys(about), raw=True)
    people, spec = recipients(to), shortened(without_secrets(digits_as_text(message)))
    sender.prove(spec)
    rules = NumberRules(sender.hook.settings.default_region)

    def address(place: int, row: Mapping[str, Any]) -> Addressed | Unaddressed:
        try:
            return sender.address(place, row["to"], rules.recipient(row["to"]), spec, None, None)
        except BadInput as error:
            return Unaddressed(place, row["to"], str(error))

    bulk, counts = sender.send(
        lambda: iter([{"to": person} for person in people]),
        address,
        concurrency=min(len(people), AT_ONCE),
        length=len(people),
        watch_session=False,
        patience=0.0,  # Airflow waits for the callback, and would wait for the report as well
    )
    _tell(log, list(sender.store.sends.rows(sender.keys.batch)), counts.failure or bulk.error)


def occasion(context: Context) -> list[Any]:
    """Return the occasion of a notice: the run, and its task, try and state if they are in the context.

    Without a run, each notice is an occasion of its own.
    """
    known: Any = context
    ti, run = known.get("ti"), known.get("dag_run")
    task = [_of(ti, name) for name in ("task_id", "map_index", "try_number")]
    dag_id, run_id = (_of(ti, name) or _of(run, name) for name in ("dag_id", "run_id"))
    dag_id, run_id = dag_id or _of(known.get("dag"), "dag_id"), run_id or known.get("run_id")
    if not run_id:
        return [uuid.uuid4().hex]
    # A cleared run may fail again.
    occasion_of_run = [known.get("reason"), _of(run, "clear_number"), _of(known.get("deadline"), "id")]
    return [dag_id, run_id, *task, _text(_of(ti, "state")), *map(_text, occasion_of_run)]


def recipients(to: Any) -> list[str]:
    """Return the recipients in a text with commas, or in a list.

    :raises BadInput: the argument is empty.
    """
    several: Iterable[Any] = to if isinstance(to, (list, tuple, set)) else str("" if to is None else to).split(",")
    if not (found := [text for each in several if (text := str(each).strip())]):
        raise BadInput("to: it is empty; expected a phone number or a JID, or several of them")
    return found


def shortened(message: Any) -> Any:
    """Return a message with its text cut to ``LONGEST`` bytes: the text of an exception may be very long."""
    if isinstance(message, str):
        text = message.encode(errors="replace")
        return message if len(text) <= LONGEST else text[: LONGEST - len(_CUT.encode())].decode(errors="ignore") + _CUT
    if isinstance(message, Mapping) and message.get("type", "text") == "text":
        return {**message, "body": shortened(digits_as_text(message.get("body")))}
    return message


def _tell(log: Any, rows: list[SendRow], error: WaError | None) -> None:
    """Log the outcomes; raise the first reason if a notice was not sent or is in doubt."""
    for row in rows:
        if row.state is SendState.SKIPPED:
            log.info("No notice to %s: %s", row.recipient, row.detail)
    missed = [row for row in rows if row.state not in (SendState.ACCEPTED, SendState.SKIPPED)]
    log.info(
        "notice: accepted for %d of %d recipients", sum(row.state is SendState.ACCEPTED for row in rows), len(rows)
    )
    if not missed:
        return
    reason = f"{len(missed)} of {len(rows)} recipients did not get the notice: {missed[0].given}: {missed[0].detail}"
    if any(row.state in IN_DOUBT for row in missed):
        raise OutcomeUnknown(f"{reason}; it may have gone out")
    raise VendorUnavailable(reason) if isinstance(error, VendorUnavailable) else BadInput(reason)


def _of(value: Any, name: str) -> Any:
    """Return an attribute of an object, or an item of a dict: in the triggerer a run is a dict."""
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _text(value: Any) -> str | None:
    return None if value is None else str(getattr(value, "value", value))
