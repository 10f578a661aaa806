# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

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


def test_all_wrong_rows_are_named_or_the_first_of_many() -> None:
    with pytest.raises(BadInput) as caught:
        suppress(["x", "+51987654321", "y\u200e"])
    message = str(caught.value)
    assert message.startswith("numbers: 2 rows are invalid, and nobody was suppressed; correct them, or call it with")
    assert "row 1: number: 'x' is not a phone number | row 3: number: 'y\\u200e' is not a phone number" in message
    with pytest.raises(BadInput, match=r"row 20: .* \| and 80 more$") as caught:
        suppress(["x"] * 100)
    assert "row 21" not in str(caught.value)


def test_wrong_rows_can_be_skipped_and_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert suppress(["x", "+51987654321", ""], on_invalid="skip") == 1
    assert recipients() == ["51987654321"]
    assert "2 rows are invalid and were skipped: row 1: number: 'x' is not a phone number | row 3:" in caplog.text
    with pytest.raises(BadInput, match="on_invalid: unknown value 'ignore'; expected one of fail, skip"):
        suppress([], on_invalid="ignore")


@pytest.mark.parametrize("named", [str, Path, lambda path: f"file://{path}"], ids=["text", "path", "URI"])
def test_a_file_is_suppressed(tmp_path: Path, named: Callable[[Path], Any]) -> None:
    path = tmp_path / "unsubscribed.csv"
    path.write_text("Name;Teléfono\nAna;+51 987 654 321\nBen;\nEva;+51 987 654 322\n", "cp1252")
    with pytest.raises(BadInput, match=r"1 rows are invalid.*row 2: number: the text is empty"):
        suppress(named(path), column="Teléfono", encoding="cp1252")
    assert suppress(named(path), "left", column="Teléfono", encoding="cp1252", on_invalid="skip") == 2
    assert suppress(input_path=str(path), column="Teléfono", encoding="cp1252", on_invalid="skip") == 0
    assert recipients() == ["51987654321", "51987654322"]
    with pytest.raises(BadInput, match="give exactly one of numbers, input_path and sql"):
        suppress(["+51987654321"], input_path=str(path))


def test_rows_are_suppressed_by_their_column() -> None:
    assert suppress([{"mobile": "+51987654321", "name": "Ana"}, {"mobile": "123456@lid"}], column="mobile") == 2
    assert recipients() == ["123456@lid", "51987654321"]


def test_the_rows_of_a_query_are_suppressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database, database:
        database.execute("CREATE TABLE people (id, mobile)")
        database.execute("INSERT INTO people VALUES (1, '987 654 321'), (2, '987 654 322')")
    set_connection(monkeypatch, "crm", "sqlite", host=str(tmp_path / "crm.db"))
    query = {"sql": "SELECT * FROM people ORDER BY id", "sql_conn_id": "crm", "column": "mobile"}
    assert suppress(**query, default_region="PE") == 2
    assert recipients() == ["51987654321", "51987654322"]


def test_a_connection_gives_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"default_region": "PE"}
    set_connection(monkeypatch, "wa", "wuzapi", host="http://127.0.0.1:9", password="t0ken-of-a-test", extra=extra)
    assert suppress("987 654 321", wa_conn_id="wa") == 1
    assert suppress("666 666 611", wa_conn_id="wa", default_region="ES") == 1
    assert recipients() == ["34666666611", "51987654321"]
    assert unsuppress("987 654 321", wa_conn_id="wa") == 1


def test_a_country_that_is_assumed_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert suppress(["3224323817", "+51987654321"]) == 2
    assert "suppressed all the same: 1 read as +32 (BE)" in caplog.text
    with pytest.raises(BadInput, match="has no country code"):
        suppress("3224323817", international_without_plus=False)


@pytest.mark.parametrize("stored", ["12345", "666666611", "x" * 20, "0051987654321"])
def test_whoever_stands_on_the_list_can_be_taken_off(airflow_store: Store, stored: str) -> None:
    airflow_store.suppressions.add([stored, "51987654321"])
    assert unsuppress([row["recipient"] for row in suppressed()], default_region="ES") == 2
    assert recipients() == []


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


def test_the_id_of_a_button_may_be_the_word(airflow_store: Store) -> None:
    message = InboxMessage(message_id="1", sender="511", kind="button", text="No more, please", selected_id="stop")
    assert heed_opt_outs([message]) == 1


def test_a_hook_sends_nothing_to_who_is_suppressed(airflow_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    set_connection(monkeypatch, "wa", "wuzapi", host="http://127.0.0.1:9", password="t0ken-of-a-test")
    suppress("+52 55 1234 5607")
    with pytest.raises(BadInput, match="5215512345607 is suppressed"):
        WaHook.for_connection("wa").send("+521 55 1234 5607", "hello")
