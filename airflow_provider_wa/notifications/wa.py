# SPDX-License-Identifier: Apache-2.0
"""Notifier: reports the outcome of a task or a DAG run to people by WhatsApp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.notifier import BaseNotifier
from airflow.providers.common.compat.sdk import Context
from asgiref.sync import sync_to_async

from airflow_provider_wa.arguments import one_of
from airflow_provider_wa.templating import RendersTexts, as_template

if TYPE_CHECKING:
    from airflow_provider_wa.api.messages import Message

ON_ERROR = ("log", "raise")
"""Choices for a notice that could not be sent."""


class WaNotifier(RendersTexts, BaseNotifier):
    """Sends a message when a task or DAG run changes its state, a deadline is missed, or a decision is needed.

    It serves all callbacks (``on_failure_callback`` and the others, of tasks and DAGs), deadline alerts
    (``AsyncCallback(WaNotifier, kwargs={...})``) and the ``notifiers`` of operators that wait for people.

    A person gets one notice for each run, task, try and state, however often the callback runs: an intent is stored
    before the request, as for every send. Recipients who are suppressed get none. A secret in the message, for instance
    in the text of an exception, is masked; a text is cut after 2,000 bytes.

    Values that a template inserts are data: a text in the context that looks like a template is not rendered.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param to: a phone number in any common spelling or a JID; several as a list, or in a text with commas (templated).
    :param message: plain text, a dict such as ``{"type": "buttons", "body": "...", "buttons": [...]}``, or a message of
        ``airflow_provider_wa.api.messages`` (all its texts templated). A deadline alert's context has only ``dag_run``
        and ``deadline``.
    :param idempotency_key: name of the notice (templated): a person gets one notice with a name, over all runs and
        states.
    :param on_error: reaction to a notice that could not be sent: ``log`` the error and continue, or ``raise`` it.
    """

    template_fields: Sequence[str] = ("wa_conn_id", "to", "message", "idempotency_key")

    def __init__(
        self,
        *,
        wa_conn_id: str,
        to: str | int | Sequence[str | int],
        message: Message | Mapping[str, Any] | str,
        idempotency_key: str | None = None,
        on_error: str = "log",
        **kwargs: Any,
    ) -> None:
        one_of("on_error", on_error, ON_ERROR)
        self.on_error = on_error
        self.wa_conn_id, self.to, self.idempotency_key = wa_conn_id, to, idempotency_key
        self.message = as_template(message)
        self._authored = {name: getattr(self, name) for name in self.template_fields}
        self._failure: Exception | None = None
        super().__init__(**kwargs)

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Render the original templates of the DAG file: one notifier may serve many tasks."""
        vars(self).update(self._authored)
        self._failure = None
        try:
            super().render_template_fields(context, jinja_env)
        except Exception as error:  # noqa: BLE001 - ``on_error`` decides
            self._failure = error

    def notify(self, context: Context) -> None:
        """Send the notice, from a callback in a worker or in the DAG processor."""
        try:
            self._send(context)
        except Exception as error:
            if self.on_error == "raise":
                raise
            self.log.error("The notice could not be sent: %s: %s", type(error).__name__, error)

    async def async_notify(self, context: Context) -> None:
        """Send the notice, in the triggerer, without blocking its event loop."""
        await sync_to_async(self.notify, thread_sensitive=False)(context)

    def _send(self, context: Context) -> None:
        from airflow_provider_wa.operators._run.notice import send_notice

        if self._failure is not None:
            raise self._failure
        send_notice(
            context,
            wa_conn_id=self.wa_conn_id,
            to=self.to,
            message=self.message,
            template=self._authored["message"],
            idempotency_key=self.idempotency_key,
            log=self.log,
        )
