# SPDX-License-Identifier: Apache-2.0
"""Operators that send messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.connections.retry import airflow_errors
from airflow_provider_wa.links import CampaignLink, ConversationLink
from airflow_provider_wa.operators.base import WaOperator
from airflow_provider_wa.operators.list_operator import WaListOperator
from airflow_provider_wa.templating import TEMPLATE_FILES, RendersRowTemplates, as_template, with_message_template

if TYPE_CHECKING:
    from airflow_provider_wa.api.messages import Message
    from airflow_provider_wa.operators._run.bulk_send import SendRunner


class WaSendMessageOperator(WaOperator):
    """Sends one message to one recipient, at most once; ``.expand(to=...)`` makes a task for each recipient.

    "Accepted" means accepted by the vendor, not delivered; ``WaDeliverySensor`` waits for the delivery. An intent is
    stored before the request, and its outcome after it: a retry does not repeat an accepted message. A message whose
    reply was lost is in doubt. The doubt is cleared up if the vendor allows it (see docs/bulk.md): by the account's
    reports, or by repeating the message under the same id, so that WhatsApp sees one message. Otherwise ``on_unknown``
    decides. For a suppressed recipient the task is skipped.

    Returns ``{"message_id", "to", "vendor", "accepted", "timestamp", "warning"}``; ``warning`` is the reason why an
    accepted message cannot leave yet, for instance a logged-out account.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param to: a phone number in any common spelling, or a JID (templated).
    :param message: plain text, a dict such as ``{"type": "image", "path": "s3://bucket/a.png", "caption": "..."}``, or
        a message of ``airflow_provider_wa.api.messages`` (all its texts templated). A text may name a template file
        (``hello.j2``), and any part may be the output of another task.
    :param message_id: the message's own id, if the vendor lets the sender choose it (templated). Such a vendor treats a
        repeated id as the same message; without this argument an id is generated.
    :param idempotency_key: name of the message (templated), for instance ``"invoice-{{ ... }}"``: over all tasks and
        runs, only one message with a name is ever sent, to one recipient. By default the name is made of the task's run
        and the recipient: a retry with another text sends no further message.
    :param on_unknown: choice for a message that may or may not have gone out: ``fail`` the task for good, ``skip`` it
        (with ``accepted`` None), or ``resend`` it, which may double it.
    :param resend: when the task is cleared by hand, send even an accepted message again. Automatic retries do not.
    :param international_without_plus: True: digits that are not a number of the connection's region begin with a
        country code. False: digits without +, 00 and a region are refused. By default they are taken to begin with a
        country code, which the log names.
    :param raw: send texts that contain ``{{`` or ``{%`` after rendering. By default they are refused: values of params
        and other tasks are not rendered again.
    :param files_under: folder that must contain the message's ``path``, or required beginning of its ``url``, or a list
        of them; for messages that the DAG's author did not write (templated).
    """

    operator_extra_links = (ConversationLink(),)
    template_fields: Sequence[str] = ("wa_conn_id", "to", "message", "message_id", "idempotency_key", "files_under")
    template_ext: Sequence[str] = TEMPLATE_FILES

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
        international_without_plus: bool | None = None,
        raw: bool = False,
        files_under: Sequence[str] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(wa_conn_id=wa_conn_id, **kwargs)
        self.international_without_plus = international_without_plus
        self.to = to
        self.message = as_template(message)
        self.message_id = message_id
        self.idempotency_key = idempotency_key
        self.on_unknown = on_unknown
        self.resend = resend
        self.raw = raw
        self.files_under = files_under

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Return the operator to ``expand()``; outputs of other tasks in a message object are visible to Airflow."""
        return super().partial(**with_message_template(kwargs))

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import send_message

        return send_message.send_message(
            self,
            context,
            to=self.to,
            message=self.message,
            message_id=self.message_id,
            idempotency_key=self.idempotency_key,
            on_unknown=self.on_unknown,
            resend=self.resend,
            international_without_plus=self.international_without_plus,
            raw=self.raw,
            files_under=self.files_under,
        )


class WaBulkSendOperator(RendersRowTemplates, WaListOperator):
    """Sends a message to each of many recipients, each at most once, however often the task is killed and retried.

    An intent is stored before each request, and its outcome after it. A retry of the task reads the list again and
    skips messages that are stored as accepted. A message whose reply was lost is in doubt. The doubt is cleared up if
    the vendor allows it (see docs/bulk.md): by the account's reports, or by repeating the message under the same id, so
    that WhatsApp sees one message. Otherwise ``on_unknown`` decides.

    A lost session, used-up credit or an unreachable store ends the task immediately; its retry sends the rest. An
    invalid recipient fails only its own row. Suppressed recipients are skipped, and so is a repeated message to the
    same recipient.

    Returns ``{"total", "accepted", "skipped", "failed", "unknown", "output", "results", "calls", "batch"}``. A
    result is ``{"input", "to", "status", "message_id", "settled_at", "detail"}``, one for each row; ``to`` is digits or
    a JID, or None without a valid recipient. ``results`` holds them in the order of the list, or None if there is an
    ``output_path``. "Accepted" does not mean delivered: pass the output to ``WaDeliverySensor`` for the delivery.

    Further arguments are those of ``WaListOperator``; the parts of a list share the pace.

    :param recipients: numbers or JIDs, or dicts with a number or JID under ``column`` and the message's other values: a
        list or the XCom of a list; or the output of a bulk check, whose results are the list (templated).
    :param message: plain text, a dict such as ``{"type": "image", "path": "...", "caption": "..."}``, or a message of
        ``airflow_provider_wa.api.messages``. Its texts are Jinja templates, rendered for each recipient with the row's
        columns (``"Hello {{ name }}"``), the recipient (``{{ to }}`` in E.164, ``{{ jid }}``) and the variables of
        Airflow's templates (``{{ ds }}``). A missing or empty value fails the row, unless the template has a default:
        ``{{ name | default("friend") }}``. The template may also be a file (``hello.j2``), the output of another task
        or a param (``"{{ params.text }}"``). Outputs and params can use the row, but not Airflow's connections,
        variables and macros.
    :param concurrency: maximum number of calls at once; 1 by default.
    :param pace: gap between two sends: ``5`` or ``"5s"``, or a random one: ``(3, 8)`` or ``"3-8s"``.
    :param daily_limit: maximum number of messages a day over this connection, counted over all tasks.
    :param quiet_hours: hours without messages, in the recipient's local time: ``("21:00", "08:00")``.
    :param timezone: time zone for the start of a day of ``daily_limit``, and for recipients whose number has no time
        zone, a group for instance.
    :param on_hold: choice for recipients who must not be written to now: ``wait`` until they may (in the triggerer,
        with ``deferrable``), or ``skip`` them.
    :param on_unknown: choice for messages that may or may not have gone out: ``fail`` the task for good after all
        others were sent, ``skip`` them, or ``resend`` them, which may send some twice.
    :param idempotency_key: template for the name of a message (``"invoice-{{ number }}"``): over all tasks and runs,
        only one message with a name is ever sent, to one recipient. By default the name is made of the task's run and
        the person.
    :param resend: when the task is cleared by hand, send even accepted messages again. Automatic retries do not.
    :param duplicates: choice for a person with several rows in the list: ``skip`` all rows except the first, or
        ``allow`` messages that differ. With ``allow``, a retry sends a row again if its text has changed.
    :param cap: maximum number of messages to one person in a period, over all connections and tasks: ``(2,
        timedelta(days=7))``, or a number and seconds. A person at the maximum is skipped.
    :param dry_run: send nothing and store nothing. Each result predicts the outcome of a run: ``would_send``,
        ``skipped`` or ``failed``, with the message's ``text``; the summary has ``would_send`` and ``dry_run``.
    :param only: a status of a check, or a list of them (templated), for a list that is the results of a bulk check:
        rows with another ``status`` are skipped. ``"exists"`` selects numbers on WhatsApp.
    :param raw: send texts that contain ``{{`` or ``{%`` after rendering. By default such a row fails: values of columns
        are not rendered again.
    :param files_under: folder that must contain the files of the messages, such as ``"s3://bucket/media/"``, or
        required beginning of their URLs, or a list of them (templated). Required if ``path`` or ``url`` takes values
        from the rows: no other file is read or sent. ``"https://"`` allows every public host.
    """

    items = "recipients"
    operator_extra_links = (CampaignLink(),)
    row_templates = ("message", "idempotency_key")
    template_fields: Sequence[str] = (
        *WaListOperator.template_fields,
        "recipients",
        "only",
        "files_under",
        *row_templates,
    )
    template_ext: Sequence[str] = TEMPLATE_FILES

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
        duplicates: str = "skip",
        cap: Sequence[Any] | None = None,
        dry_run: bool = False,
        only: Sequence[str] | str | None = None,
        raw: bool = False,
        files_under: Sequence[str] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(concurrency=concurrency, **kwargs)
        self.message = as_template(message)
        self.recipients = recipients
        self.pace = pace
        self.daily_limit = daily_limit
        self.quiet_hours = quiet_hours
        self.timezone = timezone
        self.on_hold = on_hold
        self.on_unknown = on_unknown
        self.idempotency_key = idempotency_key
        self.resend = resend
        self.duplicates = duplicates
        self.cap = cap
        self.is_dry_run = dry_run
        self.only = only
        self.raw = raw
        self.files_under = files_under

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Return the operator to ``expand()``; outputs of other tasks in a message object are visible to Airflow."""
        return super().partial(**with_message_template(kwargs))

    def work(self, context: Context) -> dict[str, Any]:
        return self._runner().run(context)

    def execute_complete(
        self,
        context: Context,
        event: Any = None,
        so_far: Mapping[str, Any] | None = None,
        mark: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Continue after a wait; the store knows the sent messages.

        :param so_far: the part of this try before a wait for the vendor's report.
        :param mark: the store before the wait; another store is refused.
        """
        with airflow_errors():
            return self._runner().run(context, so_far, mark)

    def _runner(self) -> SendRunner:
        from airflow_provider_wa.operators._run.bulk_send import SendRunner

        return SendRunner(
            task=self,
            **self.list_arguments,
            message=self.message,
            pace=self.pace,
            daily_limit=self.daily_limit,
            quiet_hours=self.quiet_hours,
            timezone=self.timezone,
            on_hold=self.on_hold,
            on_unknown=self.on_unknown,
            idempotency_key=self.idempotency_key,
            resend=self.resend,
            duplicates=self.duplicates,
            cap=self.cap,
            dry_run=self.is_dry_run,
            only=self.only,
            raw=self.raw,
            files_under=self.files_under,
        )
