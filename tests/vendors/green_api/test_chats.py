# SPDX-License-Identifier: Apache-2.0
"""Chats at Green-API: messages sent, deleted, forwarded and read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from helpers.script import GARBAGE, play, reply

from airflow_provider_wa.api.errors import BadInput, OutcomeUnknown, UnexpectedReply
from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.api.messages import Document, Edit, Media, Text
from airflow_provider_wa.vendors.green_api.client import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")


def file(size: int = 1, name: str = "a.png") -> Media:
    return Media(b"x" * size, filename=name)


@pytest.mark.parametrize(
    ("base", "media", "uploads"),
    [
        ("https://api.green-api.com", "", "https://media.green-api.com"),
        ("https://7103.api.greenapi.com", "", "https://7103.media.greenapi.com"),
        ("https://api.example.com/green", "", "https://api.example.com/green"),
        ("http://127.0.0.1:8790/green", "", "http://127.0.0.1:8790/green"),
        ("https://api.green-api.com", "https://files.test", "https://files.test"),
    ],
)
def test_where_files_are_uploaded_to(base: str, media: str, uploads: str) -> None:
    vendor = GreenApi(base_url=base, instance_id="1", token="t", media_url=media)
    assert vendor.uploads_url == uploads
    assert play(vendor.send("34666666666", Document(file())), [reply({"idMessage": "1"})]).request.base == uploads


@pytest.mark.parametrize("body", [*GARBAGE.values(), {"message": "ok"}, {"idMessage": None}], ids=str)
def test_a_send_without_an_id_may_have_gone_out(body: Any) -> None:
    assert type(play(VENDOR.send("34666666666", Text("x")), [reply(body)]).error) is OutcomeUnknown


@pytest.mark.parametrize("status", [499, 500, 502, 503])
def test_a_send_that_failed_is_not_repeated(status: int) -> None:
    assert type(play(VENDOR.send("34666666666", Text("x")), [reply(b"", status)]).error) is OutcomeUnknown


# Messages that exist already


@pytest.mark.parametrize(
    "flow",
    [
        lambda: VENDOR.send("34666666666", Edit("7", "x")),
        lambda: VENDOR.delete_message("34666666666", "7"),
        lambda: VENDOR.forward("34666666666", "34666666667", ["7"]),
    ],
    ids=["edit", "delete", "forward"],
)
@pytest.mark.parametrize("status", [499, 500, 502])
def test_what_may_have_been_done_is_not_repeated(flow: Callable[[], Flow[Any]], status: int) -> None:
    assert type(play(flow(), [reply(b"", status)]).error) is OutcomeUnknown


@pytest.mark.parametrize("words", ["message not found by id", "Message by id not found"])
def test_a_message_that_is_deleted_already_is_refused(words: str) -> None:
    error = play(VENDOR.delete_message("34666666666", "7"), [reply({"message": words}, 400)]).error
    assert type(error) is BadInput


@pytest.mark.parametrize("made", [None, [], ["8"], ["8", ""], ["8", None], "89"], ids=str)
def test_a_forward_without_all_ids_may_have_gone_out(made: Any) -> None:
    flow = VENDOR.forward("34666666666", "34666666667", ["6", "7"])
    assert type(play(flow, [reply({"messages": made})]).error) is OutcomeUnknown


@pytest.mark.parametrize(
    "flow",
    [
        lambda: VENDOR.forward("34666666666", "34666666667", []),
        lambda: VENDOR.forward("34666666666", "34666666667", ["7", " "]),
        lambda: VENDOR.delete_message("34666666666", ""),
        lambda: VENDOR.mark_read(["7", ""], "34666666666"),
        lambda: VENDOR.chat_history("nobody"),
        lambda: VENDOR.chat_history("34666666666", 0),
    ],
)
def test_an_id_or_a_chat_that_is_none_is_refused_before_any_call(flow: Callable[[], Flow[Any]]) -> None:
    assert type(play(flow()).error) is BadInput


def test_messages_are_marked_as_read_one_by_one() -> None:
    played = play(VENDOR.mark_read(["6", "7"], "34666666666:3@c.us"), [reply({"setRead": True})] * 2)
    assert [request.json for request in played.requests] == [
        {"chatId": "34666666666@c.us", "idMessage": message_id} for message_id in ("6", "7")
    ]


def test_a_mark_must_be_confirmed() -> None:
    assert type(play(VENDOR.mark_read(["7"], "34666666666"), [reply({"setRead": False})]).error) is UnexpectedReply
