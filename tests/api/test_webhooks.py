# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.records import (
    CheckResult,
    CheckStatus,
    DeliveryState,
    DeliveryStatus,
    InboxMessage,
    MediaFile,
    Record,
    Session,
    SessionState,
)
from airflow_provider_wa.api.webhooks import MAX_DEPTH, Event, EventKind, RawPost, event, posted_object
from airflow_provider_wa.vendors.checkwa.events import CheckCallback

NOON = datetime(2025, 9, 22, 12, tzinfo=timezone.utc)
CHECK = CheckCallback(vendor="checkwa", number="34666666666", status=CheckStatus.EXISTS, reference="t-1")
DELIVERY = DeliveryStatus(vendor="wuzapi", message_id="A1", state=DeliveryState.READ, to="51987654321", code="Read")
INBOX = InboxMessage(vendor="wuzapi", message_id="7", wa_message_id="3EB0", sender="51987654321", text="Hello")
SESSION = Session(vendor="green_api", state=SessionState.BLOCKED, detail="yellowCard")
PICTURE = MediaFile(content=b"\x89PNG")


def nested(levels: int) -> dict[str, Any]:
    """An object that is so many levels deep, in lists and objects by turns."""
    value: Any = {}
    for level in range(levels - 1):
        value = {"a": value} if level % 2 or level == levels - 2 else [value]
    return dict(value)


@pytest.mark.parametrize(
    ("record", "kind", "reference", "party", "status"),
    [
        (CHECK, EventKind.CHECK, "t-1", "34666666666", "exists"),
        (DELIVERY, EventKind.DELIVERY, "A1", "51987654321", "read"),
        (INBOX, EventKind.INBOX, "7", "51987654321", ""),
        (SESSION, EventKind.SESSION, None, None, "blocked"),
        (None, EventKind.OTHER, None, None, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Record) else None,
)
def test_an_events_kind_and_what_it_is_known_by_come_from_its_record(
    record: Record | None, kind: EventKind, reference: str | None, party: str | None, status: str
) -> None:
    made = event(record, vendor_kind="x", raw={"a": 1})
    assert (made.kind, made.reference, made.party, made.status) == (kind, reference, party, status)
    assert (made.record, made.vendor_kind, made.raw) == (record, "x", {"a": 1})


@pytest.mark.parametrize(
    ("record", "moment"),
    [
        (replace(DELIVERY, sent_at=NOON), NOON),
        (replace(DELIVERY, sent_at=NOON, read_at=NOON + timedelta(hours=1)), NOON + timedelta(hours=1)),
        (replace(INBOX, received_at=NOON.astimezone(timezone(timedelta(hours=-5)))), NOON),
        (replace(INBOX, received_at=datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))), None),
        (INBOX, None),
        (CHECK, None),
        (SESSION, None),
    ],
)
def test_when_it_happened_is_in_utc(record: Record, moment: datetime | None) -> None:
    happened = event(record).happened_at
    assert happened == moment
    assert happened is None or happened.tzinfo is timezone.utc


SAME: dict[str, tuple[Event, Event]] = {
    "a check of two spellings": (event(CHECK, raw={"code": "1"}), event(CHECK, raw={"code": 1})),
    "a delivery at another moment": (event(DELIVERY), event(replace(DELIVERY, read_at=NOON), raw={"a": 1})),
    "a message by WhatsApp's id": (event(INBOX), event(replace(INBOX, message_id="8"), raw={"a": 1}, file=PICTURE)),
    "a message without that id": (
        event(replace(INBOX, wa_message_id=None)),
        event(replace(INBOX, wa_message_id=None, text="x")),
    ),
    "what is kept raw": (
        event(None, vendor_kind="Call", raw={"a": 1, "b": [2]}),
        event(None, vendor_kind="Call", raw={"b": [2], "a": 1}),
    ),
    "a session": (event(SESSION, raw={"at": 1}), event(SESSION, raw={"at": 1})),
    "a surrogate": (event(None, raw={"\ud800": "\udfff"}), event(None, raw={"\ud800": "\udfff"})),
}
OTHER: dict[str, tuple[Event, Event]] = {
    "decision and picture": (event(CHECK), event(CHECK, file=PICTURE)),
    "two pictures": (event(CHECK, file=PICTURE), event(CHECK, file=MediaFile(content=b"\xff\xd8"))),
    "two answers": (event(CHECK), event(replace(CHECK, status=CheckStatus.ABSENT))),
    "two references": (event(CHECK), event(replace(CHECK, reference="t-2"))),
    "two states": (event(DELIVERY), event(replace(DELIVERY, state=DeliveryState.DELIVERED))),
    "two unknown states": (
        event(replace(DELIVERY, state=DeliveryState.UNKNOWN, code="7")),
        event(replace(DELIVERY, state=DeliveryState.UNKNOWN, code="8")),
    ),
    "two members of a group": (event(replace(DELIVERY, detail="by 1")), event(replace(DELIVERY, detail="by 2"))),
    "two messages": (event(INBOX), event(replace(INBOX, wa_message_id="3EB1"))),
    "a message and how it fares": (
        event(replace(INBOX, wa_message_id="A1")),
        event(replace(DELIVERY, message_id="A1")),
    ),
    "two sessions": (event(SESSION, raw={"at": 1}), event(SESSION, raw={"at": 2})),
    "two kinds kept raw": (event(None, vendor_kind="Call"), event(None, vendor_kind="Presence")),
    "raw and raw with a file": (event(None, raw={"a": 1}), event(None, raw={"a": 1}, file=PICTURE)),
    "two messages without any id": (
        event(replace(INBOX, message_id="", wa_message_id=None), raw={"a": 1}),
        event(replace(INBOX, message_id="", wa_message_id=None), raw={"a": 2}),
    ),
    "an id and none": (event(INBOX), event(replace(INBOX, message_id="", wa_message_id=None), raw={"a": 1})),
}


@pytest.mark.parametrize(("one", "two"), SAME.values(), ids=SAME)
def test_posts_of_the_same_event_have_the_same_key(one: Event, two: Event) -> None:
    assert one.key == two.key
    assert len(one.key) == 64


@pytest.mark.parametrize(("one", "two"), OTHER.values(), ids=OTHER)
def test_other_events_have_another_key(one: Event, two: Event) -> None:
    assert one.key != two.key


def test_a_plain_checks_result_has_the_key_of_a_callbacks() -> None:
    plain = CheckResult(vendor="checkwa", number="34666666666", status=CheckStatus.EXISTS, reference="t-1")
    assert event(plain).key == event(replace(CHECK, has_picture=True)).key


@pytest.mark.parametrize("wrap", [dict, json.dumps, lambda body: json.dumps(body).encode()])
def test_an_object_may_be_posted_as_text(wrap: Any) -> None:
    assert posted_object("x", wrap({"a": [1, 2.5, None, "b"]})) == {"a": [1, 2.5, None, "b"]}


@pytest.mark.parametrize("body", [None, 5, "", "x", b"\xff", "[1]", '"a"', [], [{"a": 1}]], ids=repr)
def test_what_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(UnexpectedReply, match=r"^x: post: not a JSON object$") as caught:
        posted_object("x", body)
    assert caught.value.raw is None


def test_text_that_opens_many_lists_is_refused_as_too_deep() -> None:
    with pytest.raises(UnexpectedReply, match="100 levels"):
        posted_object("x", "[" * 100_000)


@pytest.mark.parametrize("wrap", [dict, json.dumps])
def test_what_is_nested_too_deeply_is_refused(wrap: Any) -> None:
    assert posted_object("x", wrap(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(UnexpectedReply, match="100 levels"):
        posted_object("x", wrap(nested(MAX_DEPTH + 1)))


@pytest.mark.parametrize(
    "number", [float("nan"), float("inf"), 10**400, -(10**5000)], ids=["nan", "inf", "400", "5000"]
)
@pytest.mark.parametrize("place", [lambda n: {"a": n}, lambda n: {"a": [{"b": n}]}], ids=["outside", "inside"])
def test_numbers_that_cannot_be_written_as_json_are_refused(number: Any, place: Any) -> None:
    with pytest.raises(UnexpectedReply, match="number"):
        posted_object("x", place(number))


def test_a_post_does_not_show_its_headers_and_body() -> None:
    assert "s3" not in repr(RawPost({"authorization": "s3"}, b"s3"))
