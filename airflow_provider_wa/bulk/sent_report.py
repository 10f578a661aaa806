# SPDX-License-Identifier: Apache-2.0
"""A vendor's report of sent messages, in which messages in doubt are looked for."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.messages import MediaMessage, Message, Text
from airflow_provider_wa.api.numbers import person
from airflow_provider_wa.api.records import DeliveryStatus
from airflow_provider_wa.store.send_states import Evidence

CLOCKS = timedelta(minutes=2)
"""Maximum difference between the vendor's clock and ours."""


class SentReport:
    """A vendor's report of the messages that an account has sent. Each entry is matched with one message in doubt.

    :param statuses: the messages as the vendor lists them, with their texts.
    :param claimed: ids of messages in the report that are matched already.
    :param since: beginning of the report's period, with a tolerance of ``CLOCKS``.
    :param asked_at: the moment at which the vendor was asked.
    :param lacks_the_accepted: an accepted message is missing, so the report is not complete.
    :param is_logged_in: the account is logged in. Messages of a logged-out account may wait at the vendor.
    :param known_as: all names of recipients; a recipient that is missing here has one name.
    """

    def __init__(
        self,
        statuses: Iterable[DeliveryStatus],
        claimed: Collection[str],
        since: datetime,
        asked_at: datetime,
        lacks_the_accepted: bool = False,
        is_logged_in: bool = True,
        known_as: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._since_when, self._asked_at = since, asked_at
        self.lacks_the_accepted = lacks_the_accepted
        self.is_logged_in = is_logged_in
        self._known_as = known_as
        self._left: defaultdict[str, list[DeliveryStatus]] = defaultdict(list)
        for status in statuses:
            if status.to and status.message_id not in claimed:
                for name in self._persons(status.to):
                    self._left[name].append(status)

    def reaches(self, moment: datetime) -> bool:
        """Return True if the report's period had begun at a moment."""
        return self._since_when <= moment

    def is_after(self, shown_at: datetime) -> bool:
        """Return True if the vendor was asked at a moment or later."""
        return shown_at <= self._asked_at

    def evidence(self, to: str, text: str, since: datetime) -> tuple[Evidence, DeliveryStatus | None]:
        """Return the evidence for a message in doubt, and its entry in the report if there is one.

        :param to: the recipient: digits or a JID.
        """
        if self.lacks_the_accepted:
            return Evidence.INCOMPLETE, None
        if found := self.take(to, text, since):
            return Evidence.FOUND, found
        if self.may_hold(to, since):
            return Evidence.ANOTHER_TEXT, None
        if self.may_name(to, text, since):
            return Evidence.ANOTHER_NAME, None
        return (Evidence.NOT_FOUND if self.is_logged_in else Evidence.LOGGED_OUT), None

    def take(self, recipient: str, text: str, since: datetime) -> DeliveryStatus | None:
        """Return the message with this text that went to a recipient after a moment; None if the report lacks it.

        Each message is returned once.

        :param recipient: digits or a JID.
        """
        for status in self._since(recipient, since):
            if same_text(status.text, text):
                for name in self._persons(status.to or recipient):
                    self._left[name].remove(status)
                return status
        return None

    def may_hold(self, recipient: str, since: datetime) -> bool:
        """Return True if a message that is not accounted for went to a recipient after a moment.

        It may be one of ours although its text differs: a vendor may cut long texts, or report no text.
        """
        return any(True for _ in self._since(recipient, since))

    def has(self, recipient: str, text: str) -> bool:
        """Return True if this text went to a recipient at any time, in a message that is not accounted for."""
        return any(same_text(status.text, text) for status in self._left.get(person(recipient), ()))

    def may_name(self, recipient: str, text: str, since: datetime) -> bool:
        """Return True if this text went to a LID without a known number: it may be the recipient's."""
        unnamed = (name for name in self._left if jids.is_lid(name) and len(self._persons(name)) == 1)
        sent = (status for name in unnamed for status in self._since(name, since))
        return "@" not in recipient and any(same_text(status.text, text) for status in sent)

    def _persons(self, recipient: str) -> set[str]:
        return {person(name) for name in self._known_as.get(recipient, (recipient,))}

    def _since(self, recipient: str, moment: datetime) -> Iterator[DeliveryStatus]:
        for status in self._left.get(person(recipient), ()):
            if status.sent_at is None or status.sent_at >= moment - CLOCKS:
                yield status


def comparable_text(message: Message) -> str | None:
    """Return the text that a report shows of a message: a text's body, a file's caption; None if it has neither."""
    if isinstance(message, Text):
        return message.body
    if isinstance(message, MediaMessage) and message.caption.strip():
        return message.caption
    return None


def same_text(one: str | None, other: str | None) -> bool:
    """Return True if two texts read the same: blanks, line ends and the encoding of accents do not count.

    In transit a text may lose blanks at its ends, and its line ends may change. Texts without other differences are
    equal, since an unrecognised message may be sent twice. An empty or missing text equals no other text.
    """
    return _normal(one) == _normal(other) != ""


def _normal(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFC", text or "").split())
