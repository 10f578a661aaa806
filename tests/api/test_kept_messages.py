# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_wa.api.kept_messages import file_name, kept, shown
from airflow_provider_wa.api.messages import (
    Button,
    Buttons,
    ContactCard,
    Document,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    Message,
    Poll,
    Reaction,
    Text,
    Video,
)

PICTURE = Media(b"\x89PNG", filename="a.png")
URL = Media(url="https://files.example.org/docs/bill.pdf?X-Signature=abc#page=2")

CASES: list[tuple[Message, str, str | None]] = [
    (Text("hello\nyou"), "hello\nyou", None),
    (Image(PICTURE, "look"), "look", "a.png"),
    (Video(PICTURE, "look", thumbnail=b"jpeg"), "look", "a.png"),
    (Document(URL), "", "bill.pdf"),
    (Location(-12.0, -77.0, name="Lima", address="Plaza"), "Lima\nPlaza", None),
    (ContactCard("Ana", "+51987654321"), "Ana", None),
    (Buttons("Coming?", (Button("Yes"), Button("Web", url="https://a.example/x?y=1")), "bye", media=PICTURE),
     "Coming?\nbye\n• Yes\n• Web", "a.png"),
    (ListMessage("Choose", "Open", (ListRow("One", section="s"), ListRow("Two")), header="H"),
     "H\nChoose\n• One\n• Two", None),
    (Poll("When?", ("Mon", "Tue")), "When?\n• Mon\n• Tue", None),
    (Reaction("m1", "👍"), "👍", None),
]  # fmt: skip


@pytest.mark.parametrize(("message", "text", "file"), CASES, ids=[case[0].type for case in CASES])
def test_a_message_is_kept_with_all_that_a_person_reads(message: Message, text: str, file: str | None) -> None:
    content: dict[str, Any] = json.loads(json.dumps(kept(message)))
    assert content["type"] == message.type
    assert shown(content) == text
    assert file_name(content) == file


def test_neither_a_files_bytes_nor_the_signature_of_its_url_is_kept() -> None:
    assert kept(Document(URL))["media"]["url"] == "https://files.example.org/docs/bill.pdf"
    text = str([kept(Image(PICTURE)), kept(Video(PICTURE, thumbnail=b"jpeg")), kept(Document(URL))])
    assert "PNG" not in text
    assert "jpeg" not in text.replace("image/jpeg", "")
    assert "Signature" not in text


def test_a_button_keeps_its_whole_url() -> None:
    button = Button("Web", url="https://a.example/x?y=1")
    assert kept(Buttons("b", (button,)))["buttons"] == [{"text": "Web", "url": "https://a.example/x?y=1"}]
