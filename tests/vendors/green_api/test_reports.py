# SPDX-License-Identifier: Apache-2.0
"""Green-API's journals of messages, and its queue of notifications."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from helpers.script import Played, play, reply

from airflow_provider_wa.api.errors import BadInput, QueueClosed
from airflow_provider_wa.api.records import DeliveryState, InboxMessage
from airflow_provider_wa.vendors.green_api.client import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")


def test_an_id_alone_that_the_day_does_not_know_is_unknown() -> None:
    found = play(VENDOR.message_status("1"), [reply([{"idMessage": "2", "statusMessage": "read"}])]).result
    assert (found.message_id, found.state) == ("1", DeliveryState.UNKNOWN)
    assert "24 hours" in found.detail


def test_a_message_that_its_chat_does_not_know_yet_is_unknown() -> None:
    found = play(
        VENDOR.message_status("1", to="34666666666"), [reply({"message": "message not found by id"}, 400)]
    ).result
    assert (found.message_id, found.state) == ("1", DeliveryState.UNKNOWN)
    assert type(play(VENDOR.message_status("1", to="34666666666"), [reply({"message": "bad"}, 400)]).error) is BadInput


@pytest.mark.parametrize(("message_id", "to"), [("", None), (" ", None), (" ", "34666666666"), ("1", "ana")])
def test_a_message_id_or_a_chat_that_is_none_is_refused_before_any_call(message_id: str, to: str | None) -> None:
    assert type(play(VENDOR.message_status(message_id, to=to)).error) is BadInput


# Journals


NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
CLOCK = GreenApi(base_url="https://x", instance_id="1", token="t", clock=lambda: NOON)


def row(name: str, minutes_ago: float | None, **more: Any) -> dict[str, Any]:
    moment = {} if minutes_ago is None else {"timestamp": int(NOON.timestamp() - minutes_ago * 60)}
    return {"idMessage": name, "chatId": "34666666666@c.us", **moment, **more}


def inbox(rows: Any, **options: Any) -> Played[list[InboxMessage]]:
    answers = rows if isinstance(rows, tuple) else (rows,)
    return play(CLOCK.inbox(**options), [reply(answer) for answer in answers])


def ids(played: Played[Any]) -> list[str]:
    return [found.message_id for found in played.result]


def ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def test_nothing_is_asked_for_a_period_without_length() -> None:
    assert play(CLOCK.inbox(since=NOON, until=NOON)).result == []
    assert play(CLOCK.delivery_report(since=NOON, until=NOON)).result == []


@pytest.mark.parametrize("options", [{"since": NOON, "until": ago(1)}, {"limit": 0}, {"limit": -1}], ids=str)
def test_a_period_that_is_none_is_refused_before_any_call(options: dict[str, Any]) -> None:
    assert type(play(CLOCK.inbox(**options)).error) is BadInput
    assert type(play(CLOCK.delivery_report(**options)).error) is BadInput


@pytest.mark.parametrize("moment", [datetime.min, datetime.max, datetime.min.replace(tzinfo=timezone.utc)])
def test_a_period_may_reach_to_the_ends_of_the_calendar(moment: datetime) -> None:
    assert ids(inbox([row("a", 1)], since=moment)) == (["a"] if moment.year == 1 else [])
    assert ids(inbox([row("a", 1)], until=moment)) == ([] if moment.year == 1 else ["a"])


def test_a_cursor_leaves_out_what_came_before_it() -> None:
    played = inbox([row("c", 1), row("b", 2), row("a", 3)], after="a")
    assert ids(played) == ["b", "c"]
    assert played.request.params == {}


def test_a_cursor_older_than_a_day_is_looked_for_further_back() -> None:
    played = inbox(([row("c", 1)], [row("c", 1), row("b", 2000), row("a", 3000)]), after="a")
    assert ids(played) == ["b", "c"]
    assert [request.params for request in played.requests] == [{}, {"minutes": "43200"}]


def test_a_cursor_that_is_gone_hides_nothing() -> None:
    assert ids(inbox(([row("c", 1)], [row("c", 1), row("b", 2000)]), after="a")) == ["b", "c"]
    assert ids(inbox([row("c", 1)], after="a", since=ago(5))) == ["c"]


def test_a_history_is_oldest_first_and_leaves_out_what_cannot_be_read() -> None:
    items = [
        {"type": "outgoing", "idMessage": "3", "timestamp": 3, "statusMessage": "suspended"},
        {"type": "incoming"},
        {"type": "incoming", "idMessage": "2", "timestamp": 2, "chatId": "34666666666@c.us"},
        {"type": "incoming", "idMessage": "1", "timestamp": 2, "chatId": "34666666666@c.us"},
    ]
    found = play(VENDOR.chat_history("34666666666"), [reply(items)]).result
    assert [row.message_id for row in found] == ["1", "2", "3"]


# Notifications


@pytest.mark.parametrize("seconds", [4, 61, 0, -1, 5.5])
def test_a_wait_of_another_length_is_refused_before_any_call(seconds: Any) -> None:
    error = play(VENDOR.receive_notification(seconds)).error
    assert type(error) is BadInput
    assert "5 to 60" in str(error)


def test_waiting_for_a_notification_does_not_time_out_before_the_vendor() -> None:
    for seconds in (5, 60):
        request = play(VENDOR.receive_notification(seconds), [reply("null")]).request
        assert request.timeout is not None
        assert request.timeout >= seconds + 10


@pytest.mark.parametrize("receipt_id", ["1/../x", "", None, "seven"])
def test_a_receipt_that_is_none_is_refused_before_any_call(receipt_id: Any) -> None:
    assert type(play(VENDOR.delete_notification(receipt_id)).error) is BadInput


CUSTOM_WEBHOOK = "Message cannot be received because custom webhook url is set"


@pytest.mark.parametrize("body", [{"message": CUSTOM_WEBHOOK}, {"reason": CUSTOM_WEBHOOK}, CUSTOM_WEBHOOK], ids=str)
def test_a_queue_that_a_webhook_closes_says_what_to_do(body: Any) -> None:
    error = play(VENDOR.receive_notification(), [reply(body, 400)]).error
    assert type(error) is QueueClosed
    assert "call delete_webhook" in str(error)
