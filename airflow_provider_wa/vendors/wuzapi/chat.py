# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's chat endpoints: send, delete, mark as read, show presence, download (vendor-docs/wuzapi, chat)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar

from airflow_provider_wa.api.capabilities import unsupported
from airflow_provider_wa.api.errors import BadInput, UnsupportedByVendor
from airflow_provider_wa.api.flow import Effect, Flow, Reply
from airflow_provider_wa.api.json_fields import base64_bytes, moment, pick, text, whole_number
from airflow_provider_wa.api.messages import Buttons, Message
from airflow_provider_wa.api.records import MediaFile, SentMessage
from airflow_provider_wa.vendors.wuzapi.base import Body, WuzApiBase, jid, required
from airflow_provider_wa.vendors.wuzapi.messages import (
    BUTTONS,
    SENDS,
    TEMPLATE,
    addressed,
    buttons,
    reply_buttons,
    template,
)

DOWNLOAD_TIMEOUT = 120.0
"""Seconds: the server fetches all of the file from WhatsApp before it answers."""

DOWNLOADS: Mapping[str, str] = {kind: f"/chat/download{kind}" for kind in ("image", "video", "audio", "document")}

PRESENCES = ("composing", "paused")

ID_PREFIX, ID_DIGITS = "3EB0", 18
"""What the ids of WhatsApp's web clients begin with, and how many hexadecimal digits follow, in capitals."""

_FOOTER_LEFT_OUT = "this server's buttons have no footer: it was left out"

# What a download asks for: the field, whether it is bytes in base64, and whether it must be there.
_REFERENCE: tuple[tuple[str, bool, bool], ...] = (
    ("Url", False, False),
    ("DirectPath", False, False),
    ("MediaKey", True, True),
    ("Mimetype", False, True),
    ("FileSHA256", True, True),
    ("FileEncSHA256", True, False),
)


class Chat(WuzApiBase):
    """What is done in chats."""

    sends: ClassVar[Collection[type[Message]]] = frozenset({*SENDS, Buttons})

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send a message (POST /chat/send/*), a reaction or the taking back of one (POST /chat/react).

        Buttons go to /chat/send/template; a server that has it no more is asked to send them by /chat/send/buttons.

        :param message_id: the caller's own id, which makes a repeat the same message to WhatsApp. A reaction and an
            edit have none: the id that comes back is the one of the message that they are about.
        :raises BadInput: the message is not what the server takes.
        :raises UnsupportedByVendor: this kind of message has no endpoint, or the server has no such buttons.
        """
        warning = None
        if isinstance(message, Buttons):
            reply, warning = yield from self._send_buttons(to, message, message_id)
        else:
            route = SENDS.get(type(message))
            if route is None:
                raise unsupported(self.name, f"send messages of the type {message.type}", ())
            reply = yield from self.ask(self.sending(route.path, route.body(to, message, message_id)))
            message_id = message_id if route.own_id else getattr(message, "message_id", None)
        return self._sent(reply, to, message_id, warning)

    def repeats_by_id(self, message: Message) -> bool:
        """Whether the server takes an id of ours with such a message; with a reaction or an edit it means another one.

        The server itself keeps no list of ids: the same one is what the protocol re-sends under (field-notes, WuzAPI).
        """
        route = SENDS.get(type(message))
        return isinstance(message, Buttons) or (route is not None and route.own_id)

    def new_message_id(self, key: str) -> str:
        """An id made of ``key``; with 72 bits of its hash two keys do not come to share one."""
        return ID_PREFIX + sha256(key.encode()).hexdigest()[:ID_DIGITS].upper()

    def delete_message(self, to: str, message_id: str) -> Flow[SentMessage]:
        """Take back a message that this account sent, for everybody in the chat (POST /chat/delete)."""
        body = addressed(to, {}, required(message_id, "message_id"))
        reply = yield from self.ask(self.sending("/chat/delete", body))
        return self._sent(reply, to, message_id)

    def presence(self, to: str, state: str = "composing", *, audio: bool = False) -> Flow[None]:
        """Show in a chat that this account is writing, or recording with ``audio`` (POST /chat/presence).

        :param state: ``composing`` or ``paused``.
        """
        if state not in PRESENCES:
            raise BadInput(f"presence: state {state[:40]!r} is none of {', '.join(PRESENCES)}", vendor=self.name)
        body = {"Phone": to, "State": state, "Media": "audio" if audio else ""}
        yield from self.ask(self.request("POST", "/chat/presence", body))

    def mark_read(self, message_ids: Sequence[str], chat: str, sender: str | None = None) -> Flow[None]:
        """Tell a sender that messages were read (POST /chat/markread).

        :param chat: digits or JID of the person or the group.
        :param sender: who wrote them, digits or JID, in a group.
        """
        ids = [required(message_id, "message_ids: an id") for message_id in message_ids]
        if not ids:
            raise BadInput("message_ids: there is none", vendor=self.name)
        body: Body = {"Id": ids, "Chat": jid(chat, "chat")}
        if sender:
            body["Sender"] = jid(sender, "sender")
        elif chat.endswith("@g.us"):
            raise BadInput("sender is missing; in a group it must be who wrote the messages", vendor=self.name)
        yield from self.ask(self.request("POST", "/chat/markread", body))

    def download(self, kind: str, reference: Mapping[str, Any]) -> Flow[MediaFile]:
        """The file of a message that came in (POST /chat/download*).

        :param kind: image, video, audio or document.
        :param reference: what the message said of its file, keys in any case: Url or DirectPath, MediaKey, Mimetype,
            FileSHA256, FileLength, FileEncSHA256. The whole ``event.Message`` of a webhook will do.
        :raises BadInput: one of these is missing, or WhatsApp has the file no more.
        """
        path = DOWNLOADS.get(kind)
        if path is None:
            raise BadInput(f"kind {kind[:40]!r} is none of {', '.join(DOWNLOADS)}", vendor=self.name)
        reference = pick(reference, f"{kind}Message") or reference
        request = self.request("POST", path, self._reference(reference), timeout=DOWNLOAD_TIMEOUT)
        data, reply = yield from self.mapping(request)
        content = base64_bytes(pick(data, "Data"))
        if not content:
            raise self.unexpected(reply, what="the reply to a download has no file")
        media_type = text(pick(data, "Mimetype")) or text(pick(reference, "Mimetype"))
        return MediaFile(
            vendor=self.name, content=content, media_type=media_type, filename=text(pick(reference, "FileName"))
        )

    def _send_buttons(self, to: str, message: Buttons, message_id: str | None) -> Flow[tuple[Reply, str | None]]:
        """The reply to the form of buttons that the server takes, and what was lost on the way.

        None of the refusals that lead to the next form comes after anything was sent.
        """
        newest = buttons(message)
        if message.media is None:
            request = self.sending(TEMPLATE, addressed(to, template(message), message_id))
            reply = yield from self.ask(request, accept=(404,))
            if reply.status != 404:
                return reply, None
        reply = yield from self.ask(self.sending(BUTTONS, addressed(to, newest, message_id)), accept=(400,))
        if reply.status != 400:
            return reply, None
        if "missing title" not in text(pick(reply.object, "error")).casefold():
            raise self.refusal(reply, Effect.SEND)
        simple = reply_buttons(message)
        if simple is None:
            raise UnsupportedByVendor(
                "this server's buttons take answers only, no links, calls or pictures: a newer server does",
                vendor=self.name,
                status=reply.status,
            )
        reply = yield from self.ask(self.sending(BUTTONS, addressed(to, simple, message_id)))
        return reply, _FOOTER_LEFT_OUT if message.footer else None

    def _sent(self, reply: Reply, to: str, message_id: str | None, warning: str | None = None) -> SentMessage:
        data = pick(reply.object, "data")
        sent_id = text(pick(data, "Id")) or message_id
        if not sent_id:
            raise self.unexpected(reply, Effect.SEND, "the reply to a send has no message id")
        timestamp = moment(pick(data, "Timestamp"))
        return SentMessage(vendor=self.name, message_id=sent_id, to=to, timestamp=timestamp, warning=warning, raw=data)

    def _reference(self, reference: Mapping[str, Any]) -> Body:
        body: Body = {}
        for name, encoded, needed in _REFERENCE:
            value = text(pick(reference, name))
            if encoded and not _is_base64(value):
                raise BadInput(f"reference: {name} is not base64", vendor=self.name)
            if value:
                body[name] = value
            elif needed:
                raise BadInput(f"reference: {name} is missing", vendor=self.name)
        if not body.keys() & {"Url", "DirectPath"}:
            raise BadInput("reference: Url is missing, and DirectPath is as well", vendor=self.name)
        length = whole_number(pick(reference, "FileLength"))
        if length is None or length < 0:
            raise BadInput("reference: FileLength is missing or no whole number", vendor=self.name)
        return {**body, "FileLength": length}


def _is_base64(value: str) -> bool:
    try:
        b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
