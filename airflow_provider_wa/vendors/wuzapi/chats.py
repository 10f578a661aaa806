# SPDX-License-Identifier: Apache-2.0
"""Chats at WuzAPI: sending, reading, typing, files (vendor-docs/wuzapi; newer servers by the field notes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.capabilities import unsupported
from airflow_provider_wa.api.errors import BadInput, UnsupportedByVendor
from airflow_provider_wa.api.flow import Effect, Flow, Reply
from airflow_provider_wa.api.json_fields import pick, text
from airflow_provider_wa.api.messages import Buttons, Message, Reaction
from airflow_provider_wa.api.records import MediaFile, SentMessage
from airflow_provider_wa.vendors.wuzapi import messages, replies
from airflow_provider_wa.vendors.wuzapi.calls import Calls
from airflow_provider_wa.vendors.wuzapi.messages import SENDS, Body, addressed, jid, required
from airflow_provider_wa.vendors.wuzapi.tables import DOWNLOAD_TIMEOUT, DOWNLOADS, ID_DIGITS, ID_PREFIX, PRESENCES

_FOOTER_LEFT_OUT = "this server's buttons have no footer: it was left out"
_PICTURE_BY_URL = "if the server cannot fetch the picture, the buttons go out without it and without an error"


class Chats(Calls):
    """Methods that send, delete, read and download messages."""

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send a message (POST /chat/send/*), or set or remove a reaction (POST /chat/react).

        Buttons go to /chat/send/template, or to /chat/send/buttons if the server lacks it.

        :param message_id: the caller's own id: a repeat with the same id is the same message for WhatsApp. Reactions
            and edits have no id of their own: their result has the id of the message that they change.
        :raises BadInput: the server does not accept the message.
        :raises UnsupportedByVendor: the server has no endpoint for this type of message or its buttons.
        """
        warning = None
        if isinstance(message, Buttons):
            reply, warning = yield from self._send_buttons(to, message, message_id)
        else:
            route = SENDS.get(type(message))
            if route is None:
                raise unsupported(self.name, f"send messages of the type {message.type}", ())
            if isinstance(message, Reaction) and jids.is_group(to) and not (message.own or message.sender):
                raise BadInput("reaction: sender is missing; a group requires the sender of the message",
                               vendor=self.name)  # fmt: skip
            reply = yield from self.ask(self._sending(route.path, route.body(to, message, message_id)))
            message_id = message_id if route.own_id else getattr(message, "message_id", None)
        return self._sent(reply, to, message_id, warning)

    def repeats_by_id(self, message: Message) -> bool:
        """Return whether the server accepts the caller's id for this message; False for reactions and edits.

        The server keeps no list of ids. In WhatsApp's protocol a repeat under the same id is the same message
        (field-notes, WuzAPI).
        """
        route = SENDS.get(type(message))
        return isinstance(message, Buttons) or (route is not None and route.own_id)

    def new_message_id(self, key: str) -> str:
        """Return an id from 72 bits of the hash of ``key``, so that different keys get different ids."""
        return ID_PREFIX + sha256(key.encode()).hexdigest()[:ID_DIGITS].upper()

    def delete_message(self, to: str, message_id: str) -> Flow[SentMessage]:
        """Delete a message that this account sent, for everybody in the chat (POST /chat/delete)."""
        body = addressed(to, {}, required(message_id, "message_id"))
        reply = yield from self.ask(self._sending("/chat/delete", body))
        return self._sent(reply, to, message_id)

    def presence(self, to: str, state: str = "composing", *, audio: bool = False) -> Flow[None]:
        """Show in a chat that this account is writing, or with ``audio`` that it is recording (POST /chat/presence).

        :param state: ``composing`` or ``paused``.
        """
        if state not in PRESENCES:
            raise BadInput(
                f"state: {state[:40]!r} is unknown; expected one of {', '.join(PRESENCES)}", vendor=self.name
            )
        body = {"Phone": to, "State": state, "Media": "audio" if audio else ""}
        yield from self.ask(self._request("POST", "/chat/presence", body))

    def mark_read(self, message_ids: Sequence[str], chat: str, sender: str | None = None) -> Flow[None]:
        """Mark messages as read (POST /chat/markread).

        :param chat: digits or JID of the person or the group.
        :param sender: their sender, digits or JID; required in a group.
        """
        ids = [required(message_id, "message_ids: an id") for message_id in message_ids]
        if not ids:
            raise BadInput("message_ids: the list is empty; expected at least one id", vendor=self.name)
        body: Body = {"Id": ids, "Chat": jid(chat, "chat")}
        if sender:
            body["Sender"] = jid(sender, "sender")
        elif jids.is_group(chat):
            raise BadInput("sender: it is missing; a group requires the sender of the messages", vendor=self.name)
        yield from self.ask(self._request("POST", "/chat/markread", body))

    def download(self, kind: str, reference: Mapping[str, Any]) -> Flow[MediaFile]:
        """Return the file of an incoming message (POST /chat/download*).

        :param kind: image, video, audio, document or sticker.
        :param reference: the message's fields for its file, keys in any case: Url or DirectPath, MediaKey, Mimetype,
            FileSHA256, FileLength, FileEncSHA256. The whole ``event.Message`` of a webhook is accepted, too.
        :raises BadInput: one of these fields is missing, or WhatsApp has deleted the file.
        """
        path = DOWNLOADS.get(kind)
        if path is None:
            raise BadInput(f"kind: {kind[:40]!r} is unknown; expected one of {', '.join(DOWNLOADS)}", vendor=self.name)
        reference = pick(reference, f"{kind}Message") or reference
        request = self._request("POST", path, messages.download(reference), timeout=DOWNLOAD_TIMEOUT)
        data, reply = yield from self._mapping(request)
        found = replies.media_file(data, reference)
        if found is None:
            raise self.unexpected(reply, what="the reply to a download has no file")
        return found

    def _send_buttons(self, to: str, message: Buttons, message_id: str | None) -> Flow[tuple[Reply, str | None]]:
        """Send buttons in the form that the server accepts; return the reply, and a warning about an omitted part.

        The next form is tried only after a refusal, which is always before sending.
        """
        newest = messages.buttons(message)
        if not message.media and all(button.kind != "copy" for button in message.buttons):
            request = self._sending(messages.TEMPLATE, addressed(to, messages.template(message), message_id))
            reply = yield from self.ask(request, accept=(404,))
            if reply.status != 404:
                return reply, None
        reply = yield from self.ask(self._sending(messages.BUTTONS, addressed(to, newest, message_id)), accept=(400,))
        if reply.status != 400:
            return reply, _PICTURE_BY_URL if message.media and message.media.url else None
        if "missing title" not in text(pick(reply.object, "error")).casefold():
            raise self._refusal(reply, Effect.SEND)
        simple = messages.reply_buttons(message)
        if simple is None:
            raise UnsupportedByVendor(
                "buttons: this server supports reply buttons only; links, calls and pictures need a newer server",
                vendor=self.name,
                status=reply.status,
            )
        reply = yield from self.ask(self._sending(messages.BUTTONS, addressed(to, simple, message_id)))
        return reply, _FOOTER_LEFT_OUT if message.footer else None

    def _sent(self, reply: Reply, to: str, message_id: str | None, warning: str | None = None) -> SentMessage:
        found = replies.sent_message(pick(reply.object, "data"), to, message_id, warning)
        if found is None:
            raise self.unexpected(reply, Effect.SEND, "the reply to a send has no message id")
        return found
