# SPDX-License-Identifier: Apache-2.0
"""The WhatsApp session behind a connection: log it in and out, and say where its events go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.operators.base import WaOperator


class WaConnectSessionOperator(WaOperator):
    """Connects the account to WhatsApp; fine if it is connected. ``WaSessionSensor`` then waits for its login.

    Returns the session: ``{"vendor", "state", "jid", "name", "detail"}``.

    :param wa_conn_id: the connection (templated).
    """

    def work(self, context: Context) -> dict[str, Any]:
        session = self.hook.connect()
        self.log.info("The session is %s: %s", session.state.value, session.detail)
        return session.to_dict()


class WaDisconnectSessionOperator(WaOperator):
    """Disconnects the account and keeps its login.

    :param wa_conn_id: the connection (templated).
    """

    def work(self, context: Context) -> None:
        self.hook.disconnect()


class WaLogoutSessionOperator(WaOperator):
    """Ends the account's login: its QR code must be scanned anew.

    :param wa_conn_id: the connection (templated).
    """

    def work(self, context: Context) -> None:
        self.hook.logout()


class WaQrCodeOperator(WaOperator):
    """Writes the QR code to log in with as a PNG file. Whoever scans it owns the session: it goes nowhere else.

    Returns the file's path.

    :param wa_conn_id: the connection (templated).
    :param output_path: where to write it, ``.png`` (templated).
    """

    template_fields: Sequence[str] = ("wa_conn_id", "output_path")

    def __init__(self, *, output_path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_path = output_path

    def work(self, context: Context) -> str:
        path = ObjectStoragePath(self.output_path)
        if path.suffix.lower() != ".png":
            raise BadInput(f"{path}: the name must end with .png")
        code = self.hook.qr_code()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(code.png)
        except OSError as error:
            raise BadInput(f"cannot write to {path}: {error.strerror or error}") from None
        return self.output_path


class WaSetWebhookOperator(WaOperator):
    """Sets the URL that the vendor posts events to.

    Returns ``{"vendor", "events"}``: the URL may hold a secret.

    :param wa_conn_id: the connection (templated).
    :param url: the URL (templated); by default the receiver's, from the connection's ``callback_base_url`` and
        ``webhook_secret``.
    :param events: which kinds of events (templated); all that the vendor has by default.
    """

    template_fields: Sequence[str] = ("wa_conn_id", "url", "events")

    def __init__(self, *, url: str | None = None, events: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.url = url
        self.events = events

    def work(self, context: Context) -> dict[str, Any]:
        url = self.url or self.hook.settings.callback_url
        if not url:
            raise BadInput("give a url, or set callback_base_url and webhook_secret in the connection")
        if not url.startswith(("http://", "https://")):
            raise BadInput("url: expected http:// or https://")
        return self.hook.set_webhook(url, [*self.events]).to_dict()
