# SPDX-License-Identifier: Apache-2.0
"""Green-API (vendor-docs/green_api; all but checkWhatsapp by the field notes and the vendor's public pages)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, ClassVar, TypeVar

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import BadInput, SessionDown, UnexpectedReply, VendorUnavailable
from airflow_provider_wa.api.flow import Effect, Flow, MethodRate, Reply, Request
from airflow_provider_wa.api.json_fields import pick, png_bytes, text, truth, whole_number
from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.periods import Period, require_limit
from airflow_provider_wa.api.records import (
    Avatar,
    CheckResult,
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    MediaFile,
    Notification,
    QrCode,
    SentMessage,
    Session,
    SessionState,
    Webhook,
)
from airflow_provider_wa.api.webhooks import Event, Post
from airflow_provider_wa.vendors.base import Documented, ErrorRule, Vendor, secret
from airflow_provider_wa.vendors.green_api import events, files, incoming, replies, settings
from airflow_provider_wa.vendors.green_api.messages import OPTIONS, SENDS, chat_id, outgoing
from airflow_provider_wa.vendors.green_api.tables import (
    DOWNLOAD_TIMEOUT,
    ENDPOINTS,
    ERRORS,
    HISTORY,
    METHODS,
    MONTH,
    NAME,
    NUMBER_DIGITS,
    QUEUE_WAITS,
    RATE_USED,
    RECEIVE_TIMEOUT,
    REPORT_SECONDS,
    SETTINGS_MINUTES,
    TEXT_SETTINGS,
    UPLOAD_TIMEOUT,
)

T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True, kw_only=True)
class GreenApi(Vendor):
    """One Green-API instance. Its id and token are in every path.

    :param media_url: the instance's mediaUrl, where files are uploaded to; derived from ``base_url`` if empty.
    :param clock: function that returns the present moment.
    """

    name: ClassVar[str] = NAME
    numbers_per_check: ClassVar[int] = 1
    errors: ClassVar[tuple[ErrorRule, ...]] = ERRORS
    endpoints: ClassVar[tuple[Documented, ...]] = ENDPOINTS
    sends: ClassVar[Collection[type[Message]]] = SENDS.keys()
    message_options: ClassVar[Mapping[str, Collection[type[Message]]]] = OPTIONS
    longest_send: ClassVar[float] = UPLOAD_TIMEOUT
    queue_waits: ClassVar[range] = QUEUE_WAITS
    report_seconds: ClassVar[float] = REPORT_SECONDS

    instance_id: str
    token: str = secret()
    media_url: str = ""
    clock: Callable[[], datetime] = field(default=_now, repr=False, compare=False)

    @property
    def uploads_url(self) -> str:
        """Base URL of uploads: the vendor's own hosts have a sibling for them, other hosts take them themselves."""
        return self.media_url or re.sub(r"(//(?:\w+\.)?)api(\.green-?api\.com)", r"\1media\2", self.base_url)

    def error_code(self, reply: Reply) -> str | None:
        """Return the vendor's text: ``message`` of an object, a JSON string, or the body itself.

        Newer servers also report an error as a success with ``status`` false and a ``reason``.
        """
        if reply.status < 300:
            return text(pick(reply.object, "reason")) if pick(reply.object, "status") is False else None
        words = (
            text(pick(reply.object, "message", "reason"))
            or text(pick(replies.quota(reply.object), "status"))
            or text(reply.json)
        )
        return words or (reply.beginning if reply.json is None else "")

    def error_detail(self, reply: Reply) -> str:
        """Return the used part of the quota and its method."""
        quota = replies.quota(reply.object)
        method, used, total = (text(pick(quota, name)) for name in ("method", "used", "total"))
        return f"{used} of {total} used for {method}" if used and total else ""

    def probe(self) -> Flow[str]:
        """Ask for the instance's state."""
        session = yield from self.session()
        return f"id and token are valid; the instance is {session.detail or 'starting'}"

    def session(self) -> Flow[Session]:
        """Return the instance's state (getStateInstance); an unknown state counts as starting."""
        reply = yield from self.ask(self._request("getStateInstance"))
        if "stateinstance" not in {key.casefold() for key in reply.object}:
            raise self.unexpected(reply, what="the reply has no state")
        return replies.session(pick(reply.object, "stateInstance"), reply.object)

    def qr_code(self) -> Flow[QrCode]:
        """Return the QR code to log in with (qr); it changes every 20 s.

        :raises SessionDown: there is no QR code: the account is logged in, or the error has the vendor's reason.
        """
        reply = yield from self.ask(self._request("qr"))
        kind = text(pick(reply.object, "type")).casefold()
        if kind not in ("alreadylogged", "error"):
            png = png_bytes(pick(reply.object, "message")) if kind == "qrcode" else None
            if png is None:
                # Without the reply itself: half a QR code may be in it.
                raise UnexpectedReply("the reply is not a QR code", vendor=self.name, status=reply.status)
            return QrCode(vendor=self.name, png=png)
        why = "the account is logged in already" if kind == "alreadylogged" else "ask again in a moment"
        said = text(pick(reply.object, "message"))
        raise SessionDown(f"there is no QR code: {why} ({said or kind})", vendor=self.name, code=said or kind)

    def logout(self) -> Flow[None]:
        """End the account's login (logout); without effect if it is logged out.

        :raises SessionDown: the instance is starting, and the result is not known.
        """
        try:
            reply = yield from self.ask(self._request("logout"))
        except SessionDown:
            # A first try whose reply was lost has this answer, too.
            session = yield from self.session()
            if session.state is SessionState.LOGGED_OUT:
                return
            raise
        if truth(pick(reply.object, "isLogout")) is not True:
            raise self.unexpected(reply, what="the reply does not say that the account was logged out")

    def check(self, numbers: Sequence[PhoneNumber]) -> Flow[list[CheckResult]]:
        """Check whether numbers are on WhatsApp, one call each (checkWhatsapp).

        :raises BadInput: a number does not have 11 to 16 digits; found before any call.
        """
        for number in numbers:
            if len(number.digits) not in NUMBER_DIGITS:
                limits = f"{NUMBER_DIGITS.start} to {NUMBER_DIGITS.stop - 1}"
                raise BadInput(f"number: {number} must have {limits} digits with this vendor", vendor=self.name)
        results = []
        for number in numbers:
            asked = jids.of_person(number.digits, jids.OLD_PERSON_SERVER)
            result = yield from self._check(asked, {"phoneNumber": int(number.digits)})
            results.append(result)
        return results

    def check_chat(self, chat: str) -> Flow[CheckResult]:
        """Check whether a JID is on WhatsApp, a LID for instance (checkWhatsapp by ``chatId``, on newer servers).

        The result's ``number`` is the person's, if the JID or the reply has it, and else the JID that was asked for.

        :raises BadInput: it is neither digits nor a person's JID.
        """
        jid = chat_id(chat)
        if jids.is_group(jid):
            raise BadInput(f"chat: {chat[:60]!r} is a group; expected a person's number or JID", vendor=self.name)
        result = yield from self._check(jid, {"chatId": jid})
        return result

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send a message, or the new text of one that was sent, by the method for its type.

        Accepted is not sent: the vendor keeps a message for 24 hours, even while the account is logged out.

        :param message_id: not used: the vendor makes its own.
        :raises BadInput: the message is longer or larger than the vendor takes; found before the call.
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

    def message_status(self, message_id: str, *, to: str | None = None) -> Flow[DeliveryStatus]:
        """Return the delivery status of a message.

        With ``to``, digits or a JID, the message is asked for by its chat and id (getMessage, 10 calls per second).
        By its id alone it is looked for among the messages of the last 24 hours (lastOutgoingMessages, one call per
        second). A message that is not found is ``unknown``: it may be older, or so new that the journal will have it
        in some minutes.

        :raises BadInput: the id is empty, or ``to`` is not a chat.
        """
        plain = self._id(message_id)
        if to:
            found = yield from self._message(chat_id(to), plain)
        else:
            rows = yield from self._list("lastOutgoingMessages", replies.delivery_status, {})
            found = next((row for row in rows if row.message_id == plain), None)
        if found is not None:
            return found
        where = "in that chat" if to else "among the messages of the last 24 hours"
        detail = f"the vendor has no such message {where}"
        return DeliveryStatus(vendor=self.name, message_id=plain, state=DeliveryState.UNKNOWN, detail=detail)

    def delivery_report(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Flow[list[DeliveryStatus]]:
        """Return the delivery statuses of a period, oldest first (lastOutgoingMessages).

        A message's moment is that of its last change, the only one that the vendor reports.

        :param since: without it, a day before ``until``. Moments without a time zone are read as UTC.
        """
        period = self._period(since, until, limit)
        if period.is_empty:
            return []
        rows = yield from self._list("lastOutgoingMessages", replies.delivery_status, self._minutes(period))
        return replies.select(rows, period, lambda row: row.sent_at)[:limit]

    def inbox(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Flow[list[InboxMessage]]:
        """Return the messages of a period, or after the one with the id ``after``, oldest first (lastIncomingMessages).

        :param since: without it, a day before ``until``. Moments without a time zone are read as UTC.
        :param after: id of a message; without ``since`` it is looked for among the messages of a day, then of 30 days.
            If it is not among them, all of them count as later.
        """
        period = self._period(since, until, limit)
        if period.is_empty:
            return []
        method, minutes = "lastIncomingMessages", self._minutes(period)
        rows = yield from self._list(method, incoming.inbox_message, minutes)
        if after and not since and after not in {row.message_id for row in rows}:
            rows = yield from self._list(method, incoming.inbox_message, {"minutes": str(MONTH)})
        return replies.select(rows, period, lambda row: row.received_at, after)[:limit]

    def receive_notification(self, seconds: int = QUEUE_WAITS.start) -> Flow[Notification | None]:
        """Return the oldest notification of the vendor's queue; None if none comes within ``seconds``.

        It stays in the queue, and comes again, until ``delete_notification``: call that after storing the notification.
        The vendor keeps notifications for 24 hours, if they go to its queue and not to a webhook.

        :param seconds: 5 to 60.
        :raises BadInput: ``seconds`` is another number; found before the call.
        """
        if seconds not in QUEUE_WAITS:
            limits = f"{QUEUE_WAITS.start} to {QUEUE_WAITS.stop - 1}"
            raise BadInput(f"seconds: got {seconds}; it must be a whole number of {limits}", vendor=self.name)
        request = self._request(
            "receiveNotification", params={"receiveTimeout": str(seconds)}, timeout=seconds + RECEIVE_TIMEOUT
        )
        reply = yield from self.ask(request)
        if reply.body.strip() in (b"", b"null"):
            return None
        found = events.notification(reply.object)
        if found is None:
            raise self.unexpected(reply, what="the reply is not a notification")
        return found

    def delete_notification(self, receipt_id: int) -> Flow[bool]:
        """Delete a notification from the queue; False if it was not there any more.

        It may be repeated: no other notification ever has this number.
        """
        if whole_number(receipt_id) is None:
            raise BadInput(f"receipt_id: {str(receipt_id)[:40]!r} is not a whole number", vendor=self.name)
        reply = yield from self.ask(self._request("deleteNotification", f"/{receipt_id}"))
        deleted = truth(pick(reply.object, "result"))
        if deleted is None:
            raise self.unexpected(reply, what="the reply does not say whether it was deleted")
        return deleted

    def events(self, post: Post) -> list[Event]:
        """Return the event of a post to the webhook: a notification as in the queue, kept raw if of another kind.

        :raises UnexpectedReply: the post is not a notification.
        """
        return events.events(post)

    def instance_settings(self) -> Flow[dict[str, Any]]:
        """Return the instance's settings by their names (getSettings), without the webhook's URL and token.

        These may be secrets; ``webhook`` has the URL.
        """
        current = yield from self._settings()
        return {name: value for name, value in current.items() if name not in TEXT_SETTINGS}

    def set_settings(self, values: Mapping[str, Any]) -> Flow[None]:
        """Change settings of the instance (setSettings): the vendor restarts it and applies them within 5 minutes.

        :param values: settings by the vendor's names: switches ("yes", "no" or a boolean), ``webhookUrl``,
            ``webhookUrlToken``, ``delaySendMessagesMilliseconds``.
        :raises BadInput: a name or a value is not one of the vendor's; found before the call.
        """
        yield from self._save(settings.checked(values))

    def webhook(self) -> Flow[Webhook]:
        """Return where the instance posts its notifications, and the settings that switch these on (getSettings)."""
        current = yield from self._settings()
        return replies.webhook(current)

    def set_webhook(self, url: str, events: Sequence[str] = ()) -> Flow[Webhook]:
        """Have notifications posted to ``url`` (getSettings, setSettings); without a call if they are already.

        The vendor restarts the instance and applies the settings within 5 minutes: the result's ``warning`` says so.

        :param events: settings such as ``incomingWebhook``, or the vendor's words for the notifications; all others are
            switched off. Without any, the useful ones are switched on and the others stay as they are.
        :raises BadInput: the URL is not one, or an event is unknown.
        """
        current = yield from self._settings()
        changed = settings.changes(settings.of_webhook(url, events, current), current)
        if not changed:
            return replies.webhook(current)
        yield from self._save(changed)
        found = yield from self._settings()
        warning = f"the vendor restarts the instance and applies the settings within {SETTINGS_MINUTES} minutes"
        if late := settings.changes(changed, found):
            warning += f"; it does not report these yet: {', '.join(late)}"
        return replies.webhook(found, warning)

    def delete_webhook(self) -> Flow[None]:
        """Have notifications kept in the vendor's queue again (setSettings); it takes a minute until that answers."""
        yield from self._save({"webhookUrl": ""})

    def mark_read(self, message_ids: Sequence[str], chat: str, sender: str | None = None) -> Flow[None]:
        """Mark messages of a chat as read, one call each (readChat); all that are unread if no id is given.

        Only messages that came in while ``incomingWebhook`` was on can be marked. ``sender`` is not used.
        """
        chat = chat_id(chat)
        bodies = [{"chatId": chat, "idMessage": self._id(message_id)} for message_id in message_ids]
        for body in bodies or [{"chatId": chat}]:
            reply = yield from self.ask(self._request("readChat", body=body))
            if truth(pick(reply.object, "setRead")) is not True:
                raise self.unexpected(reply, what="the reply does not say that the message was marked as read")

    def delete_message(self, to: str, message_id: str, *, own_only: bool = False) -> Flow[None]:
        """Delete a message that this account sent, for everybody in the chat (deleteMessage).

        :param own_only: delete it for this account alone.
        :raises BadInput: the vendor has no such message, or it is deleted already.
        """
        body = {"chatId": chat_id(to), "idMessage": self._id(message_id)} | (
            {"onlySenderDelete": True} if own_only else {}
        )
        yield from self.ask(self._request("deleteMessage", body=body, effect=Effect.SEND))

    def forward(self, to: str, chat: str, message_ids: Sequence[str]) -> Flow[list[SentMessage]]:
        """Forward messages of a chat to another one, in one call (forwardMessages).

        :raises BadInput: there is no message, or an id is empty; found before the call.
        """
        ids = [self._id(message_id) for message_id in message_ids]
        if not ids:
            raise BadInput("message_ids: there are none; expected one id at least", vendor=self.name)
        body = {"chatId": chat_id(to), "chatIdFrom": chat_id(chat), "messages": ids}
        reply = yield from self.ask(self._request("forwardMessages", body=body, effect=Effect.SEND))
        made = pick(reply.object, "messages")
        made = [text(item) for item in made] if isinstance(made, list) else []
        if len(made) != len(ids) or not all(made):
            raise self.unexpected(reply, Effect.SEND, "the reply does not have an id for each message")
        return [SentMessage(vendor=self.name, message_id=sent_id, to=to, raw=reply.object) for sent_id in made]

    def chat_history(self, chat: str, limit: int = HISTORY) -> Flow[list[InboxMessage | DeliveryStatus]]:
        """Return the last messages of a chat, oldest first: received ones, and sent ones with their delivery status.

        (getChatHistory)
        """
        require_limit(limit, vendor=self.name)
        reply = yield from self.ask(self._request("getChatHistory", body={"chatId": chat_id(chat), "count": limit}))
        if not isinstance(reply.json, list):
            raise self.unexpected(reply, what="the reply is not a list")
        return replies.history(reply.json)

    def download(self, kind: str, reference: Mapping[str, Any]) -> Flow[MediaFile]:
        """Return the file of a message: the vendor makes a link (downloadFile), and the link is read.

        :param kind: image, video, audio, document or sticker.
        :param reference: the message as a notification or a journal has it, or ``chatId`` and ``idMessage`` alone.
        :raises BadInput: one of these is missing, or the vendor does not have the file any more.
        """
        chat, message_id = files.reference(kind, reference)
        body = {"chatId": chat_id(chat), "idMessage": message_id}
        reply = yield from self.ask(self._request("downloadFile", body=body))
        base, path = files.link(text(pick(reply.object, "downloadUrl")))
        # The reply is the file itself: no part of it is the vendor's word for an error.
        link = Request("GET", path, base=base, timeout=DOWNLOAD_TIMEOUT)
        answer = yield from self.ask(link, accept=(200, *files.GONE))
        if answer.status != 200:
            raise BadInput(f"the file is gone from the vendor's store (HTTP {answer.status})", vendor=self.name)
        return files.media_file(answer, path, reference)

    def contacts(self) -> Flow[list[Contact]]:
        """Return the people in the account's contacts (getContacts); its groups are ``group_chats``."""
        rows = yield from self._list("getContacts", replies.contact, {})
        return [row for row in rows if not replies.is_group(row)]

    def group_chats(self) -> Flow[list[Contact]]:
        """Return the account's groups, by id and name only (getContacts); ``group`` returns more of each."""
        rows = yield from self._list("getContacts", replies.contact, {})
        return [row for row in rows if replies.is_group(row)]

    def group(self, jid: str) -> Flow[Group]:
        """Return a group and its members (getGroupData).

        :raises BadInput: it is not the JID of a group.
        """
        if not jids.is_group(chat := chat_id(jid)):
            raise BadInput(f"group: {jid[:60]!r} is not the JID of a group; expected one with @g.us", vendor=self.name)
        reply = yield from self.ask(self._request("getGroupData", body={"groupId": chat}))
        found = replies.group(reply.object)
        if found is None:
            raise self.unexpected(reply, what="the reply is not a group")
        return found

    def avatar(self, chat: str) -> Flow[Avatar]:
        """Return the picture of a person or a group, if the account may see one (getAvatar)."""
        reply = yield from self.ask(self._request("getAvatar", body={"chatId": chat_id(chat)}))
        # What went wrong stands in the "reason" of a success.
        if reason := text(pick(reply.object, "reason")):
            kind = VendorUnavailable if "timeout" in reason.casefold() else BadInput
            raise kind(f"no avatar: {reason}", vendor=self.name, code=reason, raw=reply.object)
        if pick(reply.object, "urlAvatar", "existsWhatsapp", "available") is None:
            raise self.unexpected(reply, what="the reply has no avatar")
        return Avatar(vendor=self.name, url=text(pick(reply.object, "urlAvatar")) or None, raw=reply.object)

    def _check(self, jid: str, body: dict[str, Any]) -> Flow[CheckResult]:
        reply = yield from self.ask(self._request("checkWhatsapp", body=body))
        if not reply.object:
            raise self.unexpected(reply)
        return replies.check_result(jid, reply.object)

    def _settings(self) -> Flow[dict[str, Any]]:
        reply = yield from self.ask(self._request("getSettings"))
        if pick(reply.object, "webhookUrl", "incomingWebhook", "typeInstance") is None:
            raise self.unexpected(reply, what="the reply has no settings")
        return reply.object

    def _save(self, values: Mapping[str, str | int]) -> Flow[None]:
        """Change settings. A repeat changes them to the same."""
        reply = yield from self.ask(self._request("setSettings", body={**values}))
        if truth(pick(reply.object, "saveSettings")) is not True:
            raise self.unexpected(reply, what="the reply does not say that the settings were saved")

    def _id(self, message_id: str) -> str:
        plain = message_id.strip()
        if not plain:
            raise BadInput("message_id: the text is empty", vendor=self.name)
        return plain

    def _message(self, chat: str, message_id: str) -> Flow[DeliveryStatus | None]:
        try:
            reply = yield from self.ask(self._request("getMessage", body={"chatId": chat, "idMessage": message_id}))
        except BadInput as error:
            # The vendor's answer for a message that is not in its journal yet.
            if "not found" in (error.code or "").casefold():
                return None
            raise
        found = replies.delivery_status(reply.object)
        if found is None:
            raise self.unexpected(reply, what="the reply is not a message")
        return found

    def _list(self, method: str, read: Callable[[Any], T | None], params: Mapping[str, str]) -> Flow[list[T]]:
        """Return the records of a method that answers with a list, without the items that cannot be read."""
        reply = yield from self.ask(self._request(method, params=params))
        if not isinstance(reply.json, list):
            raise self.unexpected(reply, what="the reply is not a list")
        return [row for item in reply.json if (row := read(item)) is not None]

    def _period(self, since: datetime | None, until: datetime | None, limit: int | None) -> Period:
        period = Period.of(since, until, vendor=self.name)
        require_limit(limit, vendor=self.name)
        return period

    def _minutes(self, period: Period) -> dict[str, str]:
        minutes = period.minutes_back(self.clock())
        return {} if minutes is None else {"minutes": str(minutes)}

    def _request(self, method: str, rest: str = "", *, body: dict[str, Any] | None = None, **options: Any) -> Request:
        verb, rate = METHODS[method]
        path = f"/waInstance{self.instance_id}/{method}/{self.token}{rest}"
        return Request(verb, path, json=body, method_rate=MethodRate(method, rate * RATE_USED), **options)
