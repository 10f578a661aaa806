# SPDX-License-Identifier: Apache-2.0
"""WuzAPI, a self-hosted server (vendor-docs/wuzapi; newer servers by the field notes)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import quote

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.capabilities import unsupported
from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    SessionDown,
    UnexpectedReply,
    UnsupportedByVendor,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request, exchange
from airflow_provider_wa.api.json_fields import pick, png_bytes, text, truth, whole_number
from airflow_provider_wa.api.messages import Buttons, Media, Message, Reaction
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import (
    Avatar,
    CheckResult,
    Contact,
    Group,
    InboxMessage,
    LinkingCode,
    MediaFile,
    QrCode,
    SentMessage,
    Session,
    SessionState,
    UserInfo,
    Webhook,
)
from airflow_provider_wa.api.webhooks import Event, Post, RawPost
from airflow_provider_wa.vendors.base import Documented, ErrorRule, Vendor, secret
from airflow_provider_wa.vendors.wuzapi import events, history, messages, replies, signatures
from airflow_provider_wa.vendors.wuzapi.messages import OPTIONS, SENDS, Body, addressed, group_jid, jid, required
from airflow_provider_wa.vendors.wuzapi.tables import (
    CONNECT_TIMEOUT,
    DOWNLOAD_TIMEOUT,
    DOWNLOADS,
    ENDPOINTS,
    ERRORS,
    EVENTS,
    FILE_MARKS,
    HANDLERS_THAT_DIE,
    HMAC_CHARACTERS,
    ID_DIGITS,
    ID_PREFIX,
    KNOWN_EVENTS,
    LARGEST_POST,
    LOGIN,
    NAME,
    NO_PICTURE,
    NUMBERS_PER_CHECK,
    PRESENCES,
    SAYS_NOTHING,
    SEND_TIMEOUT,
    STATUS,
)

_FOOTER_LEFT_OUT = "this server's buttons have no footer: it was left out"
_PICTURE_BY_URL = "if the server cannot fetch the picture, the buttons go out without it, and it does not say so"


@dataclass(frozen=True, kw_only=True)
class WuzApi(Vendor):
    """One user of a WuzAPI server, identified by the user's token; with ``hmac_secret`` each post must be signed."""

    name: ClassVar[str] = NAME
    numbers_per_check: ClassVar[int] = NUMBERS_PER_CHECK
    errors: ClassVar[tuple[ErrorRule, ...]] = ERRORS
    endpoints: ClassVar[tuple[Documented, ...]] = ENDPOINTS
    sends: ClassVar[Collection[type[Message]]] = frozenset({*SENDS, Buttons})
    message_options: ClassVar[Mapping[str, Collection[type[Message]]]] = OPTIONS
    longest_send: ClassVar[float] = SEND_TIMEOUT

    token: str = secret()
    hmac_secret: str = secret(default="")

    inbox_by_default: ClassVar[bool] = False
    largest_post: ClassVar[int] = LARGEST_POST
    file_marks: ClassVar[tuple[tuple[bytes, bytes], ...]] = FILE_MARKS

    def error_code(self, reply: Reply) -> str | None:
        """Return the envelope's error text. ``success`` cannot be trusted: HTTP 500 has true (field-notes)."""
        if reply.status < 300:
            return None if "data" in reply.object else ""
        return text(pick(reply.object, "error")) or (reply.beginning.strip() if reply.json is None else "")

    # Session and webhook

    def cause_of(self, error: WaError, request: Request) -> Flow[WaError | None]:
        """Ask for the session's state where the server fails without a word, as handlers do that need a login.

        A SEND is left alone: that the account is logged out now does not mean that nothing went out. While it is
        logged in, a failure without a word is not repeated: mostly a group does not exist.
        """
        wordless = error.status == 500 and isinstance(error.raw, Mapping) and not error.code
        silent = error.status is None and request.path.startswith(HANDLERS_THAT_DIE)
        vague = (error.code or "").casefold().startswith(SAYS_NOTHING)
        if request.effect is Effect.SEND or request.path == STATUS or not (wordless or silent or vague):
            return None
        try:
            reply = yield from exchange(self._request("GET", STATUS))
        except WaError:
            return None
        found = replies.session(pick(reply.object, "data")) if reply.status == 200 else None
        if found is None or found.logged_in:
            return None if silent else error
        return SessionDown(f"{LOGIN} (the session is {found.detail})", vendor=self.name, status=error.status,
                           raw=error.raw)  # fmt: skip

    def probe(self) -> Flow[str]:
        """Ask for the session's state, and for the server's version where it has one."""
        session = yield from self.session()
        version = yield from self.server_version()
        server = f"; the server's version is {version}" if version else ""
        return f"the token is valid; the WhatsApp session is {session.state.value.replace('_', ' ')}{server}"

    def server_version(self) -> Flow[str | None]:
        """Return the server's version (GET /health); None if it does not say, as older servers do not."""
        try:
            reply = yield from exchange(self._request("GET", "/health"))
        except WaError:
            return None
        return (text(pick(reply.object, "version")) or None) if reply.status == 200 else None

    def session(self) -> Flow[Session]:
        """Return the session's state (GET /session/status)."""
        try:
            data, reply = yield from self._data(self._request("GET", STATUS))
        except SessionDown as error:
            # A user that never connected answers "no session": an answer to this question, not a failure.
            return Session(vendor=self.name, state=SessionState.LOGGED_OUT, detail=error.code or "", raw=error.raw)
        found = replies.session(data)
        if found is None:
            raise self.unexpected(reply, what="the reply has no login state")
        return found

    def connect(self, events: Sequence[str] = (), *, immediate: bool = True) -> Flow[Session]:
        """Connect to WhatsApp (POST /session/connect) and return the session's state; fine if it is connected.

        The request goes out once: each one starts another client in the server.

        :param events: event types for the webhook, which take the place of those that are set; by default those that
            are set, and without any ``tables.EVENTS``.
        :param immediate: answer at once; otherwise the server waits 10 s to see the connection hold.
        :raises VendorUnavailable: the session is not connected, and the server did not say why.
        """
        wanted = self._events(events) or (yield from self.webhook()).events or EVENTS
        body = {"Subscribe": [*wanted], "Immediate": immediate}
        request = self._request("POST", "/session/connect", body, effect=Effect.SEND, timeout=CONNECT_TIMEOUT)
        failure: WaError | None = None
        try:
            yield from self.ask(request)
        except WaError as error:
            if "already connected" in (error.code or "").casefold():
                yield from self._subscribe(self._events(events))
            elif isinstance(error, OutcomeUnknown):
                failure = error
            else:
                raise
        session = yield from self.session()
        if failure and not truth(pick(session.raw, "connected")):
            raise VendorUnavailable(
                f"connect: the session is not connected, and the server gave no clear answer ({failure.message})",
                vendor=self.name, status=failure.status,
            )  # fmt: skip
        return session

    def _subscribe(self, events: Sequence[str]) -> Flow[None]:
        """Add event types to those of the webhook, which a session that is connected already did not take."""
        if not events:
            return
        current = yield from self.webhook()
        if {*events} - {*current.events}:
            body = {"webhookURL": current.url, "events": [*events]}
            yield from self.ask(self._request("POST", "/webhook", body))

    def disconnect(self) -> Flow[None]:
        """Disconnect from WhatsApp and keep the login (POST /session/disconnect); fine if it is not connected."""
        try:
            yield from self.ask(self._request("POST", "/session/disconnect", {}))
        except SessionDown:
            return

    def logout(self) -> Flow[None]:
        """End the login: a new QR code must be scanned (POST /session/logout).

        :raises SessionDown: it is not connected, and only a connected session can end its login.
        """
        try:
            yield from self.ask(self._request("POST", "/session/logout", {}))
        except SessionDown as error:
            if "not logged in" not in (error.code or "").casefold():
                raise

    def qr_code(self) -> Flow[QrCode]:
        """Return the QR code to log in with (GET /session/qr).

        :raises SessionDown: there is no QR code: not connected, logged in already, or connected a moment ago.
        """
        data, reply = yield from self._data(self._request("GET", "/session/qr"))
        png = png_bytes(pick(data, "QRCode"))
        if png is None:
            session = yield from self.session()
            state = "is logged in already" if session.logged_in else "has no QR code yet: ask again in a moment"
            raise SessionDown(f"the session {state}", vendor=self.name, status=reply.status)
        return QrCode(vendor=self.name, png=png)

    def pair_phone(self, phone: str) -> Flow[LinkingCode]:
        """Return a code to type into the phone in place of scanning the QR code (POST /session/pairphone).

        The session must be connected. A further call makes a new code, and the one before it void.

        :param phone: the account's own number, digits with country code.
        :raises BadInput: it is not a number, or the session is logged in already.
        """
        if not re.fullmatch(r"\+?[0-9]{5,20}", phone):
            raise BadInput(f"phone: {phone[:40]!r} is not a phone number; expected 5 to 20 digits", vendor=self.name)
        request = self._request("POST", "/session/pairphone", {"Phone": phone.lstrip("+")})
        data, reply = yield from self._data(request)
        code = text(pick(data, "LinkingCode"))
        if not code:
            raise self.unexpected(reply, what="the reply has no linking code")
        return LinkingCode(vendor=self.name, code=code)

    def webhook(self) -> Flow[Webhook]:
        """Return the URL and the event types of the webhook (GET /webhook)."""
        data, reply = yield from self._mapping(self._request("GET", "/webhook"))
        if not replies.has(data, "webhook"):
            raise self.unexpected(reply, what="the reply has no webhook")
        return replies.webhook(data, text(pick(data, "webhook")), pick(data, "subscribe"))

    def set_webhook(self, url: str, events: Sequence[str] = ()) -> Flow[Webhook]:
        """Send events to ``url`` (POST /webhook), and read back what the server has made of it.

        With ``hmac_secret`` the server gets the key first, and signs its posts from then on (POST
        /session/hmac/config). The types are always in the request: without them nothing is posted any more.

        :param events: event types; ``tables.EVENTS`` by default.
        :raises BadInput: an event type is unknown, to us or to the server, or the key is too short.
        """
        wanted = self._events(events) or EVENTS
        body = {"webhookURL": self._url(url), "events": [*wanted]}
        if self.hmac_secret:
            yield from self._set_key()
        yield from self.ask(self._request("POST", "/webhook", body))
        found = yield from self._as_set(url, wanted if events else ())
        return found

    def update_webhook(self, url: str, events: Sequence[str] = (), *, active: bool = True) -> Flow[Webhook]:
        """Change the webhook (PUT /webhook), and read it back. With ``active`` off the server deletes URL and events.

        :raises BadInput: an event type is unknown, to us or to the server.
        """
        wanted = self._events(events) or EVENTS
        body = {"webhook": self._url(url), "events": [*wanted], "active": active}
        yield from self.ask(self._request("PUT", "/webhook", body))
        found = yield from self._as_set(url if active else "", wanted if active and events else ())
        return found

    def _set_key(self) -> Flow[None]:
        if (length := len(self.hmac_secret.encode())) < HMAC_CHARACTERS:
            raise BadInput(
                f"hmac_secret: it has {length} characters; the server takes {HMAC_CHARACTERS} or more",
                vendor=self.name,
            )
        # The answer has no envelope.
        request = self._request("POST", "/session/hmac/config", {"hmac_key": self.hmac_secret})
        reply = yield from self.ask(request, accept=(200,))
        if pick(reply.object, "Details") is None and pick(reply.object, "data") is None:
            raise self.unexpected(reply, what="the reply does not say that the key was saved")

    def _as_set(self, url: str, events: Sequence[str]) -> Flow[Webhook]:
        """Return the webhook as the server has it now, checked for the URL and for event types that it dropped."""
        found = yield from self.webhook()
        if found.url != url:
            raise UnexpectedReply(
                "webhook: the server has kept another URL than the one that was set", vendor=self.name
            )
        if missing := [event for event in events if event not in found.events]:
            raise BadInput(
                f"events: this server does not know {', '.join(missing)}; "
                f"it posts {', '.join(found.events) or 'nothing'} now",
                vendor=self.name,
            )
        return found

    def delete_webhook(self) -> Flow[None]:
        """Delete the webhook and its events (DELETE /webhook)."""
        yield from self.ask(self._request("DELETE", "/webhook"))

    def verify(self, post: RawPost) -> None:
        """Check the signature of a post, if the connection has a key for it.

        :raises Unauthorized: it is missing or wrong.
        """
        if self.hmac_secret:
            signatures.check(post, self.hmac_secret)

    def events(self, post: Post) -> list[Event]:
        """Return the events of a webhook's post: a message that came in, or the delivery of those that were sent.

        One receipt may be for many messages. What this account wrote or read itself is kept raw, and so are all
        other types.

        :raises UnexpectedReply: the post has no type.
        """
        return events.events(post)

    # Users and groups

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Check whether numbers are on WhatsApp, many in one call (POST /user/check)."""
        body = {"Phone": [number.digits for number in numbers]}
        data, reply = yield from self._data(self._request("POST", "/user/check", body))
        users = pick(data, "Users")
        if not isinstance(users, list):
            raise self.unexpected(reply, what="the reply to a check lists no users")
        return replies.check_results(numbers, users)

    def user_info(self, users: Sequence[str]) -> Flow[list[UserInfo]]:
        """Return the public data of accounts (POST /user/info), without those that WhatsApp does not know.

        :param users: digits or JIDs.
        """
        if isinstance(users, str) or not users:
            raise BadInput("users: expected a list of at least one number or JID", vendor=self.name)
        # Newer servers take nothing but full JIDs.
        body = {"Phone": [jid(user, "users") for user in users]}
        data, reply = yield from self._data(self._request("POST", "/user/info", body))
        found = pick(data, "Users")
        if not isinstance(found, Mapping):
            raise self.unexpected(reply, what="the reply has no users")
        return [replies.user_info(name, user) for name, user in found.items()]

    def avatar(self, who: str, *, preview: bool = False) -> Flow[Avatar]:
        """Return an account's picture (POST /user/avatar; on older servers GET with the same body).

        :param who: digits or JID of a person or a group.
        :param preview: ask for the small picture.
        """
        body = {"Phone": required(who, "who"), "Preview": preview}
        try:
            reply = yield from self.ask(self._request("POST", "/user/avatar", body), accept=(200, 404))
            if reply.status == 404:
                reply = yield from self.ask(self._request("GET", "/user/avatar", body), accept=(200,))
        except BadInput as error:
            if any(words in (error.code or "").casefold() for words in NO_PICTURE):
                return Avatar(vendor=self.name, url=None, raw=error.raw)
            raise
        found = replies.avatar(reply.object)
        if found is None:
            raise self.unexpected(reply, what="the reply has no address of a picture")
        return found

    def contacts(self) -> Flow[list[Contact]]:
        """Return the account's contacts (GET /user/contacts)."""
        data, reply = yield from self._data(self._request("GET", "/user/contacts"))
        if data is None:
            return []
        if not isinstance(data, Mapping):
            raise self.unexpected(reply, what="the reply has no contacts")
        return [replies.contact(name, contact) for name, contact in data.items()]

    def lid(self, who: str) -> Flow[str | None]:
        """Return the LID of a number, None if this account does not know one (GET /user/lid/{jid}).

        :param who: digits or JID.
        """
        path = "/user/lid/" + quote(jid(who, "who"), safe="@")
        reply = yield from self.ask(self._request("GET", path), accept=(404,))
        if reply.status == 404:
            if "not found" in text(pick(reply.object, "error")).casefold():
                return None
            raise self._refusal(reply, Effect.READ)
        found = text(pick(pick(reply.object, "data"), "lid"))
        if not found:
            raise self.unexpected(reply, what="the reply has no LID")
        return found

    def groups(self) -> Flow[list[Group]]:
        """Return all groups with their members (GET /group/list)."""
        data, reply = yield from self._mapping(self._request("GET", "/group/list"))
        groups = pick(data, "Groups") or []
        if not replies.has(data, "Groups") or not isinstance(groups, list):
            raise self.unexpected(reply, what="the reply has no list of groups")
        return [found for group in groups if (found := replies.group(group))]

    def group_info(self, group: str) -> Flow[Group]:
        """Return a group with its members (GET /group/info)."""
        data, reply = yield from self._of_group("/group/info", group)
        found = replies.group(data)
        if found is None:
            raise self.unexpected(reply, what="the reply has no group")
        return found

    def invite_link(self, group: str) -> Flow[str]:
        """Return the link that invites into a group (GET /group/invitelink)."""
        data, reply = yield from self._of_group("/group/invitelink", group)
        link = text(pick(data, "InviteLink"))
        if not link:
            raise self.unexpected(reply, what="the reply has no link")
        return link

    def set_group_photo(self, group: str, photo: Media) -> Flow[str]:
        """Set a group's picture, a JPEG, and return the picture's id (POST /group/photo)."""
        if photo.url is not None:
            raise BadInput("group photo: url is not possible; expected the file's bytes", vendor=self.name)
        # JPEG is all that WhatsApp takes here.
        image = messages.data_url(photo, ("image/jpeg",), "group photo")
        # Setting it twice is harmless, and so is a name.
        request = self._request("POST", "/group/photo", {"GroupJID": group_jid(group), "Image": image})
        data, _ = yield from self._data(replace(request, timeout=SEND_TIMEOUT))
        return text(pick(data, "PictureID"))

    def set_group_name(self, group: str, name: str) -> Flow[None]:
        """Set a group's name (POST /group/name)."""
        body = {"GroupJID": group_jid(group), "Name": required(name, "name")}
        yield from self.ask(self._request("POST", "/group/name", body))

    def block(self, who: str) -> Flow[None]:
        """Block a person, by digits or JID (POST /user/block)."""
        yield from self.ask(self._request("POST", "/user/block", {"Phone": jid(who, "who")}))

    def unblock(self, who: str) -> Flow[None]:
        """Unblock a person, by digits or JID (POST /user/unblock)."""
        yield from self.ask(self._request("POST", "/user/unblock", {"Phone": jid(who, "who")}))

    def keep_history(self, messages_per_chat: int) -> Flow[None]:
        """Make the server keep this number of messages of each chat, from now on; 0 keeps none (POST /session/history).

        Without it there is no inbox to pull.
        """
        if messages_per_chat < 0:
            raise BadInput(f"messages_per_chat: {messages_per_chat} is negative; expected 0 or more", vendor=self.name)
        yield from self.ask(self._request("POST", "/session/history", {"history": messages_per_chat}))

    def inbox(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Flow[list[InboxMessage]]:
        """Return incoming messages that the server has kept (GET /chat/history), oldest first, each once.

        It keeps a number of messages of each chat after ``keep_history``; older ones are gone.

        :param after: a ``message_id``: only messages that came after it; all, if it is gone.
        :param limit: maximum number of messages: the newest; with ``after`` the oldest, so that a caller who goes on
            from the last one misses none.
        :raises UnsupportedByVendor: the server keeps no messages of this user.
        """
        state, _ = yield from self._mapping(self._request("GET", STATUS))
        kept = whole_number(pick(state, "history")) or history.MOST
        index, _ = yield from self._mapping(self._request("GET", history.PATH, params={"chat_jid": history.INDEX}))
        entries: list[history.Entry] = []
        for chat in history.chats(index, text(pick(state, "id")), None if after else since):
            params = {"chat_jid": chat, "limit": str(kept)}
            data, reply = yield from self._data(self._request("GET", history.PATH, params=params))
            if data is not None and not isinstance(data, list):
                raise self.unexpected(reply, what="the reply has no list of messages")
            entries += history.entries(data or ())
        return history.selected(entries, since=since, until=until, after=after, limit=limit)

    def _of_group(self, path: str, group: str) -> Flow[tuple[Any, Any]]:
        # Older servers read the body, newer ones the query.
        known = group_jid(group)
        request = self._request("GET", path, {"GroupJID": known}, params={"groupJID": known})
        answer = yield from self._data(request)
        return answer

    # Chats

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send a message (POST /chat/send/*), or set or remove a reaction (POST /chat/react).

        Buttons go to /chat/send/template, or to /chat/send/buttons of a server without that.

        :param message_id: the caller's own id, which makes a repeat the same message to WhatsApp. A reaction and an
            edit have none: their result has the id of the message that they change.
        :raises BadInput: the message is not what the server takes.
        :raises UnsupportedByVendor: the server has no endpoint for this type of message, or not for its buttons.
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
        """Return whether the server takes the caller's id with such a message; not so with a reaction or an edit.

        The server keeps no list of ids: the protocol itself repeats a message under its id (field-notes, WuzAPI).
        """
        route = SENDS.get(type(message))
        return isinstance(message, Buttons) or (route is not None and route.own_id)

    def new_message_id(self, key: str) -> str:
        """Return an id made of ``key``, by 72 bits of its hash: two keys do not get the same one."""
        return ID_PREFIX + sha256(key.encode()).hexdigest()[:ID_DIGITS].upper()

    def delete_message(self, to: str, message_id: str) -> Flow[SentMessage]:
        """Delete a message that this account sent, for everybody in the chat (POST /chat/delete)."""
        body = addressed(to, {}, required(message_id, "message_id"))
        reply = yield from self.ask(self._sending("/chat/delete", body))
        return self._sent(reply, to, message_id)

    def presence(self, to: str, state: str = "composing", *, audio: bool = False) -> Flow[None]:
        """Show in a chat that this account is writing, or recording with ``audio`` (POST /chat/presence).

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
        :raises BadInput: one of these is missing, or WhatsApp has deleted the file.
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
        """Send buttons in the form that the server takes; return the reply, and a warning about a part left out.

        A refusal that leads to the next form always comes before anything was sent.
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
                "buttons: this server has answers only, no links, calls or pictures; a newer server has them",
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

    # Requests

    def _request(self, method: str, path: str, body: Body | None = None, **options: Any) -> Request:
        """Return a request with the token. ``options`` are further fields of ``Request``."""
        return Request(method, path, headers={"Token": self.token}, json=body, **options)

    def _sending(self, path: str, body: Body) -> Request:
        """Return a request with an effect in the world."""
        return self._request("POST", path, body, effect=Effect.SEND, timeout=SEND_TIMEOUT)

    def _data(self, request: Request) -> Flow[tuple[Any, Reply]]:
        """Exchange a request for the data of the envelope, and the whole reply."""
        reply = yield from self.ask(request)
        return pick(reply.object, "data"), reply

    def _mapping(self, request: Request) -> Flow[tuple[Mapping[str, Any], Reply]]:
        """Exchange a request for data that is an object, as nearly all is, and the whole reply."""
        data, reply = yield from self._data(request)
        if not isinstance(data, Mapping):
            raise self.unexpected(reply, request.effect, "the reply's data is not an object")
        return data, reply

    def _refusal(self, reply: Reply, effect: Effect) -> WaError:
        """Return the error of a reply that was accepted to be read, and is an error after all."""
        return self.error_in(reply, effect) or self.unexpected(reply, effect)

    def _events(self, events: Sequence[str]) -> tuple[str, ...]:
        """Return event types, each once and checked: one that the server does not know it drops without a word."""
        if isinstance(events, str):
            raise BadInput("events: got a text; expected a list of event types", vendor=self.name)
        if unknown := [str(event)[:40] for event in events if event not in KNOWN_EVENTS]:
            raise BadInput(f"events: unknown {', '.join(map(repr, unknown))}; expected some of "
                           f"{', '.join(KNOWN_EVENTS)}", vendor=self.name)  # fmt: skip
        return tuple(dict.fromkeys(events))

    def _url(self, url: str) -> str:
        if not re.match(r"https?://[^/\s]", url):
            raise BadInput("webhook: the URL must begin with http:// or https:// and a host", vendor=self.name)
        return url
