# SPDX-License-Identifier: Apache-2.0
"""Sends one message: the work of ``WaSendMessageOperator``."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException, Context

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown
from airflow_provider_wa.api.numbers import NumberRules
from airflow_provider_wa.api.records import SentMessage
from airflow_provider_wa.arguments import one_of
from airflow_provider_wa.bulk.dedupe import DiskFirstRows
from airflow_provider_wa.bulk.send_facts import LookUp
from airflow_provider_wa.bulk.send_results import Addressed
from airflow_provider_wa.operators._run.message_keys import MessageKeys
from airflow_provider_wa.operators._run.one_store import OneStore
from airflow_provider_wa.operators._run.send_once import ON_UNKNOWN, SendOnce, passing
from airflow_provider_wa.operators._run.task import Task
from airflow_provider_wa.store.send_states import IN_DOUBT, SendState
from airflow_provider_wa.store.sends import SendRow, row_key
from airflow_provider_wa.templating import digits_as_text


def send_message(
    task: Task,
    context: Context,
    *,
    to: Any,
    message: Any,
    message_id: str | None,
    idempotency_key: str | None,
    on_unknown: str,
    resend: bool,
    international_without_plus: bool | None = None,
    raw: bool = False,
    files_under: Any = None,
) -> dict[str, Any]:
    """Send a message, unless an earlier try of the task has sent it."""
    one_of("on_unknown", on_unknown, ON_UNKNOWN)
    keys = MessageKeys(context, task.wa_conn_id, resend=resend, retries=task.retries or 0)
    sender = SendOnce(task, keys, raw, files_under)
    rules = NumberRules(task.hook.settings.default_region, international_without_plus)
    recipient = task.recipient = rules.recipient(to)
    if remark := rules.remark(to):
        task.log.warning("+%s has neither + nor a country: %s", recipient, remark)
    key = digits_as_text(idempotency_key)
    addressed = sender.address(1, to, recipient, message, key, message_id)
    one_store = OneStore(sender.store, keys.batch, context, task.log)
    one_store.check(begun=False)
    one_store.remember()
    bulk, counts = sender.send(
        lambda: iter([{}]),
        lambda place, row: addressed,
        concurrency=1,
        length=1,
        watch_session=False,  # this one message is the quicker question
        resend_unknown=on_unknown == "resend",
    )
    row = _row(sender, addressed)
    if row.state is SendState.ACCEPTED:
        return _accepted(task, row, bulk.sent)
    if row.state is SendState.SKIPPED:
        raise AirflowSkipException(f"nothing was sent to {row.recipient}: {row.detail}")
    if counts.failure:
        raise passing(counts.failure)
    if row.state not in IN_DOUBT:
        raise bulk.error or BadInput(row.detail)
    if on_unknown != "skip":
        raise OutcomeUnknown(
            f"it may or may not have gone out to {row.recipient}, and the vendor does not know: look for it, "
            "then clear the task with on_unknown='skip' or 'resend'" + (f" ({row.detail})" if row.detail else "")
        )
    task.log.warning("It may or may not have gone out to %s: %s", row.recipient, row.detail)
    return {**_accepted(task, row, None), "accepted": None, "timestamp": None}


def _row(sender: SendOnce, addressed: Addressed) -> SendRow:
    """Return the stored row of the message, or the failed row if another recipient's message has its key."""
    own = row_key(sender.keys.batch, addressed.row)
    report = sender.store.sends.known([own]).get(own)
    if report and report.state is SendState.FAILED:
        return report
    with DiskFirstRows() as nothing:
        facts = LookUp.of(sender.store, [addressed], cap=None).facts(addressed, nothing)
    assert facts is not None
    assert facts.stored is not None
    return facts.stored


def _accepted(task: Task, row: SendRow, sent: SentMessage | None) -> dict[str, Any]:
    """Return the record of a message that was accepted just now, or by an earlier try."""
    if sent is None:
        sent = SentMessage(
            vendor=task.hook.conn_type,
            message_id=row.message_id or "",
            to=row.recipient,
            timestamp=row.settled_at or row.intended_at,
            warning=row.detail or None,
        )
        task.log.info("Message %s to %s was accepted before: it is not sent again", row.message_id, row.recipient)
    else:
        task.log.info("%s accepted message %s to %s", sent.vendor, sent.message_id, sent.to)
    if sent.warning:
        task.log.warning("%s: %s", sent.vendor, sent.warning)
    return sent.to_dict()
