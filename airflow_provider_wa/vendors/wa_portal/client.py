# SPDX-License-Identifier: Apache-2.0
"""Portals with "HTTP API 2.0", which resellers run under their own hosts (vendor-docs/wa_portal)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from airflow_provider_wa.api.errors import (
    BadInput,
    QuotaExceeded,
    SessionDown,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Parameters, Reply, Request, Upload
from airflow_provider_wa.api.json_fields import pick, png_bytes, text
from airflow_provider_wa.api.messages import Message
from airflow_provider_wa.api.periods import Period, require_limit
from airflow_provider_wa.api.records import (
    Balance,
    Contact,
    DeliveryStatus,
    Group,
    InboxMessage,
    QrCode,
    Record,
    SentMessage,
    Session,
)
from airflow_provider_wa.api.webhooks import Event, Post
from airflow_provider_wa.vendors.base import Documented, ErrorRule, Vendor, secret
from airflow_provider_wa.vendors.wa_portal import events, replies
from airflow_provider_wa.vendors.wa_portal.messages import SENDS, outgoing
from airflow_provider_wa.vendors.wa_portal.tables import (
    DELIVERY_REPORT_DAYS,
    ENDPOINTS,
    ERRORS,
    NAME,
    NOTHING_FOUND,
    REPORT_SECONDS,
    URL_CHARACTERS,
)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class QrLink(Record):
    """URL of the QR code to log in with. Anyone who scans it owns the session: keep it out of logs and XCom.

    The address holds the instance's token, which is masked in all texts that leave the package: so it is kept as bytes.
    """

    address: bytes = field(repr=False)

    @property
    def url(self) -> str:
        """URL, including the token."""
        return self.address.decode()


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True, kw_only=True)
class WaPortal(Vendor):
    """One instance at a portal, identified by its token.

    :param timezone: IANA name of the time zone of the days in reports.
    :param clock: function that returns the present moment.
    :raises BadInput: the time zone is not known.
    """

    name: ClassVar[str] = NAME
    errors: ClassVar[tuple[ErrorRule, ...]] = ERRORS
    sends: ClassVar[Collection[type[Message]]] = SENDS.keys()
    report_seconds: ClassVar[float] = REPORT_SECONDS
    endpoints: ClassVar[tuple[Documented, ...]] = ENDPOINTS

    token: str = secret()
    timezone: str = "Asia/Kolkata"
    clock: Callable[[], datetime] = field(default=_now, repr=False, compare=False)

    def __post_init__(self) -> None:
        _zone(self.timezone)

    def error_code(self, reply: Reply) -> str | None:
        """Return the two digits of a documented error, else the portal's words; an error may come with HTTP 200."""
        body = reply.object
        status, message = text(pick(body, "status")).casefold(), text(pick(body, "message"))
        if reply.status < 300 and status in ("success", "qrcode"):
            return None
        documented = re.match(r"(\d\d)\s*-", message)
        return documented[1] if documented else message

    def error_in(self, reply: Reply, effect: Effect) -> WaError | None:
        """Return the error of a reply. HTTP 200 may come with an error's status in the body (field-notes, Portal)."""
        said = text(pick(reply.object, "status")).casefold()
        if reply.status < 300 and (said == "error" or re.fullmatch(r"[45]\d\d", said)):
            reply = replace(reply, status=400 if said == "error" else int(said))
        return super().error_in(reply, effect)

    def probe(self) -> Flow[str]:
        """Ask for the balance, which is free."""
        balance = yield from self.balance()
        return f"the token is valid; {balance.left if balance.left is not None else 'unknown'} messages of credit left"

    def send(self, to: str, message: Message, *, message_id: str | None = None) -> Flow[SentMessage]:
        """Send a message (sections 1.1 to 1.9); the portal gives it an id, the caller cannot.

        :raises BadInput: over the portal's limits, to a group, or the number is not on WhatsApp.
        """
        if not (to.isascii() and to.isdigit()):
            raise BadInput(f"to: {to[:60]!r} is not a number; the portal sends to phone numbers only", vendor=self.name)
        sending = outgoing(message)
        parameters = {"phone": to, **sending.parameters}
        request = self._request("POST", sending.path, parameters, Effect.SEND, sending.uploads)
        try:
            reply = yield from self.ask(request)
        except BadInput as error:
            if error.code == "04":
                yield from self._explain_not_sent(error)
            raise
        found = replies.sent_message(reply.object, to, sending.warning)
        if found is None:
            raise self.unexpected(reply, Effect.SEND, "the reply to a send has no message id")
        return found

    def message_status(self, message_id: str, *, to: str | None = None) -> Flow[DeliveryStatus]:
        """Return the delivery status of a message (section 2.1, campaignStatus).

        :raises BadInput: the portal does not know the id (it says so with HTTP 500).
        """
        if not message_id.strip():
            raise BadInput("message_id: the text is empty", vendor=self.name)
        request = self._request("GET", "/api/campaignStatus", {"msg_id": message_id})
        reply = yield from self.ask(request, accept=(500,))
        if reply.status == 500:
            raise BadInput(f"message_id: the portal does not know {message_id!r}", vendor=self.name, status=500)
        data = pick(reply.object, "data")
        row = data[0] if isinstance(data, list) and data else data
        if not isinstance(row, dict):
            raise self.unexpected(reply, what="the reply has no message")
        return replies.delivery_status(row, message_id)

    def delivery_report(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Flow[list[DeliveryStatus]]:
        """Return the delivery statuses of a period (section 2.2, campaignReport), oldest first.

        The portal keeps 7 days, counted here by its dates: a run at midnight may ask for the week before it.

        :param limit: maximum number of statuses; the newest ones are returned.
        :raises BadInput: the portal has deleted a part of the period.
        """
        period = self._period(since, until, limit)
        period.require_kept(DELIVERY_REPORT_DAYS, self._today(), vendor=self.name)
        if period.is_empty:
            return []
        found = yield from self._rows("/api/campaignReport", self._asked(period, limit), "messageID")
        statuses = [status for row in found if _holds(period, (status := replies.delivery_status(row)).sent_at)]
        return _newest(replies.oldest_first(statuses, lambda status: status.sent_at), limit)

    def inbox(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Flow[list[InboxMessage]]:
        """Return incoming messages (sections 4.1, inboxReport, and 4.2, inboxReportOffset), oldest first, each once.

        The document does not say how the portal answers an ``after`` that it has deleted.

        :param after: a ``message_id``: only messages that came after it.
        :param limit: maximum number of messages: the newest; with ``after`` the oldest, so that a caller who continues
            from the last one misses none.
        """
        period = self._period(since, until, limit)
        if period.is_empty:
            return []
        if after:
            # No limit: which end of the list the portal would cut is not known.
            found = yield from self._rows("/api/inboxReportOffset", {"offset": after}, "messageID")
        else:
            found = yield from self._rows("/api/inboxReport", self._asked(period, limit), "messageID")
        messages = [
            message
            for row in found
            if _holds(period, (message := replies.inbox_message(row)).received_at) and message.message_id != after
        ]
        ordered = replies.oldest_first(messages, lambda message: message.received_at)
        return ordered[:limit] if after else _newest(ordered, limit)

    def events(self, post: Post) -> list[Event]:
        """Return the event of a post to the webhook (section 8): a delivery, or an incoming message with its file.

        :raises UnexpectedReply: the post has no ``reportType``.
        """
        return events.events(post)

    def contacts(self) -> Flow[list[Contact]]:
        """Return the account's contacts (section 7).

        :raises SessionDown: the instance is logged out, and has no contacts then.
        """
        found = yield from self._account_rows("/api/contacts")
        return [replies.contact(row) for row in found]

    def groups(self) -> Flow[list[Group]]:
        """Return the account's groups with their members (section 6).

        :raises SessionDown: the instance is logged out, and has no groups then.
        """
        found = yield from self._account_rows("/api/groups")
        return [replies.group(row) for row in found]

    def session(self) -> Flow[Session]:
        """Return the instance's state (section 3.1, qrCode: a QR code means logged out)."""
        reply = yield from self.ask(self._request("GET", "/api/qrCode", {}))
        found = replies.session(reply.object)
        if found is None:
            raise self.unexpected(reply, what="the reply has no login state")
        return found

    def qr_code(self) -> Flow[QrCode]:
        """Return the QR code to log in with (section 3.1).

        :raises SessionDown: the instance is logged in and has no QR code.
        """
        reply = yield from self.ask(self._request("GET", "/api/qrCode", {}))
        data = pick(reply.object, "data")
        if text(pick(reply.object, "status")).casefold() != "qrcode" and isinstance(data, dict):
            raise self._logged_in_already()
        png = png_bytes(data)
        if png is None:
            raise self.unexpected(reply, what="the QR code is not a picture")
        return QrCode(vendor=self.name, png=png)

    def qr_link(self) -> Flow[QrLink]:
        """Return the URL of the QR code as a picture (section 3.2, qrCodeLink).

        :raises SessionDown: the instance is logged in and has no QR code.
        """
        reply = yield from self.ask(self._request("GET", "/api/qrCodeLink", {}))
        data = pick(reply.object, "data")
        if isinstance(data, dict):
            raise self._logged_in_already()
        if not re.fullmatch(r"https?://\S+", text(data)):
            raise self.unexpected(reply, what="the link to the QR code is not a URL")
        return QrLink(vendor=self.name, address=text(data).encode())

    def balance(self) -> Flow[Balance]:
        """Return the credit left, in messages (section 5, checkBal).

        :raises QuotaExceeded: the instance was never charged (the portal says so with HTTP 500).
        """
        reply = yield from self.ask(self._request("GET", "/api/checkBal", {}), accept=(500,))
        if reply.status == 500:
            raise QuotaExceeded("the instance was never charged", vendor=self.name, status=500)
        found = replies.balance(pick(reply.object, "data"))
        if found is None:
            raise self.unexpected(reply, what="the reply has no quota")
        return found

    def _explain_not_sent(self, error: BadInput) -> Flow[None]:
        """Raise the other error of code 04 if the session is logged out: the code has two meanings."""
        try:
            session = yield from self.session()
        except WaError:
            return
        if not session.logged_in:
            raise SessionDown(f"not sent: the instance is {session.detail}", vendor=self.name, code=error.code)

    def _logged_in_already(self) -> SessionDown:
        return SessionDown("the instance is logged in already: there is no QR code", vendor=self.name)

    def _period(self, since: datetime | None, until: datetime | None, limit: int | None) -> Period:
        require_limit(limit, vendor=self.name)
        return Period.of(since, until, zone=_zone(self.timezone), vendor=self.name)

    def _today(self) -> date:
        return self.clock().astimezone(_zone(self.timezone)).date()

    def _asked(self, period: Period, limit: int | None) -> dict[str, str]:
        """Return the parameters of a report: its days and, where these are all that is wanted, ``limit``.

        The portal takes both dates or none, and reports all days then.
        """
        asked = {"limit": str(limit)} if limit is not None and period.is_whole_days else {}
        if days := period.days(self._today()):
            asked |= {"start_date": _day(days[0]), "end_date": _day(days[1])}
        return asked

    def _rows(self, path: str, parameters: Parameters, key: str) -> Flow[list[dict[str, Any]]]:
        """Return the rows of a report, those with a ``key``. An empty report is code 14, or ``null`` with code 00."""
        try:
            reply = yield from self.ask(self._request("GET", path, parameters))
        except BadInput as error:
            if error.code != NOTHING_FOUND:
                raise
            return []
        data = pick(reply.object, "data")
        if data is None and text(pick(reply.object, "message")).startswith("00"):
            return []
        found = replies.rows(data, key)
        if found is None:
            raise self.unexpected(reply, what=f"the reply has no rows with {key}")
        return found

    def _account_rows(self, path: str) -> Flow[list[dict[str, Any]]]:
        """Return the rows of an account's list. An empty list may mean a logged-out session, which is then checked."""
        found = yield from self._rows(path, {}, "id")
        if not found:
            session = yield from self.session()
            if not session.logged_in:
                raise SessionDown(f"the instance is {session.detail}", vendor=self.name, code=NOTHING_FOUND)
        return found

    def _request(
        self,
        method: str,
        path: str,
        parameters: Parameters,
        effect: Effect = Effect.READ,
        uploads: tuple[Upload, ...] = (),
    ) -> Request:
        """Return a request with its parameters in the query, as documented, or in the body if the URL is too long."""
        everything = {"token": self.token, **parameters}
        try:
            fits = _query_fits(everything)
        except UnicodeEncodeError:
            raise BadInput("text: half of a surrogate pair; expected whole characters", vendor=self.name) from None
        if not fits:
            return Request("POST", path, effect, form=everything, files=uploads)
        return Request(method, path, effect, params=everything, files=uploads)


def _query_fits(parameters: Parameters) -> bool:
    """Return True if a query is not too long for the portal.

    :raises UnicodeEncodeError: a value has half of a surrogate pair.
    """
    pairs = [
        (name, each) for name, value in parameters.items() for each in ((value,) if isinstance(value, str) else value)
    ]
    # Most are short: an octet takes at most three characters, a parameter two more.
    if 3 * sum(len(name.encode()) + len(value.encode()) + 2 for name, value in pairs) <= URL_CHARACTERS:
        return True
    # An HTTP client may write a space as three characters.
    return len(urlencode(pairs, quote_via=quote)) <= URL_CHARACTERS


def _zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    :raises BadInput: the name is not known.
    """
    try:
        return ZoneInfo(name)
    # A name may be that of a directory or no path at all.
    except (KeyError, ValueError, OSError):
        raise BadInput(f"timezone: {name[:60]!r} is not an IANA name, such as Asia/Kolkata", vendor=NAME) from None


def _day(day: date) -> str:
    return f"{day:%d-%m}-{day.year:04}"


def _holds(period: Period, moment: datetime | None) -> bool:
    """Return whether a moment lies in a period; without a moment the portal's own selection counts."""
    return moment is None or period.holds(moment)


def _newest(records: list[T], limit: int | None) -> list[T]:
    return records if limit is None else records[-limit:]
