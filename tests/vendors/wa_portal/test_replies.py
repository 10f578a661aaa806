# SPDX-License-Identifier: Apache-2.0
"""Days that the portal's reports are asked for, and their rows in any order and shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise, permutations
from typing import Any

import pytest
from contract.samples_wa_portal import INDIA, INSTANCE, NOTHING_FOUND, QR, TODAY, VENDOR
from helpers.script import HTML, play, reply
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import BadInput, QuotaExceeded, SessionDown, UnexpectedReply, VendorUnavailable
from airflow_provider_wa.api.flow import Flow, Reply
from airflow_provider_wa.api.records import DeliveryState
from airflow_provider_wa.vendors.wa_portal.client import WaPortal

UTC = timezone.utc
JUNE = datetime(2022, 6, 1, tzinfo=INDIA)


def at(day: int, hour: int = 0, minute: int = 0, tz: Any = INDIA) -> datetime:
    return datetime(2022, 6, day, hour, minute, tzinfo=tz)


def answer(*rows: Any, **more: Any) -> Reply:
    return reply({"status": "success", "message": "00-Success", "data": list(rows), **more})


def row(message_id: Any, created: str | None = "2022-06-24T13:04:25+05:30", **fields: Any) -> dict[str, Any]:
    return {"messageID": message_id, "createdAt": created, "phone": "919300000001", **fields}


Ask = Callable[..., Flow[list[Any]]]
REPORTS = pytest.mark.parametrize("ask", [VENDOR.delivery_report, VENDOR.inbox], ids=["delivery", "inbox"])
LISTS: dict[str, Ask] = {
    "delivery": VENDOR.delivery_report,
    "inbox": VENDOR.inbox,
    "after": lambda: VENDOR.inbox(after="62***43"),
}

# Which days to ask for

PERIODS: dict[str, tuple[datetime | None, datetime | None, dict[str, str]]] = {
    "nothing": (None, None, {}),
    "a day": (at(24), at(25), {"start_date": "24-06-2022", "end_date": "24-06-2022"}),
    "a moment over a day": (at(24), at(25, 0, 1), {"start_date": "24-06-2022", "end_date": "25-06-2022"}),
    "a day of UTC": (at(24, tz=UTC), at(25, tz=UTC), {"start_date": "24-06-2022", "end_date": "25-06-2022"}),
    "late in UTC": (at(23, 19, tz=UTC), at(23, 20, tz=UTC), {"start_date": "24-06-2022", "end_date": "24-06-2022"}),
    "until now": (at(24, 8), None, {"start_date": "24-06-2022", "end_date": "26-06-2022"}),
    "into the future": (at(24), at(30), {"start_date": "24-06-2022", "end_date": "26-06-2022"}),
    "tomorrow": (at(27), None, {"start_date": "27-06-2022", "end_date": "27-06-2022"}),
    # Both dates or none: the portal tells all that it has, and what is later is left out here.
    "no beginning": (None, at(25), {}),
    "no time zone": (
        datetime(2022, 6, 23, 19), datetime(2022, 6, 23, 20), {"start_date": "24-06-2022", "end_date": "24-06-2022"},
    ),
}  # fmt: skip


@REPORTS
@pytest.mark.parametrize(("since", "until", "days"), PERIODS.values(), ids=PERIODS)
def test_the_days_of_a_period(ask: Ask, since: datetime | None, until: datetime | None, days: dict[str, str]) -> None:
    request = play(ask(since=since, until=until), [answer()]).request
    assert request.params == {"token": VENDOR.token, **days}


def test_the_days_are_those_of_the_portals_time_zone() -> None:
    lima = replace(VENDOR, timezone="America/Lima")
    request = play(lima.inbox(since=at(24, 3, tz=UTC), until=at(24, 4, tz=UTC)), [answer()]).request
    assert (request.params["start_date"], request.params["end_date"]) == ("23-06-2022", "23-06-2022")


@REPORTS
@pytest.mark.parametrize(
    ("since", "until", "limited"),
    [
        (None, None, True),
        (at(24), at(25), True),
        (at(24), None, True),
        (at(24, 8), None, False),
        (at(24), at(25, 8), False),
        (None, at(25), False),
        (at(24, tz=UTC), at(25, tz=UTC), False),
    ],
    ids=str,
)
def test_the_portal_cuts_only_where_nothing_is_left_out_after_it(
    ask: Ask, since: datetime | None, until: datetime | None, limited: bool
) -> None:
    request = play(ask(since=since, until=until, limit=2), [answer()]).request
    assert ("limit" in request.params) is limited


@REPORTS
def test_only_what_happened_in_the_period_is_told(ask: Ask) -> None:
    rows = [
        row("before", "2022-06-24T07:59:59.999+05:30"),
        row("first", "2022-06-24T08:00:00+05:30"),
        row("in UTC", "2022-06-24T03:00:00Z"),
        row("last", "2022-06-24T08:59:59.999+05:30"),
        row("after", "2022-06-24T09:00:00+05:30"),
        # The portal says that it is of these days, and nothing is known against it.
        row("unknown", None),
    ]
    found = play(ask(since=at(24, 8), until=at(24, 9)), [answer(*rows)]).result
    assert [record.message_id for record in found] == ["unknown", "first", "in UTC", "last"]


@REPORTS
def test_a_period_of_no_length_holds_nothing_and_asks_nothing(ask: Ask) -> None:
    played = play(ask(since=at(24), until=at(24)))
    assert (played.result, played.requests) == ([], [])


@REPORTS
@pytest.mark.parametrize(
    "wrong",
    [
        {"since": at(25), "until": at(24)},
        {"limit": 0},
        {"limit": -1},
        {"until": datetime.max.replace(tzinfo=UTC)},
    ],
    ids=str,
)
def test_a_wrong_period_is_refused_before_any_request(ask: Ask, wrong: dict[str, Any]) -> None:
    played = play(ask(**wrong))
    assert type(played.error) is BadInput
    assert played.requests == []


@pytest.mark.parametrize("bound", ["since", "until"])
def test_delivery_is_kept_for_7_days(bound: str) -> None:
    played = play(VENDOR.delivery_report(**{bound: at(18, 23, 59)}))
    assert type(played.error) is BadInput
    assert played.requests == []
    assert str(played.error) == (
        f"wa_portal: {bound}: 2022-06-18 is 8 days ago; the vendor keeps at most 7: from 2022-06-19 on"
    )
    assert play(VENDOR.delivery_report(**{bound: at(19)}), [answer()]).result == []


def test_a_week_may_be_asked_for_at_its_end() -> None:
    midnight = replace(VENDOR, clock=lambda: at(26, 0, 5))
    assert play(midnight.delivery_report(since=at(19), until=at(26)), [answer()]).result == []


def test_the_inbox_is_kept_for_longer() -> None:
    assert play(VENDOR.inbox(since=JUNE - timedelta(days=365)), [answer()]).result == []


def test_now_is_now_unless_a_clock_says_otherwise() -> None:
    now = datetime.now(UTC)
    vendor = WaPortal(base_url="http://x", token="t", timezone="UTC")
    request = play(vendor.delivery_report(since=now), [answer()]).request
    assert request.params["end_date"] in {f"{now:%d-%m-%Y}", f"{datetime.now(UTC):%d-%m-%Y}"}


@pytest.mark.parametrize(
    "name", ["", "India", "Asia", "Asia/Nowhere", "+05:30", "/etc/passwd", "../UTC", "a\0b", "\ud800"]
)
def test_a_time_zone_that_there_is_not(name: str) -> None:
    with pytest.raises(BadInput, match="timezone"):
        WaPortal(base_url="http://x", token="t", timezone=name)


def test_india_is_the_default() -> None:
    assert VENDOR.timezone == "Asia/Kolkata"
    assert TODAY.utcoffset() == INDIA.utcoffset(None)


# Order and number

EARLY, LATE = "2022-06-24T08:00:00+05:30", "2022-06-24T09:00:00+05:30"


@REPORTS
@pytest.mark.parametrize("rows", [*permutations([row("b", EARLY), row("c", LATE), row("a", LATE), row("d", "x")])])
def test_the_oldest_come_first_then_by_id(ask: Ask, rows: tuple[dict[str, Any], ...]) -> None:
    assert [record.message_id for record in play(ask(), [answer(*rows)]).result] == ["d", "b", "a", "c"]


@pytest.mark.parametrize("turn", [1, -1], ids=["old first", "new first"])
def test_each_message_is_told_once_as_it_was_updated_last(turn: int) -> None:
    rows = [
        row("a", EARLY, status=1, statusMessage=0, updatedAt="2022-06-24T08:00:01+05:30"),
        row("a", EARLY, status=1, statusMessage=3, updatedAt="2022-06-24T08:00:02+05:30"),
    ]
    (status,) = play(VENDOR.delivery_report(), [answer(*rows[::turn])]).result
    assert status.state is DeliveryState.DELIVERED


FIVE = [row(name, f"2022-06-24T0{hour}:00:00+05:30") for hour, name in enumerate("abcde", 1)]


@REPORTS
@pytest.mark.parametrize("rows", [FIVE, FIVE[::-1]], ids=["oldest first", "newest first"])
def test_a_limit_keeps_the_newest(ask: Ask, rows: list[dict[str, Any]]) -> None:
    assert [record.message_id for record in play(ask(limit=2), [answer(*rows)]).result] == ["d", "e"]
    assert len(play(ask(limit=9), [answer(*rows)]).result) == 5


@pytest.mark.parametrize("rows", [FIVE, FIVE[::-1]], ids=["oldest first", "newest first"])
def test_going_on_from_the_last_message_misses_none(rows: list[dict[str, Any]]) -> None:
    played = play(VENDOR.inbox(after="a", limit=2), [answer(*rows)])
    assert [message.message_id for message in played.result] == ["b", "c"], "a itself may or may not come along"
    assert played.request.path == "/api/inboxReportOffset"
    assert played.request.params == {"token": VENDOR.token, "offset": "a"}


def test_after_and_a_period_go_together() -> None:
    found = play(VENDOR.inbox(after="a", since=at(24, 3), until=at(24, 5)), [answer(*FIVE)]).result
    assert [message.message_id for message in found] == ["c", "d"]


def test_an_empty_after_is_none() -> None:
    assert play(VENDOR.inbox(after=""), [answer()]).request.path == "/api/inboxReport"


# Rows


@pytest.mark.parametrize("ask", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize(
    "found",
    [
        reply(NOTHING_FOUND, 400),
        reply(NOTHING_FOUND),
        answer(),
        reply({"status": "success", "message": "00-Success", "data": None}),
    ],
    ids=["14", "14 with 200", "no rows", "null"],
)
def test_nothing_is_no_error(ask: Ask, found: Reply) -> None:
    assert play(ask(), [found]).result == []


@pytest.mark.parametrize("ask", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("data", ["x", 5, True, {}, [None], ["x"], [{}], {"messageID": ""}, [{"phone": "1"}]], ids=str)
def test_rows_that_are_none_are_unexpected(ask: Ask, data: Any) -> None:
    found = reply({"status": "success", "message": "00-Success", "data": data})
    assert type(play(ask(), [found]).error) is UnexpectedReply


@pytest.mark.parametrize("message", ["", "01-Access token failed", None], ids=str)
def test_a_success_without_rows_or_code_00_is_unexpected(message: Any) -> None:
    assert type(play(VENDOR.inbox(), [reply({"status": "success", "message": message})]).error) is UnexpectedReply


@REPORTS
def test_what_is_no_row_among_rows_is_left_out(ask: Ask) -> None:
    assert len(play(ask(), [answer(None, row("a"), "x", row(None), row(62))]).result) == 2


@REPORTS
def test_another_error_stays_one(ask: Ask) -> None:
    assert type(play(ask(), [reply({"status": "error", "message": "05-Quota expiry"}, 400)]).error) is QuotaExceeded
    assert type(play(ask(), [reply(HTML, 502)] * 4).error) is VendorUnavailable


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text": "Hello,\n*Ana* \n"}, "Hello,\n*Ana*"),
        ({"text": "Look", "isMedia": True, "mediaType": "image"}, "Look"),
        ({"text": 4711}, "4711"),
        ({"text": "", "isMedia": True}, None),
        ({"text": None}, None),
        ({}, None),
    ],
    ids=str,
)
def test_what_was_sent_is_told_where_the_portal_tells_it(fields: dict[str, Any], expected: str | None) -> None:
    (status,) = play(VENDOR.delivery_report(), [answer(row("a", **fields))]).result
    assert status.text == expected


KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({}, "text"),
    "image": ({"isMedia": True, "mediaType": "image"}, "image"),
    "media of no type": ({"isMedia": "true", "mediaType": ""}, "document"),
    "location": ({"isLocation": True}, "location"),
    "contact": ({"isContact": 1}, "contact"),
    "button": ({"isButton": True}, "button"),
    "list": ({"isList": True}, "list"),
    "rubbish": ({"isMedia": None, "isList": "perhaps"}, "text"),
}


@pytest.mark.parametrize(("fields", "kind"), KINDS.values(), ids=KINDS)
def test_the_kind_of_an_incoming_message(fields: dict[str, Any], kind: str) -> None:
    (message,) = play(VENDOR.inbox(), [answer(row("a", **fields))]).result
    assert message.kind == kind


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"mediaPath": "assets/media/a.jpg", "link": "https://x.example/a"}, "assets/media/a.jpg"),
        ({"mediaPath": "", "link": "https://x.example/a"}, "https://x.example/a"),
        ({"mediaPath": "", "link": ""}, None),
    ],
    ids=["path", "link", "neither"],
)
def test_where_the_file_of_an_incoming_message_is(fields: dict[str, Any], url: str | None) -> None:
    (message,) = play(VENDOR.inbox(), [answer(row("a", isMedia=True, **fields))]).result
    assert message.media_url == url


@pytest.mark.parametrize(
    ("fields", "sender", "chat"),
    [
        ({"phone": "9193", "waID": "1203@g.us"}, "1203@g.us", "1203@g.us"),
        ({"phone": "", "waID": "1203@g.us"}, "1203@g.us", "1203@g.us"),
        ({"phone": 9193, "waID": None}, "9193", None),
        ({"phone": None, "waID": []}, "", None),
    ],
    ids=["both", "chat", "phone", "neither"],
)
def test_who_sent_an_incoming_message(fields: dict[str, Any], sender: str, chat: str | None) -> None:
    (message,) = play(VENDOR.inbox(), [answer({**row("a"), **fields})]).result
    assert (message.sender, message.chat) == (sender, chat)


@REPORTS
def test_a_row_does_not_keep_the_instances_id_which_is_a_credential(ask: Ask) -> None:
    (found,) = play(ask(), [answer(row("a", instanceID="5f00", clientID="5e00"))]).result
    assert found.raw == row("a", clientID="5e00")


# Contacts and groups

ACCOUNT = pytest.mark.parametrize("ask", [VENDOR.contacts, VENDOR.groups], ids=["contacts", "groups"])
LOGGED_OUT = INSTANCE.replace('"login":true', '"login":false')


@ACCOUNT
@pytest.mark.parametrize("found", [reply(NOTHING_FOUND, 400), answer()], ids=["14", "no rows"])
@pytest.mark.parametrize(
    ("session", "kind"),
    [
        ([reply(INSTANCE)], None),
        ([reply(QR)], SessionDown),
        ([reply(LOGGED_OUT)], SessionDown),
        ([reply(HTML, 502)] * 4, VendorUnavailable),
        ([reply({"status": "success", "data": {}})], UnexpectedReply),
    ],
    ids=["logged in", "QR code", "logged out", "down", "rubbish"],
)
def test_having_none_may_mean_being_disconnected(ask: Ask, found: Reply, session: list[Reply], kind: Any) -> None:
    played = play(ask(), [found, *session])
    assert played.requests[1].path == "/api/qrCode"
    if kind is None:
        assert played.result == []
    else:
        assert type(played.error) is kind


@ACCOUNT
def test_one_may_be_an_object(ask: Ask) -> None:
    (found,) = play(ask(), [reply({"status": "success", "message": "00-Success", "data": {"ID": 9193}})]).result
    assert (found.jid, found.name) == ("9193", "")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (["9193", 9194], ("9193", "9194")),
        ([{"id": "9193"}, None, "", {}], ("9193",)),
        (None, ()),
        ("9193", ()),
    ],
    ids=str,
)
def test_the_members_of_a_group(members: Any, expected: tuple[str, ...]) -> None:
    (group,) = play(VENDOR.groups(), [answer({"id": "1", "participants": members})]).result
    assert group.participants == expected


MOMENTS = st.datetimes(datetime(2022, 6, 19, 6), datetime(2022, 6, 25), timezones=st.just(UTC))


@given(st.lists(MOMENTS, max_size=8), MOMENTS, MOMENTS)
def test_adjoining_periods_tell_each_message_once(moments: list[datetime], one: datetime, other: datetime) -> None:
    rows = answer(*(row(str(number), moment.isoformat()) for number, moment in enumerate(moments)))
    first, last = datetime(2022, 6, 19, tzinfo=UTC), datetime(2022, 6, 26, tzinfo=UTC)
    bounds = [first, *sorted((one, other)), last]
    told: list[str] = []
    for since, until in pairwise(bounds):
        played = play(VENDOR.delivery_report(since=since, until=until), iter([rows]))
        told += [status.message_id for status in played.result]
    assert sorted(told) == sorted(str(number) for number in range(len(moments)))


DEVICES = [
    ("919300000001:3@c.us", "919300000001@c.us", "919300000001"),
    ("919300000001.0:12@s.whatsapp.net", "919300000001@s.whatsapp.net", "919300000001"),
    ("98765432101234:3@lid", "98765432101234@lid", "98765432101234@lid"),
    ("919300000001", "919300000001", "919300000001"),
]


@pytest.mark.parametrize(("written", "jid", "person"), DEVICES)
def test_a_device_is_no_part_of_an_address(written: str, jid: str, person: str) -> None:
    (contact,) = play(VENDOR.contacts(), [answer({"id": written, "name": "Ana"})]).result
    (group,) = play(VENDOR.groups(), [answer({"id": "1@g.us", "participants": [written, {"id": written}]})]).result
    status = play(VENDOR.message_status("7"), [answer(row("7", phone=written, status=1))]).result
    assert (contact.jid, group.participants, status.to) == (jid, (jid, jid), person)


@pytest.mark.parametrize(("written", "jid"), [(written, jid) for written, jid, _ in DEVICES])
def test_the_account_has_no_device(written: str, jid: str) -> None:
    info = {"login": True, "info": {"Connected": True, "Wid": written}}
    assert play(VENDOR.session(), [reply({"status": "success", "data": info})]).result.jid == jid
