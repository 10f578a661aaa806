# SPDX-License-Identifier: Apache-2.0
"""Sends a message to each recipient of a list: the work of ``WaBulkSendOperator``."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from datetime import timezone as tz
from itertools import chain
from typing import Any, NoReturn

from airflow.providers.common.compat.sdk import Context
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.triggers.base import BaseTrigger

from airflow_provider_wa.api.errors import OutcomeUnknown, VendorUnavailable, WaError
from airflow_provider_wa.arguments import execution_deadline, one_of, time_left
from airflow_provider_wa.bulk.caps import Cap
from airflow_provider_wa.bulk.dry_run import DRY_COLUMNS, WOULD_SEND, DryRun
from airflow_provider_wa.bulk.pacing import QuietHours, SendingPolicy, SendInterval, time_zone
from airflow_provider_wa.bulk.send_job import TrySoFar
from airflow_provider_wa.bulk.send_results import COLUMNS, SendCounts, as_result
from airflow_provider_wa.operators._run.allowed_files import file_texts
from airflow_provider_wa.operators._run.list_runner import ListRunner
from airflow_provider_wa.operators._run.message_keys import MessageKeys, batch_info
from airflow_provider_wa.operators._run.one_store import OneStore
from airflow_provider_wa.operators._run.output import results_to
from airflow_provider_wa.operators._run.reporter import Reporter, stopped_on_failure
from airflow_provider_wa.operators._run.row_messages import RowMessages
from airflow_provider_wa.operators._run.row_template import RowTemplate
from airflow_provider_wa.operators._run.send_once import ON_UNKNOWN, SendOnce, passing
from airflow_provider_wa.operators._run.status_filter import StatusFilter
from airflow_provider_wa.store.batches import BatchKind
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.templating import digits_as_text
from airflow_provider_wa.waiting.pause import LONGEST_SLEEP, PauseTrigger

LONGEST_WAIT = 5.0
"""Minimum wait for the vendor's report, in seconds, for which a deferrable operator moves to the triggerer."""

ON_HOLD = ("wait", "skip")
"""Choices for recipients who must not be written to now."""

DUPLICATES = ("skip", "allow")
"""Choices for further messages to the same person: none, or each that is different."""


@dataclass(frozen=True, kw_only=True)
class SendRunner(ListRunner):
    """The arguments of ``WaBulkSendOperator``, and its work."""

    items_name = "recipients"
    takes_jids = True

    message: Any
    pace: float | str | Sequence[float] | None
    daily_limit: int | None
    quiet_hours: str | Sequence[str] | None
    timezone: str
    on_hold: str
    on_unknown: str
    idempotency_key: str | None
    resend: bool
    duplicates: str = "skip"
    cap: Any = None
    dry_run: bool = False
    only: Any = None
    raw: bool = False
    files_under: Any = None

    def run(
        self, context: Context, so_far: Mapping[str, Any] | None = None, mark: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send to all recipients without the message, and return the summary.

        It is called again after a deferral: the store knows the sent messages.

        :param so_far: the part of this try before a wait for the vendor's report, as JSON of ``TrySoFar.to_dict``.
        """
        policy = self.policy()
        known: Any = context if isinstance(context, Mapping) else {}
        message = RowTemplate(self.message, "message", known)
        key = RowTemplate(digits_as_text(self.idempotency_key), "idempotency_key", known, filled=True)
        sender = SendOnce(self.task, self._keys(context), self.raw, self.files_under)
        files = RowTemplate(file_texts(self.message), "message", known)
        messages = RowMessages(sender, self.numbers, message, key, None if self.files_under else files)
        messages = self._prove(messages)
        if self.dry_run:
            return self._dry_run(messages, policy)
        store, batch = sender.store, sender.keys.batch
        one_store = OneStore(store, batch, context, self.task.log)
        one_store.check(mark)
        store.batches.begin(batch_info(context, batch, BatchKind.SEND, self.task.wa_conn_id))
        one_store.remember()
        if (today := policy.limit_at(datetime.now(tz.utc))) is not None:
            store.pauses.note_daily_limit(self.task.wa_conn_id, today.limit, today.since)
        self.show_campaign(batch, context)
        with stopped_on_failure(store, batch), closing(Reporter(store, batch, context, self.task.log)) as reporter:
            return self._send(messages, policy, reporter, context, None if so_far is None else TrySoFar.of(so_far))

    def _send(
        self,
        messages: RowMessages,
        policy: SendingPolicy,
        reporter: Reporter,
        context: Context,
        try_so_far: TrySoFar | None,
    ) -> dict[str, Any]:
        """Send, wait while recipients are held or the vendor's report is due, and return the summary."""
        sender = messages.sender
        batches, batch = sender.store.batches, sender.keys.batch
        calls = 0
        while True:
            try:
                bulk, counts = sender.send(
                    lambda: iter(self.input_list.rows(self.column)),
                    messages.address,
                    concurrency=self.concurrency,
                    rate=self.rate(),
                    length=self.input_list.total,
                    policy=policy,
                    resend_unknown=self.on_unknown == "resend",
                    first=self.input_list.first,
                    places=self._places,
                    patience=LONGEST_WAIT if self.deferrable else math.inf,
                    so_far=try_so_far,
                    watch=reporter,
                )
            except WaError:
                with suppress(WaError):  # the first error says more
                    if self.output_path:
                        self._write(sender)
                raise
            finally:
                reporter.flush()
            calls += bulk.channel.calls
            if counts.report_due and bulk.so_far:
                batches.hold(batch, counts.report_due)
                pause = PauseTrigger(counts.report_wait)
                self._defer(pause, counts.report_due, context, sender, so_far=bulk.so_far.to_dict())
            if counts.hold is None or not policy.wait or counts.failure:
                break
            batches.hold(batch, counts.hold.until)
            self._wait(counts, context, sender)
            try_so_far = None
        results = self._write(sender)
        if self.output_path:
            self.task.log.info("The results are in %s", self.output_path)
        self.numbers.warn(self.task.log, counts.total)
        if not counts.failure:
            batches.end(batch, counts.to_dict())
        self._refuse(counts)
        return {
            **counts.to_dict(),
            "output": self.output_path,
            "results": None if self.output_path else results,
            "calls": calls,
            "batch": batch,
        }

    def policy(self) -> SendingPolicy:
        """Return when and how fast messages go out; the parts of a list share the pace.

        :raises BadInput: one of the arguments is invalid.
        """
        one_of("on_hold", self.on_hold, ON_HOLD)
        one_of("on_unknown", self.on_unknown, ON_UNKNOWN)
        one_of("duplicates", self.duplicates, DUPLICATES)
        self.refuse_less_than_one("concurrency", "daily_limit")
        time_zone(self.timezone)
        interval = None if self.pace is None else SendInterval.of(self.pace)
        return SendingPolicy(
            interval=interval.times(self.input_list.parts) if interval else None,
            quiet_hours=None if self.quiet_hours is None else QuietHours.of(self.quiet_hours),
            zone=self.timezone,
            daily_limit=self.daily_limit,
            wait=self.on_hold == "wait",
            cap=None if self.cap is None else Cap.of(self.cap),
        )

    def _keys(self, context: Context) -> MessageKeys:
        return MessageKeys(
            context,
            self.task.wa_conn_id,
            resend=self.resend,
            retries=self.task.retries or 0,
            part=self.part is not None,
            duplicates=self.duplicates == "allow",
        )

    @property
    def _places(self) -> range | None:
        """The places of this part of the list; None if it is the whole list."""
        if self.part is None:
            return None
        first, total = self.input_list.first, self.input_list.total
        return range(first, first + total) if total else None

    def _prove(self, messages: RowMessages) -> RowMessages:
        """Check the arguments and the list before anything is sent; return the messages, filtered by ``only``."""
        self.rate()
        rows = iter(self.input_list.rows(self.column))
        first = self.beginning(rows, 1)
        columns, repeated = self.input_list.names(self.column), self.input_list.repeated(self.column)
        messages = replace(messages, only=StatusFilter.of(self.only).over(columns))
        messages.prove(chain(first, rows), columns, repeated)
        self.prove_output()
        return messages

    def left_out(self) -> Callable[[Mapping[str, Any]], object]:
        """Return the filter ``only``: a function that returns the reason for leaving a row out, or None."""
        return StatusFilter.of(self.only).over(self.input_list.names(self.column)).reason

    def _dry_run(self, messages: RowMessages, policy: SendingPolicy) -> dict[str, Any]:
        """Return the summary of a dry run, which sends nothing and stores nothing."""
        sender = messages.sender
        dry = DryRun(
            store=sender.store,
            batch=sender.keys.batch,
            conn_id=sender.conn_id,
            address=messages.address,
            policy=policy,
            first=self.input_list.first,
            places=self._places,
        )
        with results_to(self.output_path, DRY_COLUMNS, self.task.spreadsheet_safe) as (write, results):
            for result in dry.results(iter(self.input_list.rows(self.column))):
                write(self.numbers.noted(result, "to"))
        self.numbers.warn(self.task.log, dry.counts.total())
        counts = {name: dry.counts[name] for name in (WOULD_SEND, "skipped", "failed")}
        self.task.log.info("Dry run, nothing was sent: %s", ", ".join(f"{n:,} {name}" for name, n in counts.items()))
        return {
            **SendCounts(total=dry.counts.total()).to_dict(),
            **counts,
            "output": self.output_path,
            "results": None if self.output_path else results,
            "calls": 0,
            "batch": None,
            "dry_run": True,
        }

    def _wait(self, counts: SendCounts, context: Context, sender: SendOnce) -> None:
        """Wait until held recipients may be written to, in the triggerer or here; at most for ``execution_timeout``."""
        assert counts.hold is not None
        self.task.log.info("%s; %s: continuing at %s", counts.remark, counts.hold.reason, counts.hold.until.isoformat())
        if self.deferrable:
            self._defer(DateTimeTrigger(moment=counts.hold.until), counts.hold.until, context, sender)
        _sleep_until(counts.hold.until)

    def _defer(
        self, trigger: BaseTrigger, moment: datetime, context: Context, sender: SendOnce, **known: Any
    ) -> NoReturn:
        """Wait in the triggerer; the operator continues with the store's mark and the ``known`` values."""
        known["mark"] = OneStore(sender.store, sender.keys.batch, context, self.task.log).mark(moment)
        left = time_left(execution_deadline(self.task, context))
        self.task.defer(trigger=trigger, method_name="execute_complete", kwargs=known, timeout=left)

    def _refuse(self, counts: SendCounts) -> None:
        """Fail the task if messages are left to a retry, or are in doubt and ``on_unknown`` does not skip them."""
        if counts.failure:
            failure, left = passing(counts.failure), counts.states[SendState.DELAYED] + counts.in_doubt
            raise VendorUnavailable(f"{left:,} of {counts.total:,} messages are left to a retry of the task: {failure}")
        if counts.in_doubt and self.on_unknown != "skip":
            raise OutcomeUnknown(
                f"{counts.in_doubt:,} of {counts.total:,} messages may or may not have gone out; "
                "the vendor does not know their outcome"
                + (f" (see {self.output_path})" if self.output_path else "")
                + ": look for them, then clear the task with on_unknown='skip' or 'resend'"
            )

    def _write(self, sender: SendOnce) -> list[dict[str, Any]]:
        """Write the results in the store."""
        with results_to(self.output_path, COLUMNS, self.task.spreadsheet_safe) as (write, results):
            for row in sender.store.sends.rows(sender.keys.batch):
                write(self.numbers.noted(as_result(row), "to"))
        return results


def _sleep_until(moment: datetime) -> None:
    """Sleep until a moment by the wall clock, and for a second at least."""
    left = 1.0
    while left > 0:
        time.sleep(min(left, LONGEST_SLEEP))
        left = (moment - datetime.now(tz.utc)).total_seconds()
