# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from helpers.connections import SECRETS, Answers, Connect, assert_no_secret

from airflow_provider_wa.api.errors import BadInput, Unauthorized
from airflow_provider_wa.api.messages import ListMessage, ListRow
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.wa_portal import WaPortalHook

SENT = {"status": "success", "data": {"connStatus": True, "messageIDs": ["62b3"]}}
QR_URL = f"https://portal.test/qr/{SECRETS['password']}_x.png"


def test_token_travels_as_a_parameter_below_the_portals_address(connect: Connect, answers: Answers) -> None:
    requests = answers({"status": "success", "data": {"quota": 250}})

    assert WaHook.for_connection(connect("wa_portal", host="portal.test/wa")).balance().left == 250
    (request,) = requests
    assert str(request.url).startswith("https://portal.test/wa/api/checkBal?")
    assert dict(request.url.params) == {"token": SECRETS["password"]}


def test_token_that_is_refused_is_not_in_the_error_though_it_is_in_the_url(connect: Connect, answers: Answers) -> None:
    answers({"status": "error", "message": f"01 - Wrong token {SECRETS['password']}"}, 400)

    with pytest.raises(Unauthorized) as caught:
        WaHook.for_connection(connect("wa_portal")).balance()
    assert_no_secret(caught.value, caught.value.raw)


@pytest.mark.parametrize("number", [2, 60], ids=["in the query", "in the body"])
def test_each_row_of_a_list_goes_out_as_a_parameter_of_its_own(connect: Connect, answers: Answers, number: int) -> None:
    requests = answers(SENT)
    rows = tuple(ListRow(f"Item {n}", "with = & ü +", "Section") for n in range(number))

    WaHook.for_connection(connect("wa_portal")).send("+34666666666", ListMessage("hi", "Choose", rows))
    (request,) = requests
    sent = [*request.url.params.multi_items(), *parse_qsl(request.content.decode())]
    assert [value for name, value in sent if name == "rows"] == [f"Section:{row.title}:with = & ü +" for row in rows]
    assert sent[0] == ("token", SECRETS["password"])
    assert bool(request.content) is (number == 60)


def test_the_link_to_a_qr_code_works_though_it_holds_the_token(connect: Connect, answers: Answers) -> None:
    answers({"status": "qrcode", "message": "00-Success", "data": QR_URL})

    hook = WaHook.for_connection(connect("wa_portal"))
    assert isinstance(hook, WaPortalHook)
    link = hook.qr_link()
    assert link.url == QR_URL
    assert_no_secret(repr(link), link, link.to_dict(), link.raw)


@pytest.mark.parametrize(
    ("extra", "zone"),
    [({}, "Asia/Kolkata"), ({"timezone": ""}, "Asia/Kolkata"), ({"timezone": " America/Lima "}, "America/Lima")],
    ids=["default", "empty", "own"],
)
def test_time_zone_of_the_reports(connect: Connect, extra: dict[str, Any], zone: str) -> None:
    hook = WaHook.for_connection(connect("wa_portal", **extra))
    assert isinstance(hook, WaPortalHook)
    assert hook.portal.timezone == zone


@pytest.mark.parametrize("zone", ["IST+5:30", "Asia", "../UTC"])
def test_time_zone_that_there_is_not_is_found_with_the_connection(connect: Connect, zone: str) -> None:
    with pytest.raises(BadInput) as caught:
        WaHook.for_connection(connect("wa_portal", timezone=zone))
    assert str(caught.value).startswith(f"wa_portal: connection 'my_wa': timezone: {zone!r}")


def test_directory_and_reports_are_the_hooks(connect: Connect, answers: Answers) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        rows = {"/api/groups": [{"id": "1"}], "/api/contacts": [{"id": "2"}]}
        return httpx.Response(200, json={"status": "success", "data": rows.get(request.url.path, [{"messageID": "3"}])})

    answers(answer)
    hook = WaHook.for_connection(connect("wa_portal"))
    assert [group.jid for group in hook.groups()] == ["1"]
    assert [contact.jid for contact in hook.contacts()] == ["2"]
    assert [message.message_id for message in hook.inbox()] == ["3"]
    assert [status.message_id for status in hook.delivery_report()] == ["3"]
