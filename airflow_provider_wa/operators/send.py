# SPDX-License-Identifier: Apache-2.0
"""Sends messages."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from datetime import timezone as tz
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSkipException, Context

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, UnsupportedByVendor, VendorUnavailable, WaError
from airflow_provider_wa.operators.base import WaOperator, one_of
from airflow_provider_wa.operators.list_operator import WaListOperator

if TYPE_CHECKING:
    from airflow_provider_wa.api.messages import Message
    from airflow_provider_wa.api.records import SentMessage
    from airflow_provider_wa.bulk.send_results import Addressed, Tally, Unaddressed
    from airflow_provider_wa.bulk.sending_policy import SendingPolicy
    from airflow_provider_wa.operators._run.list_source import ListSource
    from airflow_provider_wa.operators._run.row_template import RowTemplate
    from airflow_provider_wa.operators._run.send_once import SendOnce
    from airflow_provider_wa.store.sends import SendRow

ON_UNKNOWN = ("fail", "skip", "resend")
"""What to do with a message that may or may not have gone out."""

ROWS_PROVED = 20
"""Of so many rows one at least must make a message, before anything is sent."""

ON_HOLD = ("wait", "skip")
"""What to do with those for whom it is not the time."""


class WaSendMessageOperator(WaOperator):
    """Sends one message to one recipient, at most once; ``.expand(to=...)`` makes a task for each of many.

    The vendor accepting a message is not its delivery: ``WaDeliverySensor`` waits for that. An intent is stored before
    the request, its outcome after it, so that a retry does not send again what was accepted. What a lost reply leaves
    in doubt is cleared up where the vendor can tell: by the account's reports (portal, Green-API) or by sending it
    again under the same id, which is the same message (WuzAPI); otherwise ``on_unknown`` decides. A recipient who is
    suppressed is skipped, and so is the task.

    Returns ``{"message_id", "to", "vendor", "accepted", "timestamp", "warning"}``; ``warning`` tells what stands in the
    way of an accepted message, for instance an account that is logged out.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param to: a phone number in any common spelling, or a JID (templated).
    :param message: plain text, a dict such as ``{"type": "image", "path": "s3://bucket/a.png", "caption": "..."}``, or
        a message of ``airflow_provider_wa.api.messages`` (all its texts templated).
    :param message_id: the message's own id, where the vendor lets it choose (templated). WuzAPI repeats a message under
        its id without doubling it; without one an id is made.
    :param idempotency_key: what makes two messages the same one (templated), for instance ``"invoice-{{ ... }}"``: only
        one is ever sent, in whatever task or run. By default the task's run, the recipient and the message together.
    :param on_unknown: what to do with a message that may or may not have gone out: ``fail`` the task for good, ``skip``
        it (``accepted`` is None then), or ``resend`` it, which may double it.
    :param resend: when the task is cleared by hand, send again even what was accepted. Automatic retries do not.
    """

    template_fields: Sequence[str] = ("wa_conn_id", "to", "message", "message_id", "idempotency_key")

    def __init__(
        self,
        *,
        wa_conn_id: str,
        to: str | int,
        message: Message | Mapping[str, Any] | str,
        message_id: str | None = None,
        idempotency_key: str | None = None,
        on_unknown: str = "fail",
        resend: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(wa_conn_id=wa_conn_id, **kwargs)
        self.to = to
        # Templates are rendered in the values of a dict, which a frozen message does not allow.
        self.message: Any = message.to_dict() if hasattr(message, "to_dict") else message
        self.message_id = message_id
        self.idempotency_key = idempotency_key
        self.on_unknown = on_unknown
        self.resend = resend

    def work(self, context: Context) -> dict[str, Any]:
        # DAG files load this module each time that they are parsed: what only the work needs is loaded in it.
        from airflow_provider_wa.operators._run.send_once import SendOnce, passing
        from airflow_provider_wa.store.sends import SendState

        one_of("on_unknown", self.on_unknown, ON_UNKNOWN)
        retries = getattr(self, "retries", 0) or 0
        outbox = SendOnce(self.hook, context, self.wa_conn_id, resend=self.resend, retries=retries)
        region = self.hook.settings.default_region
        addressed = outbox.address(1, self.to, region, self.message, self.idempotency_key, self.message_id)
        bulk, tally = outbox.send(
            lambda: iter([{}]),
            lambda place, row: addressed,
            log=self.log,
            concurrency=1,
            length=1,
            watch_session=False,  # this one message is the quicker question
            resend_unknown=self.on_unknown == "resend",
        )
        row = outbox.store.sends.known([addressed.key])[addressed.key]
        if row.state is SendState.ACCEPTED:
            return self._accepted(row, bulk.sent)
        if row.state is SendState.SKIPPED:
            raise AirflowSkipException(f"nothing was sent to {row.recipient}: {row.detail}")
        if tally.failure:
            raise passing(tally.failure)
        if row.state not in (SendState.UNKNOWN, SendState.INTENDED):
            raise bulk.error or BadInput(row.detail)
        if self.on_unknown != "skip":
            raise OutcomeUnknown(
                f"it may or may not have gone out to {row.recipient}, and the vendor cannot tell: look for it, then "
                "clear the task with on_unknown='skip' or 'resend'" + (f" ({row.detail})" if row.detail else "")
            )
        self.log.warning("It may or may not have gone out to %s: %s", row.recipient, row.detail)
        return {**self._accepted(row, None), "accepted": None, "timestamp": None}

    def _accepted(self, row: SendRow, sent: SentMessage | None) -> dict[str, Any]:
        """What is returned of a message that was accepted just now, or by an earlier try."""
        from airflow_provider_wa.api.records import SentMessage

        if sent is None:
            told = row.settled_at or row.intended_at
            sent = SentMessage(
                vendor=self.hook.conn_type,
                message_id=row.message_id or "",
                to=row.recipient,
                timestamp=told,
                warning=row.detail or None,
            )
            self.log.info("Message %s to %s was accepted before: it is not sent again", row.message_id, row.recipient)
        else:
            self.log.info("%s accepted message %s to %s", sent.vendor, sent.message_id, sent.to)
        if sent.warning:
            self.log.warning("%s: %s", sent.vendor, sent.warning)
        return sent.to_dict()


class WaBulkSendOperator(WaListOperator):
    """Sends a message to each of many recipients, each at most once, however often the task is killed and retried.

    An intent is stored before each request, its outcome after it. A retry of the task goes through the list again and
    finds out from the store who need not be sent anything any more. What a lost reply leaves in doubt is cleared up
    where the vendor can tell: by the account's reports (portal, Green-API), or by sending it again under the same id,
    which is the same message (WuzAPI); otherwise ``on_unknown`` decides.

    A session that is lost, credit that is used up or a store that is down ends the task at once; the rest is left to
    its retry. A recipient that is no number fails alone. Who is suppressed, and the same message to the same recipient
    a second time, is skipped.

    Returns ``{"total", "accepted", "skipped", "failed", "unknown", "output", "results", "calls", "batch"}``. A
    result is ``{"input", "to", "status", "message_id", "settled_at", "detail"}``; ``results`` holds them only without
    ``output_path``, in the order of the list, and is None otherwise. Accepted is not delivered: ``WaDeliverySensor``
    takes ``results``.

    Beside those of ``WaListOperator`` it takes these arguments; the parts of a list share the pace.

    :param recipients: numbers or JIDs, or dicts with one under ``column`` and what the message needs under others: a
        list or the XCom that holds one (templated).
    :param message: plain text, a dict such as ``{"type": "image", "path": "...", "caption": "..."}``, or a message of
        ``airflow_provider_wa.api.messages``. Its texts are Jinja templates, rendered for each recipient with the row's
        columns (``"Hello {{ name }}"``) and what Airflow's templates know (``{{ ds }}``).
    :param concurrency: how many at once; one after the other by default.
    :param pace: the gap between two sends: ``5`` or ``"5s"``, or a random one: ``(3, 8)`` or ``"3-8s"``.
    :param daily_limit: how many messages may go out over this connection in a day, all tasks' together.
    :param quiet_hours: when nobody is sent anything, by the recipient's clock: ``("21:00", "08:00")``.
    :param timezone: the zone in which the day of ``daily_limit`` begins, and that of recipients whose number tells
        none, a group for instance.
    :param on_hold: what to do with those for whom it is not the time: ``wait`` until it is (in the triggerer, with
        ``deferrable``), or ``skip`` them.
    :param on_unknown: what to do with messages that may or may not have gone out: ``fail`` the task for good after all
        others were sent, ``skip`` them, or ``resend`` them, which may double some.
    :param idempotency_key: a template that names a message (``"invoice-{{ number }}"``): only one of a name is ever
        sent, in whatever task or run. By default the task's run, the recipient and the message together.
    :param resend: when the task is cleared by hand, send again even what was accepted. Automatic retries do not.
    """

    items, nothing = "recipients", "there is nobody to send to"
    template_fields: Sequence[str] = (*WaListOperator.template_fields, "recipients")

    def __init__(
        self,
        *,
        message: Message | Mapping[str, Any] | str,
        recipients: Any = None,
        concurrency: int | None = 1,
        pace: float | str | Sequence[float] | None = None,
        daily_limit: int | None = None,
        quiet_hours: str | Sequence[str] | None = None,
        timezone: str = "UTC",
        on_hold: str = "wait",
        on_unknown: str = "fail",
        idempotency_key: str | None = None,
        resend: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(concurrency=concurrency, **kwargs)
        self.message = message
        self.recipients = recipients
        self.pace = pace
        self.daily_limit = daily_limit
        self.quiet_hours = quiet_hours
        self.timezone = timezone
        self.on_hold = on_hold
        self.on_unknown = on_unknown
        self.idempotency_key = idempotency_key
        self.resend = resend

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.bulk.check_run import given_text
        from airflow_provider_wa.bulk.send_results import Unaddressed
        from airflow_provider_wa.operators._run.row_template import RowTemplate
        from airflow_provider_wa.operators._run.send_once import SendOnce

        source = self.source()
        manners = self._manners(source.parts)
        message = RowTemplate(self.message, "message", self._known(context))
        key = RowTemplate(self.idempotency_key, "idempotency_key", self._known(context))
        retries = getattr(self, "retries", 0) or 0
        outbox = SendOnce(
            self.hook, context, self.wa_conn_id, resend=self.resend, retries=retries, part=self.part is not None
        )
        read_as = self.read_as()

        def address(place: int, row: Mapping[str, Any]) -> Addressed | Unaddressed:
            given = given_text(row.get(self.column))
            try:
                return outbox.address(place, given, read_as, message.render(row), key.render(row), None)
            except (BadInput, UnsupportedByVendor) as error:
                return Unaddressed(place, given, str(error))

        self._prove(source, outbox, message, key)
        calls = 0
        while True:
            try:
                bulk, tally = outbox.send(
                    lambda: iter(source.rows(self.column)),
                    address,
                    log=self.log,
                    concurrency=self.concurrency,
                    rate=self.rate(source),
                    length=source.length,
                    manners=manners,
                    resend_unknown=self.on_unknown == "resend",
                    first=source.first,
                )
            except WaError:
                with suppress(WaError):  # the first one tells more
                    if self.output_path:
                        self._write(outbox)
                raise
            calls += bulk.channel.calls
            if tally.hold is None or not manners.wait or tally.failure:
                break
            self._wait(tally)
        results = self._write(outbox)
        self._refuse(tally)
        return {
            **tally.to_dict(),
            "output": self.output_path,
            "results": None if self.output_path else results,
            "calls": calls,
            "batch": outbox.batch,
        }

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Go on when it is the time: those who were sent something are known."""
        return self.execute(context)  # type: ignore[no-any-return]

    def _manners(self, parts: int) -> SendingPolicy:
        """How people are treated; all mistakes in it are found here."""
        from airflow_provider_wa.bulk.pacing import Pace, QuietHours, time_zone
        from airflow_provider_wa.bulk.sending_policy import SendingPolicy

        one_of("on_hold", self.on_hold, ON_HOLD)
        one_of("on_unknown", self.on_unknown, ON_UNKNOWN)
        self.refuse_less_than_one("concurrency", "daily_limit")
        time_zone(self.timezone)
        pace = None if self.pace is None else Pace.of(self.pace)
        return SendingPolicy(
            pace=replace(pace, shortest=pace.shortest * parts, longest=pace.longest * parts) if pace else None,
            quiet_hours=None if self.quiet_hours is None else QuietHours.of(self.quiet_hours),
            zone=self.timezone,
            daily_limit=self.daily_limit,
            wait=self.on_hold == "wait",
        )

    def _prove(self, source: ListSource, outbox: SendOnce, message: RowTemplate, key: RowTemplate) -> None:
        """Find all mistakes that can be found before anything is sent."""
        self.rate(source)
        first = self.beginning(iter(source.rows(self.column)), ROWS_PROVED)
        for template in (message, key):
            template.refuse_unknown(first[0])
        outbox.prove(_rendered(message, first[:ROWS_PROVED]))
        self.prove_output()

    def _wait(self, tally: Tally) -> None:
        """Wait for those for whom it is not the time, in the triggerer or here."""
        assert tally.hold is not None
        self.log.info("%s; %s: going on at %s", tally.remark, tally.hold.reason, tally.hold.until.isoformat())
        if self.deferrable:
            from airflow.providers.standard.triggers.temporal import DateTimeTrigger

            self.defer(trigger=DateTimeTrigger(moment=tally.hold.until), method_name="execute_complete")
        time.sleep(max((tally.hold.until - datetime.now(tz.utc)).total_seconds(), 1.0))

    def _refuse(self, tally: Tally) -> None:
        """Fail, if there is a reason to."""
        from airflow_provider_wa.operators._run.send_once import passing
        from airflow_provider_wa.store.sends import SendState

        if tally.failure:
            failure, left = passing(tally.failure), tally.states[SendState.DELAYED] + tally.in_doubt
            raise VendorUnavailable(f"{left:,} of {tally.total:,} messages are left to a retry of the task: {failure}")
        if tally.in_doubt and self.on_unknown != "skip":
            raise OutcomeUnknown(
                f"{tally.in_doubt:,} of {tally.total:,} messages may or may not have gone out; the vendor cannot tell"
                + (f" (see {self.output_path})" if self.output_path else "")
                + ": look for them, then clear the task with on_unknown='skip' or 'resend'"
            )

    def _write(self, outbox: SendOnce) -> list[dict[str, Any]]:
        """Write what is in the store."""
        from airflow_provider_wa.bulk.send_results import COLUMNS, as_result

        with self.collected(self.output_path, COLUMNS) as (write, results):
            for row in outbox.store.sends.rows(outbox.batch):
                write(as_result(row))
        return results

    def _known(self, context: Context) -> Mapping[str, Any]:
        """What Airflow's templates know."""
        known: Any = context
        return known if isinstance(known, Mapping) else {}


def _rendered(message: RowTemplate, rows: Sequence[Mapping[str, Any]]) -> Any:
    """The message for the first of some rows that has one: a row may lack what others have."""
    failure: BadInput | None = None
    for row in rows:
        try:
            return message.render(row)
        except BadInput as error:
            failure = failure or error
    assert failure is not None
    raise failure
