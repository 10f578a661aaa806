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
    Notification,
    QrCode,
    SentMessage,
    Session,
    SessionState,
)
from airflow_provider_wa.api.webhooks import Event, Post
from airflow_provider_wa.vendors.base import Documented, ErrorRule, Vendor, secret
from airflow_provider_wa.vendors.green_api import events, replies
from airflow_provider_wa.vendors.green_api.messages import SENDS, chat_id, outgoing
from airflow_provider_wa.vendors.green_api.tables import (
    ENDPOINTS,
    ERRORS,
    METHODS,
    MONTH,
    NAME,
    NUMBER_DIGITS,
    QUEUE_WAITS,
    RATE_USED,
    RECEIVE_TIMEOUT,
    REPORT_SECONDS,
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
        """Return the vendor's text: ``message`` of an object, a JSON string, or the body itself."""
        if reply.status < 300:
            return None
        words = (
            text(pick(reply.object, "message")) or text(pick(replies.quota(reply.object), "status")) or text(reply.json)
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
            result = yield from self._check(
                number.digits,
                {"phoneNumber": int(number.digits)},
                jids.of_person(number.digits, jids.OLD_PERSON_SERVER),
            )
            results.append(result)
        return results

    def check_chat(self, chat: str) -> Flow[CheckResult]:
        """Check whether a JID is on WhatsApp, a LID for instance (checkWhatsapp by ``chatId``, on newer servers).

        :raises BadInput: it is neither digits nor a JID.
        """
        jid = chat_id(chat)
        result = yield from self._check(jid.partition("@")[0], {"chatId": jid}, jid)
        return result

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send a message (sendMessage, sendFileByUrl, sendFileByUpload, sendLocation, sendContact, sendPoll).

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
        plain = message_id.strip()
        if not plain:
            raise BadInput("message_id: the text is empty", vendor=self.name)
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
        rows = yield from self._list(method, replies.inbox_message, minutes)
        if after and not since and after not in {row.message_id for row in rows}:
            rows = yield from self._list(method, replies.inbox_message, {"minutes": str(MONTH)})
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

    def _check(self, digits: str, body: dict[str, Any], jid: str) -> Flow[CheckResult]:
        reply = yield from self.ask(self._request("checkWhatsapp", body=body))
        if not reply.object:
            raise self.unexpected(reply)
        return replies.check_result(digits, jid, reply.object)

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
