# SPDX-License-Identifier: Apache-2.0
"""What is done with messages that are there already: react, mark as read, download their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.operators.base import WaOperator, as_list


class WaReactOperator(WaOperator):
    """Puts an emoji on a message, or takes it back.

    Returns what ``WaSendMessageOperator`` does.

    :param wa_conn_id: the connection (templated).
    :param to: the chat, a phone number or a JID (templated).
    :param message_id: the message (templated).
    :param emoji: the emoji; an empty text takes it back (templated).
    :param own: the message is one that this account sent.
    """

    template_fields: Sequence[str] = ("wa_conn_id", "to", "message_id", "emoji")

    def __init__(self, *, to: str | int, message_id: str, emoji: str, own: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.to = to
        self.message_id = message_id
        self.emoji = emoji
        self.own = own

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_wa.api.messages import Reaction

        return self.hook.send(self.to, Reaction(self.message_id, self.emoji, self.own)).to_dict()


class WaMarkReadOperator(WaOperator):
    """Tells the sender that messages were read.

    :param wa_conn_id: the connection (templated).
    :param message_ids: the messages of one chat (templated).
    :param chat: the chat's JID or number (templated).
    :param sender: who wrote them, needed in a group (templated).
    """

    template_fields: Sequence[str] = ("wa_conn_id", "message_ids", "chat", "sender")

    def __init__(self, *, message_ids: Any, chat: str, sender: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message_ids = message_ids
        self.chat = chat
        self.sender = sender

    def work(self, context: Context) -> None:
        ids = [self.message_ids] if isinstance(self.message_ids, str) else [str(x) for x in as_list(self.message_ids)]
        if not all(message_id.strip() for message_id in ids) or not ids:
            raise BadInput("message_ids: there is no message to mark, or one has an empty id")
        self.hook.mark_read(ids, self.chat, self.sender)


class WaDownloadMediaOperator(WaOperator):
    """Downloads the file of a message that came in.

    Returns ``{"vendor", "media_type", "filename", "output", "bytes"}``.

    :param wa_conn_id: the connection (templated).
    :param kind: image, audio, video or document (templated).
    :param reference: what the message said of its file, as a dict (templated): Url, MediaKey, Mimetype, FileSHA256 ...
    :param output_path: where to write it (templated).
    """

    template_fields: Sequence[str] = ("wa_conn_id", "kind", "reference", "output_path")

    def __init__(self, *, kind: str, reference: Mapping[str, Any], output_path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.reference = reference
        self.output_path = output_path

    def work(self, context: Context) -> dict[str, Any]:
        if not isinstance(self.reference, Mapping):
            raise BadInput(f"reference: expected a dict, got {type(self.reference).__name__}")
        file = self.hook.download(self.kind, self.reference)
        path = ObjectStoragePath(self.output_path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
        except OSError as error:
            raise BadInput(f"cannot write to {path}: {error.strerror or error}") from None
        return {**file.to_dict(), "output": self.output_path, "bytes": len(file.content)}
