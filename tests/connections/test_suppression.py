# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from helpers.connections import set_connection

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.connections.suppression import heed_opt_outs, suppress, suppressed, unsuppress
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.store.store import Store

pytestmark = pytest.mark.usefixtures("airflow_store")


def recipients() -> list[str]:
    return [row["recipient"] for row in suppressed()]


def test_numbers_in_any_spelling_are_suppressed_and_let_go_again() -> None:
    assert suppress(["+51 987-654-321", "0051 987 654 321", 5215512345678, "34666666666@s.whatsapp.net"]) == 3
    assert suppress("1203630211@g.us", "left") == 1
    assert recipients() == ["1203630211@g.us", "34666666666", "51987654321", "5215512345678"]
    assert unsuppress(("+52 55 1234 5678", "+51 987 654 321", "+34 600 000 000")) == 2
    assert unsuppress(34666666666) == 1
    assert recipients() == ["1203630211@g.us"]


def test_a_row_of_the_list_is_json() -> None:
    suppress("+51987654321", "asked by phone")
    [row] = suppressed()
    since = datetime.fromisoformat(row.pop("since"))
    assert row == {"recipient": "51987654321", "reason": "asked by phone"}
    assert timedelta(0) <= datetime.now(timezone.utc) - since < timedelta(minutes=2)
    assert json.loads(json.dumps(suppressed())) == suppressed()


def test_national_numbers_are_read_by_the_region() -> None:
    assert suppress(["987 654 321", "+34 666 666 666"], default_region="pe") == 2
    assert recipients() == ["34666666666", "51987654321"]
    assert unsuppress("987654321", default_region="PE") == 1


@pytest.mark.parametrize("wrong", [["+51987654321", "12"], ["+51987654321", ""], "nobody", [None]])
def test_a_wrong_number_is_refused_with_all_that_came_with_it(wrong: list[str]) -> None:
    suppress("+34666666666")
    for change in (suppress, unsuppress):
        with pytest.raises(BadInput):
            change(wrong)
    with pytest.raises(BadInput, match="default_region: 'PERU' is not a country"):
        suppress("+51987654321", default_region="Peru")
    assert recipients() == ["34666666666"]


def test_who_wrote_a_word_is_suppressed(airflow_store: Store) -> None:
    texts = {"511": "STOP", "512": "hello", "513": "stop.", "": "STOP"}
    messages = [InboxMessage(message_id=sender, sender=sender, text=text) for sender, text in texts.items()]
    assert heed_opt_outs(messages) == 2
    assert heed_opt_outs(messages) == 0
    assert [(row["recipient"], row["reason"]) for row in suppressed()] == [
        ("511", 'wrote "STOP"'),
        ("513", 'wrote "stop"'),
    ]
    assert airflow_store.events.last_id() == 0


def test_a_hook_sends_nothing_to_who_is_suppressed(airflow_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    set_connection(monkeypatch, "wa", "wuzapi", host="http://127.0.0.1:9", password="t0ken-of-a-test")
    suppress("+52 55 1234 5607")
    with pytest.raises(BadInput, match="5215512345607 is suppressed"):
        WaHook.for_connection("wa").send("+521 55 1234 5607", "hello")
