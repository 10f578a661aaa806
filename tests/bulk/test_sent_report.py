# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_wa.api.messages import (
    Audio,
    Button,
    Buttons,
    ContactCard,
    Document,
    Edit,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    Message,
    Poll,
    Reaction,
    Sticker,
    Text,
    Video,
)
from airflow_provider_wa.api.records import DeliveryState, DeliveryStatus
from airflow_provider_wa.bulk.sent_report import CLOCKS, SentReport, comparable_text, same_text

FILE = Media(b"%PDF-1.7", filename="a.pdf")

TEXTS: list[tuple[Message, str | None]] = [
    (Text("Hello,\n*you* "), "Hello,\n*you* "),
    (Text("Yes", quoted_id="A1"), "Yes"),
    (Image(FILE, caption="Look"), "Look"),
    (Video(FILE, caption="Look"), "Look"),
    (Document(FILE, caption="Read"), "Read"),
    (Document(FILE), None),
    (Image(FILE, caption=" \n"), None),
    (Audio(FILE), None),
    (Sticker(FILE), None),
    (Location(1, 2, name="Here"), None),
    (ContactCard("Ana", "+34666666666"), None),
    (Buttons("Tea?", (Button("Yes"),)), None),
    (ListMessage("Choose", "Open", (ListRow("Tea"),)), None),
    (Poll("Tea?", ("yes", "no")), None),
    (Reaction("A1", "x"), None),
    (Edit("A1", "Hello"), None),
]


@pytest.mark.parametrize(("message", "expected"), TEXTS, ids=lambda value: getattr(value, "type", repr(value)))
def test_the_text_by_which_a_message_is_recognised(message: Message, expected: str | None) -> None:
    assert comparable_text(message) == expected


SAME = {
    "as it is": ("Hello, Ana", "Hello, Ana"),
    "blanks at the ends": ("  Hello, Ana \n", "Hello, Ana"),
    "line ends": ("Hello,\r\nAna", "Hello,\nAna"),
    "blank lines": ("Hello,\n\n  Ana", "Hello,\nAna"),
    "no-break space": ("Hello,\u00a0Ana", "Hello, Ana"),
    "accents apart": ("Jose\u0301", "Jos\u00e9"),
    "emoji": ("ok \U0001f44d\U0001f3fd", "ok \U0001f44d\U0001f3fd "),
}
OTHER: dict[str, tuple[str | None, str | None]] = {
    "another word": ("Hello, Ana", "Hello, Eva"),
    "a part": ("Hello, Ana", "Hello"),
    "case": ("hello", "Hello"),
    "a blank within a word": ("Hel lo", "Hello"),
    "a mark": ("*Hello*", "Hello"),
    "skin": ("\U0001f44d\U0001f3fd", "\U0001f44d"),
    "one is not known": ("Hello", None),
    "none is known": (None, None),
    "both are empty": ("", " \n"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_what_reads_the_same_is_the_same(one: str, other: str) -> None:
    assert same_text(one, other)
    assert same_text(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_what_reads_differently_is_not_the_same(one: str | None, other: str | None) -> None:
    assert not same_text(one, other)
    assert not same_text(other, one)


NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)
TO = "51987654321"


def status(
    name: str = "m1", to: str | None = TO, text: str | None = "hello", at: datetime | None = NOON
) -> DeliveryStatus:
    return DeliveryStatus(message_id=name, state=DeliveryState.SENT, to=to, text=text, sent_at=at)


def report(*statuses: DeliveryStatus, claimed: tuple[str, ...] = ()) -> SentReport:
    return SentReport(statuses, claimed, NOON, NOON)


def test_a_message_is_found_by_recipient_and_text() -> None:
    sent = report(status("m1", to="51999999999"), status("m2", text="bye"), status("m3"))
    assert sent.take(TO, "hello", NOON) == status("m3")


def test_a_message_accounts_for_one_of_ours_only() -> None:
    sent = report(status("m1"), status("m2"))
    found = [sent.take(TO, "hello", NOON) for _ in range(3)]
    assert found == [status("m1"), status("m2"), None]


def test_what_is_known_to_be_another_message_is_none_of_ours() -> None:
    sent = report(status("m1"), claimed=("m1",))
    assert sent.take(TO, "hello", NOON) is None
    assert not sent.may_hold(TO, NOON)


@pytest.mark.parametrize(("before", "counts"), [(CLOCKS, True), (CLOCKS + SECOND, False), (-CLOCKS, True)])
def test_the_vendors_clock_may_be_a_little_off(before: timedelta, counts: bool) -> None:
    sent = report(status(at=NOON - before))
    assert sent.may_hold(TO, NOON) == counts
    assert (sent.take(TO, "hello", NOON) is not None) == counts


def test_a_message_without_a_moment_may_be_ours() -> None:
    assert report(status(at=None)).take(TO, "hello", NOON) is not None


@pytest.mark.parametrize("text", [None, "", "hell", "Hello"])
def test_another_text_is_not_ours_but_may_be(text: str | None) -> None:
    sent = report(status(text=text))
    assert sent.take(TO, "hello", NOON) is None
    assert sent.may_hold(TO, NOON)


def test_blanks_and_line_ends_make_no_other_text() -> None:
    assert report(status(text="hello\r\nyou ")).take(TO, "hello\nyou", NOON) is not None


def test_what_went_to_nobody_known_is_nobodys() -> None:
    assert not report(status(to=None)).may_hold(TO, NOON)


@pytest.mark.parametrize(
    ("told", "ours"),
    [
        ("51987654321@c.us", TO),
        ("51987654321@s.whatsapp.net", TO),
        ("5215512345607", "525512345607"),
        ("525512345607@c.us", "5215512345607"),
        ("5511987654307", "551187654307"),
        ("120363043968066561@g.us", "120363043968066561@g.us"),
    ],
)
def test_a_recipient_is_one_in_whatever_form_the_vendor_tells_it(told: str, ours: str) -> None:
    assert report(status(to=told)).take(ours, "hello", NOON) is not None


def test_a_group_is_not_the_number_that_it_looks_like() -> None:
    assert report(status(to=f"{TO}@g.us")).take(TO, "hello", NOON) is None


def test_a_report_shows_what_was_sent_after_its_beginning_and_could_be_shown_at_its_time() -> None:
    sent = SentReport([], (), NOON, NOON + 10 * SECOND)
    assert sent.reaches(NOON)
    assert not sent.reaches(NOON - SECOND)
    assert sent.is_after(NOON + 10 * SECOND)
    assert not sent.is_after(NOON + 11 * SECOND)
