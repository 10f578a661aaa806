# SPDX-License-Identifier: Apache-2.0
"""Finds out what became of messages whose outcome is not known: they are looked for among what the account has sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from airflow_provider_wa.api.numbers import person
from airflow_provider_wa.api.records import DeliveryStatus
from airflow_provider_wa.bulk.recognition import same_text

CLOCKS = timedelta(minutes=2)
"""How far the vendor's clock may be from ours."""


class Outgoing:
    """What an account has sent; each of these messages accounts for one of ours.

    :param statuses: as the vendor lists them, with their texts.
    :param claimed: the ids of those that are known to be others.
    :param since: from when on the vendor was asked for what was sent, but for a tolerance of ``CLOCKS``.
    :param asked_at: when it was asked.
    :param lacks_the_accepted: whether something is not among it that was accepted, so that it does not tell of all.
    :param is_logged_in: whether the account is: while it is not, what it was given may wait at the vendor.
    """

    def __init__(
        self,
        statuses: Iterable[DeliveryStatus],
        claimed: Collection[str],
        since: datetime,
        asked_at: datetime,
        lacks_the_accepted: bool = False,
        is_logged_in: bool = True,
    ) -> None:
        self._since_when, self._asked_at = since, asked_at
        self.lacks_the_accepted = lacks_the_accepted
        self.is_logged_in = is_logged_in
        self._left: defaultdict[str, list[DeliveryStatus]] = defaultdict(list)
        for status in statuses:
            if status.to and status.message_id not in claimed:
                self._left[person(status.to)].append(status)

    def shows(self, sent_from: datetime, shown_at: datetime) -> bool:
        """Whether it shows a message that was sent after a moment, and is shown from another moment on."""
        return self._since_when <= sent_from and shown_at <= self._asked_at

    def take(self, recipient: str, text: str, since: datetime) -> DeliveryStatus | None:
        """The message with this text that went to somebody after a moment, unless it was taken before.

        :param recipient: digits or a JID.
        :return: None if there is none.
        """
        for status in self._since(recipient, since):
            if same_text(status.text, text):
                self._left[person(recipient)].remove(status)
                return status
        return None

    def may_hold(self, recipient: str, since: datetime) -> bool:
        """Whether a message went to somebody after a moment that is not accounted for.

        It may be one of ours, though its text is another: a vendor may cut long ones, or tell none.
        """
        return any(True for _ in self._since(recipient, since))

    def _since(self, recipient: str, moment: datetime) -> Iterator[DeliveryStatus]:
        for status in self._left.get(person(recipient), ()):
            if status.sent_at is None or status.sent_at >= moment - CLOCKS:
                yield status
