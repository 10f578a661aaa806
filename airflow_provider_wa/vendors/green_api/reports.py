# SPDX-License-Identifier: Apache-2.0
"""Sent and received messages in Green-API's journals and its queue (field-notes; the vendor's public pages)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.json_fields import pick, truth, whole_number
from airflow_provider_wa.api.periods import Period, require_limit
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus, InboxMessage, Notification
from airflow_provider_wa.vendors.green_api import events, incoming, replies
from airflow_provider_wa.vendors.green_api.calls import Calls
from airflow_provider_wa.vendors.green_api.messages import chat_id
from airflow_provider_wa.vendors.green_api.tables import HISTORY, MONTH, QUEUE_WAITS, RECEIVE_TIMEOUT


class Reports(Calls):
    """Methods for the journals of messages and the queue of notifications."""

    asks_by_recipient: ClassVar[bool] = True
    """A message's status is found only in its recipient's chat, which may be under the LID."""

    def message_status(self, message_id: str, *, to: str | None = None) -> Flow[DeliveryStatus]:
        """Return the delivery status of a message.

        With ``to``, digits or a JID, the message is looked up by its chat and id (getMessage, 10 calls per second).
        Without it, the message is searched in those of the last 24 hours (lastOutgoingMessages, one call per second).
        A message that is not found is ``unknown``: it may be older, or so new that it is in the journal only after some
        minutes.

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
        detail = f"the vendor does not have the message {where}"
        return DeliveryStatus(vendor=self.name, message_id=plain, state=DeliveryState.UNKNOWN, detail=detail)

    def delivery_report(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Flow[list[DeliveryStatus]]:
        """Return the delivery statuses of a period, oldest first (lastOutgoingMessages).

        The moment of a message is its last change: the vendor reports no other.

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
        """Return the messages of a period, or after the message ``after``, oldest first (lastIncomingMessages).

        :param since: without it, a day before ``until``. Moments without a time zone are read as UTC.
        :param after: id of a message; without ``since`` it is searched in the messages of a day, then of 30 days. If it
            is not found, all of them count as later.
        """
        period = self._period(since, until, limit)
        if period.is_empty:
            return []
        method, minutes = "lastIncomingMessages", self._minutes(period)
        rows = yield from self._list(method, incoming.inbox_message, minutes)
        if after and not since and after not in {row.message_id for row in rows}:
            rows = yield from self._list(method, incoming.inbox_message, {"minutes": str(MONTH)})
        return replies.select(rows, period, lambda row: row.received_at, after)[:limit]

    def chat_history(self, chat: str, limit: int = HISTORY) -> Flow[list[InboxMessage | DeliveryStatus]]:
        """Return the last received and sent messages of a chat, oldest first (getChatHistory).

        Sent ones have their delivery status.
        """
        require_limit(limit, vendor=self.name)
        reply = yield from self.ask(self._request("getChatHistory", body={"chatId": chat_id(chat), "count": limit}))
        if not isinstance(reply.json, list):
            raise self.unexpected(reply, what="the reply is not a list")
        return replies.history(reply.json)

    def receive_notification(self, seconds: int = QUEUE_WAITS.start) -> Flow[Notification | None]:
        """Return the oldest notification of the vendor's queue; None if none comes within ``seconds``.

        It stays in the queue, and is returned again, until ``delete_notification``: delete it after storing it.
        The vendor keeps notifications for 24 hours, if they go to its queue and not to a webhook.

        :param seconds: 5 to 60.
        :raises BadInput: ``seconds`` is outside of this range; raised before the call.
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
        """Delete a notification from the queue; False if it was gone already.

        A repeat is harmless: the number is never used for another notification.
        """
        if whole_number(receipt_id) is None:
            raise BadInput(f"receipt_id: {str(receipt_id)[:40]!r} is not a whole number", vendor=self.name)
        reply = yield from self.ask(self._request("deleteNotification", f"/{receipt_id}"))
        deleted = truth(pick(reply.object, "result"))
        if deleted is None:
            raise self.unexpected(reply, what="the reply does not say whether it was deleted")
        return deleted

    def _message(self, chat: str, message_id: str) -> Flow[DeliveryStatus | None]:
        try:
            reply = yield from self.ask(self._request("getMessage", body={"chatId": chat, "idMessage": message_id}))
        except BadInput as error:
            # The vendor's answer while a message is not in its journal yet.
            if "not found" in (error.code or "").casefold():
                return None
            raise
        found = replies.delivery_status(reply.object)
        if found is None:
            raise self.unexpected(reply, what="the reply is not a message")
        return found

    def _period(self, since: datetime | None, until: datetime | None, limit: int | None) -> Period:
        period = Period.of(since, until, vendor=self.name)
        require_limit(limit, vendor=self.name)
        return period

    def _minutes(self, period: Period) -> dict[str, str]:
        minutes = period.minutes_back(self.clock())
        return {} if minutes is None else {"minutes": str(minutes)}
