# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.waiting.reply_search import ReplySearch

ANA, BEN = "51987654321", "51987654322"
AFTER = 1_000_000_000.5


def message(text: str, sender: str = ANA, at: float | None = AFTER + 60, message_id: str = "") -> InboxMessage:
    moment = None if at is None else datetime.fromtimestamp(at, timezone.utc)
    return InboxMessage(message_id=message_id or text, sender=sender, text=text, received_at=moment)


def first(*messages: InboxMessage, **arguments: Any) -> str | None:
    found = ReplySearch(**{"senders": [ANA], "after": AFTER, "pattern": None, **arguments}).first(messages)
    return found.text if found else None


def test_the_first_message_of_the_sender_is_the_answer() -> None:
    assert first(message("hers", BEN), message("one"), message("two")) == "one"
    assert first(message("hers", BEN)) is None


def test_either_form_of_a_number_is_the_sender() -> None:
    assert first(message("yes", "5491112345607"), senders=["541112345607", "5491112345607"]) == "yes"


def test_what_came_before_is_no_answer_to_the_second() -> None:
    assert first(message("before", at=AFTER - 1)) is None
    assert first(message("in that second", at=int(AFTER))) == "in that second"
    assert first(message("nobody knows when", at=None)) == "nobody knows when"


def test_a_pattern_is_looked_for_anywhere_in_the_text() -> None:
    said = [message("perhaps"), message("well, YES please"), message("yes")]
    assert first(*said, pattern="(?i)yes") == "well, YES please"
    assert first(*said, pattern="^yes$") == "yes"
    assert first(*said, pattern="never") is None
