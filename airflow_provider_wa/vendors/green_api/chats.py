# SPDX-License-Identifier: Apache-2.0
"""Chats at Green-API: sending, forwarding, reading, files (field-notes; the vendor's public pages)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Effect, Flow, Request
from airflow_provider_wa.api.json_fields import pick, text, truth
from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.api.records import MediaFile, SentMessage
from airflow_provider_wa.vendors.green_api import files
from airflow_provider_wa.vendors.green_api.calls import Calls
from airflow_provider_wa.vendors.green_api.messages import chat_id, outgoing
from airflow_provider_wa.vendors.green_api.tables import DOWNLOAD_TIMEOUT, UPLOAD_TIMEOUT


class Chats(Calls):
    """Methods that send, delete, forward, read and download messages."""

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send a message, or the new text of a sent one, by the method for its type.

        "Accepted" does not mean sent: the vendor keeps a message for 24 hours, even while the account is logged out.

        :param message_id: not used: the vendor generates its own id.
        :raises BadInput: the message is longer or larger than the vendor allows; raised before the call.
        :raises UnsupportedByVendor: the vendor has no method for this type of message.
        """
        going = outgoing(to, message)
        if going.upload is None:
            request = self._request(going.method, body=going.body, effect=Effect.SEND)
        else:
            request = self._request(
                going.method,
                effect=Effect.SEND,
                form=going.body,
                files=(going.upload,),
                timeout=UPLOAD_TIMEOUT,
                base=self.uploads_url,
            )
        reply = yield from self.ask(request)
        sent_id = text(pick(reply.object, "idMessage"))
        if not sent_id:
            raise self.unexpected(reply, Effect.SEND, "the reply to a send has no message id")
        return SentMessage(vendor=self.name, message_id=sent_id, to=to, raw=reply.object)

    @property
    def uploads_url(self) -> str:
        """Base URL of uploads: a second host at the vendor, the same host elsewhere."""
        return self.media_url or re.sub(r"(//(?:\w+\.)?)api(\.green-?api\.com)", r"\1media\2", self.base_url)

    def delete_message(self, to: str, message_id: str, *, own_only: bool = False) -> Flow[None]:
        """Delete a message that this account sent, for everybody in the chat (deleteMessage).

        :param own_only: delete it for this account alone.
        :raises BadInput: the vendor does not have the message, or it is deleted already.
        """
        body = {"chatId": chat_id(to), "idMessage": self._id(message_id)} | (
            {"onlySenderDelete": True} if own_only else {}
        )
        yield from self.ask(self._request("deleteMessage", body=body, effect=Effect.SEND))

    def forward(self, to: str, chat: str, message_ids: Sequence[str]) -> Flow[list[SentMessage]]:
        """Forward messages of a chat to another one, in one call (forwardMessages).

        :raises BadInput: the list or an id is empty; raised before the call.
        """
        ids = [self._id(message_id) for message_id in message_ids]
        if not ids:
            raise BadInput("message_ids: the list is empty; expected at least one id", vendor=self.name)
        body = {"chatId": chat_id(to), "chatIdFrom": chat_id(chat), "messages": ids}
        reply = yield from self.ask(self._request("forwardMessages", body=body, effect=Effect.SEND))
        made = pick(reply.object, "messages")
        made = [text(item) for item in made] if isinstance(made, list) else []
        if len(made) != len(ids) or not all(made):
            raise self.unexpected(reply, Effect.SEND, "the reply does not have an id for each message")
        return [SentMessage(vendor=self.name, message_id=sent_id, to=to, raw=reply.object) for sent_id in made]

    def mark_read(self, message_ids: Sequence[str], chat: str, sender: str | None = None) -> Flow[None]:
        """Mark messages of a chat as read, one call each (readChat); without ids all unread ones.

        Only messages that came in while ``incomingWebhook`` was on can be marked. ``sender`` is not used.
        """
        chat = chat_id(chat)
        bodies = [{"chatId": chat, "idMessage": self._id(message_id)} for message_id in message_ids]
        for body in bodies or [{"chatId": chat}]:
            reply = yield from self.ask(self._request("readChat", body=body))
            if truth(pick(reply.object, "setRead")) is not True:
                raise self.unexpected(reply, what="the reply does not say that the message was marked as read")

    def download(self, kind: str, reference: Mapping[str, Any]) -> Flow[MediaFile]:
        """Return the file of a message: ask the vendor for its URL (downloadFile), and read the URL.

        :param kind: image, video, audio, document or sticker.
        :param reference: the message from a notification or a journal, or only its ``chatId`` and ``idMessage``.
        :raises BadInput: one of these fields is missing, or the vendor has deleted the file.
        """
        chat, message_id = files.reference(kind, reference)
        body = {"chatId": chat_id(chat), "idMessage": message_id}
        reply = yield from self.ask(self._request("downloadFile", body=body))
        base, path = files.link(text(pick(reply.object, "downloadUrl")))
        # The reply is the file itself: it contains no error text of the vendor.
        link = Request("GET", path, base=base, timeout=DOWNLOAD_TIMEOUT)
        answer = yield from self.ask(link, accept=(200, *files.GONE))
        if answer.status != 200:
            raise BadInput(f"the file is gone from the vendor's store (HTTP {answer.status})", vendor=self.name)
        return files.media_file(answer, path, reference)
