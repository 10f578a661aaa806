# SPDX-License-Identifier: Apache-2.0
"""The portal's reports and lists: which days to ask for, what their rows mean (vendor-docs/wa_portal, 2, 4, 6, 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.json_fields import moment, pick, text, truth, whole_number
from airflow_provider_wa.api.records import Contact, DeliveryState, DeliveryStatus, Group, InboxMessage
from airflow_provider_wa.vendors.wa_portal.messages import NAME

DELIVERY_REPORT_DAYS = 7
"""For so many days the portal keeps how messages fared (section 2.2)."""

DELIVERY_STATES: Mapping[int, DeliveryState] = {
    1: DeliveryState.SENT,
    3: DeliveryState.DELIVERED,
    4: DeliveryState.READ,
}
"""``statusMessage`` of an outgoing message: the numbers that were seen (field-notes, Portal); others stay raw."""

SUBMISSION_STATES: Mapping[int, DeliveryState] = {1: DeliveryState.SENT}
"""``status`` of an outgoing message, which tells of its submission alone: no number of it means delivered."""

INBOX_KINDS: Mapping[str, str] = {
    "isLocation": "location",
    "isContact": "contact",
    "isButton": "button",
    "isList": "list",
}
"""The marks of an incoming message that is neither text nor media, and the portal's word for each."""

R = TypeVar("R", DeliveryStatus, InboxMessage)

_LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name.

    :raises BadInput: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    # A name may be that of a directory or no path at all.
    except (KeyError, ValueError, OSError):
        raise BadInput(f"timezone {name[:60]!r} is no IANA name, such as Asia/Kolkata", vendor=NAME) from None


@dataclass(frozen=True)
class Period:
    """What happened from ``since`` until before ``until``, which the portal can only be asked for by whole days.

    The days are those of the portal's time zone, which both moments and ``today`` are in.
    """

    since: datetime | None
    until: datetime | None
    today: date

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None, local: ZoneInfo, now: datetime) -> Period:
        """A period between two moments; one without a time zone is read as UTC.

        :raises BadInput: it ends before it begins, or a moment is beyond the calendar.
        """
        begin, end = _local("since", since, local), _local("until", until, local)
        if begin and end and end < begin:
            raise BadInput(f"until ({until}) is before since ({since})", vendor=NAME)
        return cls(begin, end, now.astimezone(local).date())

    @property
    def is_empty(self) -> bool:
        """Whether it ends as it begins, so that nothing can have happened in it."""
        return self.since is not None and self.since == self.until

    @property
    def is_whole_days(self) -> bool:
        """Whether what the portal tells of its days is just what happened in it."""
        bounds = [bound for bound in (self.since, self.until) if bound is not None]
        return (self.since is not None or not bounds) and all(bound.time() == time() for bound in bounds)

    @property
    def parameters(self) -> dict[str, str]:
        """Its days; none without a beginning: the portal takes both dates or none, and tells of all days then."""
        if self.since is None:
            return {}
        first = self.since.date()
        last = min((self.until - timedelta(microseconds=1)).date(), self.today) if self.until else self.today
        return {"start_date": _day(first), "end_date": _day(max(first, last))}

    def require_kept(self, days: int) -> None:
        """Refuse a period of which the portal has forgotten a part, as it keeps ``days`` days.

        :raises BadInput: naming the bound, and the first day that can be asked for.
        """
        first = self.today - timedelta(days=days)
        for name, bound in (("since", self.since), ("until", self.until)):
            if bound is not None and bound.date() < first:
                ago = (self.today - bound.date()).days
                raise BadInput(
                    f"{name}: {bound:%Y-%m-%d} is {ago:,} days ago; the portal keeps at most {days}: from {first} on",
                    vendor=NAME,
                )

    def holds(self, happened: datetime | None) -> bool:
        """Whether something happened in it; of what has no moment only the portal's word is known."""
        if happened is None:
            return True
        return (self.since is None or happened >= self.since) and (self.until is None or happened < self.until)


def rows(data: Any, key: str) -> list[dict[str, Any]] | None:
    """The rows of a report, which may be one object or a list of them; None if ``data`` is neither.

    What has no ``key``, a row's id, is left out, unless nothing else came.
    """
    listed = [data] if isinstance(data, dict) else data
    if not isinstance(listed, list):
        return None
    found = [row for row in listed if isinstance(row, dict) and text(pick(row, key))]
    return found if found or not listed else None


def oldest_first(records: Iterable[R], happened: Callable[[R], datetime | None]) -> list[R]:
    """``records`` by moment and id, each id once, as it was updated last: the portal's own order is not known."""
    by_update = sorted(records, key=lambda record: moment(pick(record.raw, "updatedAt")) or _LONG_AGO)
    unique = {record.message_id: record for record in by_update}
    return sorted(unique.values(), key=lambda record: (happened(record) or _LONG_AGO, record.message_id))


def delivery_status(row: dict[str, Any], message_id: str = "") -> DeliveryStatus:
    """A row of a report: ``status`` is the submission, ``statusMessage`` the delivery (field-notes, Portal).

    ``text`` is shown for a text; that of a file it holds the caption is inferred from the inbox's rows.

    :param message_id: the message that was asked for, where the row does not tell.
    """
    delivery = whole_number(pick(row, "statusMessage"))
    scale, states = ("statusMessage", DELIVERY_STATES) if delivery else ("status", SUBMISSION_STATES)
    number = whole_number(pick(row, scale))
    return DeliveryStatus(
        vendor=NAME,
        message_id=text(pick(row, "messageID")) or message_id,
        state=states.get(number or 0, DeliveryState.UNKNOWN),
        to=text(pick(row, "phone")) or None,
        code=None if number is None else str(number),
        detail=text(pick(row, f"{scale}Info")),
        sent_at=moment(pick(row, "createdAt")),
        delivered_at=moment(pick(row, "deliveredAt")),
        read_at=moment(pick(row, "readAt")),
        text=text(pick(row, "text")) or None,
        raw=row,
    )


def inbox_message(row: dict[str, Any]) -> InboxMessage:
    """A row of the inbox: ``waID`` is the chat, a group's for instance. The path of a file is the portal's own."""
    if truth(pick(row, "isMedia")):
        kind = text(pick(row, "mediaType")) or "media"
    else:
        kind = next((word for mark, word in INBOX_KINDS.items() if truth(pick(row, mark))), "text")
    chat = text(pick(row, "waID"))
    return InboxMessage(
        vendor=NAME,
        message_id=text(pick(row, "messageID")),
        sender=text(pick(row, "phone")) or chat,
        kind=kind,
        text=text(pick(row, "text")),
        chat=chat or None,
        wa_message_id=text(pick(row, "waMessageID")) or None,
        received_at=moment(pick(row, "createdAt")),
        media_url=text(pick(row, "mediaPath")) or text(pick(row, "link")) or None,
        raw=row,
    )


def contact(row: dict[str, Any]) -> Contact:
    """A row of the contacts."""
    return Contact(vendor=NAME, jid=text(pick(row, "id")), name=text(pick(row, "name")), raw=row)


def group(row: dict[str, Any]) -> Group:
    """A row of the groups, with its members."""
    members = pick(row, "participants")
    found = (text(member) or text(pick(member, "id")) for member in members) if isinstance(members, list) else ()
    return Group(
        vendor=NAME,
        jid=text(pick(row, "id")),
        name=text(pick(row, "name")),
        participants=tuple(member for member in found if member),
        raw=row,
    )


def _local(name: str, bound: datetime | None, local: ZoneInfo) -> datetime | None:
    if bound is None:
        return None
    aware = bound if bound.utcoffset() is not None else bound.replace(tzinfo=timezone.utc)
    try:
        return aware.astimezone(local)
    except OverflowError:
        raise BadInput(f"{name}: {bound} is beyond the calendar", vendor=NAME) from None


def _day(day: date) -> str:
    return f"{day:%d-%m}-{day.year:04}"
