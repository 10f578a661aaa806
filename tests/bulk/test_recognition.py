# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

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
from airflow_provider_wa.bulk.recognition import comparable_text, same_text

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
