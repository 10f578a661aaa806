# SPDX-License-Identifier: Apache-2.0
"""Operators for the inbox and for the state of messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.operators.base import WaOperator
from airflow_provider_wa.operators.pull import WaPullOperator, WaPullPeriodOperator


class WaPullInboxOperator(WaPullPeriodOperator):
    """Pulls incoming messages from the vendor's inbox, oldest first.

    Rows are ``{"vendor", "message_id", "sender", "kind", "text", "chat", "wa_message_id", "received_at",
    "media_url", "quoted_id", "selected_id", "options", "latitude", "longitude", "sender_name", "participant",
    "lid", "target_id", "option_hashes"}``. Returns ``{"count", "cursor", "output", "items"}``; see ``WaPullOperator``.

    The sender of one of ``[wa] opt_out_words`` is suppressed, and again by each later pull of the same message.

    :param wa_conn_id: the connection (templated).
    :param since: beginning of the period (templated).
    :param until: end of the period, exclusive (templated). Without both, the period is the run's data interval.
    :param after: ``cursor`` of an earlier pull, instead of a period: pulls the messages after it (templated).
    :param limit: maximum number of messages, counted before the selection by ``kinds``.
    :param kinds: kinds of messages to pull, as a list or a text with commas (templated). By default all kinds of real
        messages; see docs/receiver.md, "Kinds of messages".
    :param output_path: path or URI of the list, ``.csv``, ``.jsonl`` or ``.parquet`` (templated).
    """

    template_fields: Sequence[str] = (*WaPullPeriodOperator.template_fields, "after", "kinds")

    def __init__(self, *, after: str | None = None, kinds: str | Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.after = after
        self.kinds = kinds

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import reports

        return reports.pull_inbox(
            self,
            context,
            since=self.since,
            until=self.until,
            after=self.after,
            limit=self.limit,
            output_path=self.output_path,
            kinds=self.kinds,
        )


class WaReadInboxOperator(WaPullOperator):
    """Reads the messages that started the DAG run, from the events of ``WaInboxTrigger``, oldest first.

    Rows are ``{"vendor", "message_id", "sender", "kind", "text", "chat", "wa_message_id", "received_at", "media_url",
    "quoted_id", "selected_id", "options", "latitude", "longitude", "sender_name", "participant", "lid", "target_id",
    "option_hashes", "event_id"}``; ``media_url`` is the path or URI of the file that the receiver stored, if any.
    Returns ``{"count", "cursor", "output", "items"}``; ``cursor`` is the last ``event_id``; see ``WaPullOperator``.

    If several batches started one run, they are read together. A run started by hand has no batch and reads no
    messages.

    :param wa_conn_id: the connection; messages of other connections are left out (templated).
    :param event_ids: ids of the messages to read, instead of the run's batches: a list, or a list as JSON (templated).
    :param kinds: kinds of messages to read, as for ``WaInboxTrigger`` (templated). By default all kinds of real
        messages.
    :param output_path: path or URI of the list, ``.csv``, ``.jsonl`` or ``.parquet`` (templated). Required for more
        than 1,000 messages.
    """

    template_fields: Sequence[str] = (*WaPullOperator.template_fields, "event_ids", "kinds")

    def __init__(self, *, event_ids: Any = None, kinds: str | Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_ids = event_ids
        self.kinds = kinds

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import reports

        return reports.read_inbox(
            self, context, event_ids=self.event_ids, output_path=self.output_path, kinds=self.kinds
        )


class WaPullDeliveryReportOperator(WaPullPeriodOperator):
    """Pulls the states of the messages of a period, the oldest first.

    Rows are ``{"vendor", "message_id", "state", "to", "code", "detail", "sent_at", "delivered_at", "read_at"}``.
    Returns ``{"count", "cursor", "output", "items"}``; see ``WaPullOperator``.

    :param wa_conn_id: the connection (templated).
    :param since: earliest moment of sending (templated).
    :param until: end of the time of sending, which is not part of it (templated). With neither, the run's data
        interval.
    :param limit: maximum number of messages.
    :param output_path: path or URI of the list, ``.csv``, ``.jsonl`` or ``.parquet`` (templated).
    """

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import reports

        return reports.pull_delivery_report(
            self, context, since=self.since, until=self.until, limit=self.limit, output_path=self.output_path
        )


class WaMessageStatusOperator(WaOperator):
    """Asks the vendor for the delivery state of one or more messages.

    For one id it returns ``{"vendor", "message_id", "to", "state", "code", "detail", "sent_at", "delivered_at",
    "read_at"}``; ``state`` is accepted, sent, delivered, read, failed or unknown, ``code`` the vendor's own number.

    For a list it returns ``{"total", "accepted", "sent", "delivered", "read", "failed", "unknown", "output",
    "results"}``; ``results`` is the list of statuses, only without ``output_path`` and at most 1,000.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param message_id: an id, a list of ids, one or more outputs of ``WaSendMessageOperator``, or the output of
        ``WaBulkSendOperator`` (templated). Outputs contain the recipients: some vendors find messages faster by these.
    :param output_path: path or URI of the statuses of a list, ``.csv``, ``.jsonl`` or ``.parquet`` (templated).
    :param spreadsheet_safe: in ``.csv`` and ``.tsv`` results, put an apostrophe before texts that a spreadsheet would
        run as formulas. They begin with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return.
    """

    template_fields: Sequence[str] = ("wa_conn_id", "message_id", "output_path")

    def __init__(
        self, *, message_id: Any, output_path: str | None = None, spreadsheet_safe: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.message_id = message_id
        self.output_path = output_path
        self.spreadsheet_safe = spreadsheet_safe

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import reports

        return reports.message_status(self, message_id=self.message_id, output_path=self.output_path)
