# SPDX-License-Identifier: Apache-2.0
"""Operators for the WhatsApp session behind a connection: log it in and out, set the URL for its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.links import QrCodeLink
from airflow_provider_wa.operators.base import WaOperator


class WaConnectSessionOperator(WaOperator):
    """Connects the account to WhatsApp, if it is not connected. ``WaSessionSensor`` then waits for its login.

    Returns the session: ``{"vendor", "state", "jid", "name", "detail"}``.

    :param wa_conn_id: the connection (templated).
    """

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import session

        return session.connect(self)


class WaDisconnectSessionOperator(WaOperator):
    """Disconnects the account and keeps its login.

    :param wa_conn_id: the connection (templated).
    """

    def work(self, context: Context) -> None:
        from airflow_provider_wa.operators._run import session

        session.disconnect(self)


class WaLogoutSessionOperator(WaOperator):
    """Ends the account's login: its QR code must be scanned again.

    :param wa_conn_id: the connection (templated).
    """

    def work(self, context: Context) -> None:
        from airflow_provider_wa.operators._run import session

        session.logout(self)


class WaQrCodeOperator(WaOperator):
    """Writes the QR code to log in with as a PNG file, and nowhere else: anybody who scans it owns the session.

    Returns the file's path. It is skipped if the account is logged in already.

    :param wa_conn_id: the connection (templated).
    :param output_path: path or URI of the file, ``.png`` (templated).
    """

    operator_extra_links = (QrCodeLink(),)
    template_fields: Sequence[str] = ("wa_conn_id", "output_path")

    def __init__(self, *, output_path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_path = output_path

    def work(self, context: Context) -> str:
        from airflow_provider_wa.operators._run import session

        return session.qr_code(self, output_path=self.output_path)


class WaSetWebhookOperator(WaOperator):
    """Sets the URL that the vendor posts events to.

    Returns ``{"vendor", "events", "warning"}``: the URL may hold a secret. The warning says what to wait for, if the
    vendor does not use the URL at once.

    :param wa_conn_id: the connection (templated).
    :param url: the URL (templated); by default the receiver's, from the connection's ``callback_base_url`` and
        ``webhook_secret``.
    :param events: the kinds of events (templated); all that the vendor has by default.
    """

    template_fields: Sequence[str] = ("wa_conn_id", "url", "events")

    def __init__(self, *, url: str | None = None, events: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.url = url
        self.events = events

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import session

        return session.set_webhook(self, url=self.url, events=self.events)
