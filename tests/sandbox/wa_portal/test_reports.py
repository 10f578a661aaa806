# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from sandbox.calls import PHONE, come_in, message_ids, portal
from starlette.testclient import TestClient

INDIA = timezone(timedelta(hours=5, minutes=30))
DAY = 86_400.0


def send(client: TestClient, text: str = "hi", phone: str = PHONE) -> str:
    return message_ids(portal(client, "sendText", phone=phone, message=text))[0]


def report(client: TestClient, route: str = "campaignReport", **parameters: str) -> httpx.Response:
    return portal(client, route, **parameters)


def ids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    data = response.json()["data"]
    return [row["messageID"] for row in (data if isinstance(data, list) else [data])]


def refusal(response: httpx.Response) -> str:
    assert response.status_code == 400
    return str(response.json()["message"])[:2]


def day(moment: float) -> str:
    return datetime.fromtimestamp(moment, INDIA).strftime("%d-%m-%Y")


class TestCampaign:
    def test_newest_first_and_always_a_list(self, client: TestClient, clock: Any) -> None:
        assert refusal(report(client)) == "14"
        first = send(client)
        body = report(client).json()
        assert isinstance(body["data"], list)
        assert (body["total"], body["offset"], body["limit"]) == (1, 0, 0)
        clock.now += 10
        second = send(client)
        assert ids(report(client)) == [second, first]
        limited = report(client, limit="1")
        assert ids(limited) == [second]
        assert (limited.json()["total"], limited.json()["limit"]) == (2, 1)
        rows = report(client).json()["data"]
        assert [row["statusMessageInfo"] for row in rows] == ["Sent", "Delivered"]

    def test_days_are_indias(self, client: TestClient, clock: Any) -> None:
        clock.now = datetime(2025, 6, 15, 23, 59, tzinfo=INDIA).timestamp()
        late = send(client)
        clock.now += 120
        early = send(client)
        assert ids(report(client, start_date="15-06-2025", end_date="15-06-2025")) == [late]
        assert ids(report(client, start_date="16-06-2025", end_date="16-06-2025")) == [early]
        assert ids(report(client, start_date="15-06-2025", end_date="16-06-2025")) == [early, late]

    def test_only_the_last_7_days(self, client: TestClient, clock: Any) -> None:
        old = send(client)
        clock.now += 6.9 * DAY
        new = send(client)
        assert ids(report(client)) == [new, old]
        clock.now += 0.2 * DAY
        assert ids(report(client)) == [new]
        span = {"start_date": day(clock.now - 8 * DAY), "end_date": day(clock.now)}
        assert ids(report(client, **span)) == [new]

    def test_a_row_holds_what_was_sent(self, client: TestClient) -> None:
        send(client, "one")
        captioned = {"phone": PHONE, "link": "https://example.com/a.png", "message": "look"}
        assert portal(client, "sendFileWithCaption", **captioned).status_code == 200
        place = {"phone": PHONE, "degreesLatitude": "1", "degreesLongitude": "2", "name": "x"}
        assert portal(client, "sendLocation", **place).status_code == 200
        assert {(row["phone"], row["text"], row["isMedia"]) for row in report(client).json()["data"]} == {
            (PHONE, "one", False),
            (PHONE, "look", True),
            (PHONE, "", False),
        }


@pytest.mark.parametrize("route", ["campaignReport", "inboxReport"])
class TestFilters:
    @pytest.mark.parametrize(
        ("parameters", "code"),
        [
            ({"start_date": "15-06-2025"}, "13"),
            ({"end_date": "15-06-2025"}, "13"),
            ({"start_date": "2025-06-15", "end_date": "2025-06-15"}, "12"),
            ({"start_date": "31-02-2025", "end_date": "15-06-2025"}, "12"),
            ({"start_date": "16-06-2025", "end_date": "15-06-2025"}, "12"),
            ({"limit": "many"}, "12"),
            ({"limit": "-1"}, "12"),
            ({"start_date": "01-01-2020", "end_date": "02-01-2020"}, "14"),
        ],
    )
    def test_refusals(self, client: TestClient, route: str, parameters: dict[str, str], code: str) -> None:
        send(client)
        come_in(client, "wa_portal")
        assert refusal(report(client, route, **parameters)) == code


class TestInbox:
    def test_one_row_is_an_object_and_more_are_a_list(self, client: TestClient, clock: Any) -> None:
        assert refusal(report(client, "inboxReport")) == "14"
        first = come_in(client, "wa_portal", "one")
        body = report(client, "inboxReport").json()
        assert isinstance(body["data"], dict)
        assert (body["data"]["text"], body["data"]["phone"]) == ("one", PHONE)
        assert (body["data"]["status"], body["data"]["statusInfo"]) == (3, "Delivered")
        assert body["data"]["createdAt"].endswith("+05:30")
        clock.now += 1
        second = come_in(client, "wa_portal", "two")
        response = report(client, "inboxReport")
        assert isinstance(response.json()["data"], list)
        assert ids(response) == [second["message_id"], first["message_id"]]
        assert ids(report(client, "inboxReport", limit="1")) == [second["message_id"]]

    def test_days(self, client: TestClient, clock: Any) -> None:
        old = come_in(client, "wa_portal")["message_id"]
        before = day(clock.now)
        clock.now += 20 * DAY
        new = come_in(client, "wa_portal")["message_id"]
        assert ids(report(client, "inboxReport", start_date=before, end_date=before)) == [old]
        assert ids(report(client, "inboxReport")) == [new, old]

    def test_after_an_id_and_without_it(self, client: TestClient) -> None:
        # All in one second: the ids alone tell the order.
        found = [come_in(client, "wa_portal", str(number))["message_id"] for number in range(4)]
        assert ids(report(client, "inboxReportOffset")) == found[::-1]
        assert ids(report(client, "inboxReportOffset", offset=found[1])) == [found[3], found[2]]
        assert ids(report(client, "inboxReportOffset", offset=found[0].upper(), limit="1")) == [found[3]]
        assert refusal(report(client, "inboxReportOffset", offset=found[3])) == "14"
        assert refusal(report(client, "inboxReportOffset", offset="x")) == "12"
        assert ids(report(client, "inboxReportOffset", offset="0" * 24)) == found[::-1]

    def test_05_answers_after_it_has_read(self, client: TestClient, clock: Any) -> None:
        sent = send(client, "who is there?", "51987654305")
        send(client, "nobody answers", "51987654306")
        clock.now += 19.9
        assert refusal(report(client, "inboxReport")) == "14"
        clock.now += 0.1
        row = report(client, "inboxReport").json()["data"]
        assert (row["phone"], row["text"]) == ("51987654305", "Re: who is there?")
        assert ids(report(client, "inboxReport")) == [row["messageID"]]
        (entry,) = client.get("/sandbox/inbox").json()["messages"]
        assert entry["in_reply_to"] == sent

    def test_media(self, client: TestClient) -> None:
        come_in(client, "wa_portal", "look", media="iVBORw==", filename="a.png")
        row = report(client, "inboxReport").json()["data"]
        assert (row["isMedia"], row["mediaType"], row["text"]) == (True, "image", "look")
