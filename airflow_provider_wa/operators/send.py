# SPDX-License-Identifier: Apache-2.0
"""Sends messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.operators.base import WaOperator
from airflow_provider_wa.operators.media import load_message


class WaSendMessageOperator(WaOperator):
    """Sends one message to one recipient; ``.expand(to=...)`` makes a task for each of many.

    The vendor accepting a message is not its delivery: ``WaMessageStatusOperator`` asks for that. A send whose outcome
    is unknown (no reply, a server's failure) fails the task for good, whatever ``retries`` says: a retry might message
    the recipient twice.

    Returns ``{"message_id", "to", "vendor", "accepted", "timestamp", "warning"}``; ``warning`` tells what stands in the
    way of an accepted message, for instance an account that is logged out.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param to: a phone number in any common spelling, or a JID (templated).
    :param message: plain text, a dict such as ``{"type": "image", "path": "s3://bucket/a.png", "caption": "..."}``, or
        a message of ``airflow_provider_wa.api.messages`` (all its texts templated).
    :param message_id: the message's own id, where the vendor lets it choose (templated). WuzAPI repeats a message under
        its id without doubling it.
    """

    template_fields: Sequence[str] = ("wa_conn_id", "to", "message", "message_id")

    def __init__(
        self,
        *,
        wa_conn_id: str,
        to: str | int,
        message: Message | Mapping[str, Any] | str,
        message_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(wa_conn_id=wa_conn_id, **kwargs)
        self.to = to
        # Templates are rendered in the values of a dict, which a frozen message does not allow.
        self.message = message.to_dict() if isinstance(message, Message) else message
        self.message_id = message_id

    def work(self, context: Context) -> dict[str, Any]:
        sent = self.hook.send(self.to, load_message(self.message), message_id=self.message_id)
        self.log.info("%s accepted message %s to %s", sent.vendor, sent.message_id, sent.to)
        if sent.warning:
            self.log.warning("%s: %s", sent.vendor, sent.warning)
        return sent.to_dict()
