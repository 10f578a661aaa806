# SPDX-License-Identifier: Apache-2.0
"""Operators for messages that exist already: react, mark as read, download their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.operators.base import WaOperator


class WaReactOperator(WaOperator):
    """Puts an emoji on a message, or takes it back.

    Returns the same as ``WaSendMessageOperator``.

    :param wa_conn_id: the connection (templated).
    :param to: the chat, a phone number or a JID (templated).
    :param message_id: the message (templated).
    :param emoji: the emoji; an empty text takes it back (templated).
    :param own: the message is one that this account sent.
    :param sender: the sender of another's message, needed in a group by some vendors (templated).
    """

    template_fields: Sequence[str] = ("wa_conn_id", "to", "message_id", "emoji", "sender")

    def __init__(
        self,
        *,
        to: str | int,
        message_id: str,
        emoji: str,
        own: bool = False,
        sender: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.to = to
        self.message_id = message_id
        self.emoji = emoji
        self.own = own
        self.sender = sender

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import chat

        return chat.react(
            self, to=self.to, message_id=self.message_id, emoji=self.emoji, own=self.own, sender=self.sender or ""
        )


class WaMarkReadOperator(WaOperator):
    """Marks messages as read, so that their sender sees it.

    :param wa_conn_id: the connection (templated).
    :param message_ids: the messages of one chat (templated).
    :param chat: the chat's JID or number (templated).
    :param sender: the sender of the messages, needed in a group (templated).
    """

    template_fields: Sequence[str] = ("wa_conn_id", "message_ids", "chat", "sender")

    def __init__(self, *, message_ids: Any, chat: str, sender: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message_ids = message_ids
        self.chat = chat
        self.sender = sender

    def work(self, context: Context) -> None:
        from airflow_provider_wa.operators._run import chat

        chat.mark_read(self, message_ids=self.message_ids, chat=self.chat, sender=self.sender)


class WaDownloadMediaOperator(WaOperator):
    """Downloads the file of a message that came in.

    Returns ``{"vendor", "media_type", "filename", "output", "bytes"}``.

    :param wa_conn_id: the connection (templated).
    :param kind: image, audio, video, document or sticker (templated).
    :param reference: what the vendor needs to find the file, as a dict (templated): the message's description of it
        (Url, MediaKey, Mimetype, FileSHA256 ...), or its chat and id (chatId, idMessage).
    :param output_path: path or URI of the file (templated).
    """

    template_fields: Sequence[str] = ("wa_conn_id", "kind", "reference", "output_path")

    def __init__(self, *, kind: str, reference: Mapping[str, Any], output_path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.reference = reference
        self.output_path = output_path

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.operators._run import chat

        return chat.download_media(self, kind=self.kind, reference=self.reference, output_path=self.output_path)
