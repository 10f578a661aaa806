# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from helpers.postgres import Postgres

from airflow_provider_wa.api.errors import BadInput, Retry
from airflow_provider_wa.api.numbers import NumberRules
from airflow_provider_wa.bulk.partition import partition
from airflow_provider_wa.connections import input_list
from airflow_provider_wa.connections.input_list import InputList, QueryFailed


class Xcoms(Sequence[Any]):
    """What a mapped task's XComs are to the task that takes them: each item that is asked for costs a call."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, wanted: Any) -> Any:
        assert isinstance(wanted, slice)
        return self._items[wanted]


@pytest.mark.parametrize(
    ("items", "values"),
    [
        (["1", 2], ["1", 2]),
        (("1", 2), ["1", 2]),
        (Xcoms(["1", 2]), ["1", 2]),
        ((number for number in "12"), ["1", "2"]),
        ("+34 600", ["+34 600"]),
        (34600, [34600]),
        (" ['1', 2]\n", ["1", 2]),
        ("[]", []),
        ([], []),
    ],
)
def test_numbers_come_as_they_are_given(items: Any, values: list[Any]) -> None:
    source = InputList(items=items)
    assert list(source.values("phone")) == values
    assert list(source.values("phone")) == values
    assert list(source.rows("to")) == [{"to": value} for value in values]
    assert (source.first, source.parts, source.total) == (1, 1, len(values))


@pytest.mark.parametrize(
    "items", [[{"to": "1", "name": "Ana"}, {"name": "Ben"}], "[{'to': '1', 'name': 'Ana'}, {'name': 'Ben'}]"]
)
def test_a_list_may_have_rows(items: Any) -> None:
    source = InputList(items=items, items_name="recipients")
    assert list(source.rows("to")) == [{"to": "1", "name": "Ana"}, {"name": "Ben"}]
    assert list(source.values("to")) == ["1", ""]
    for read in (source.rows, source.values):
        with pytest.raises(BadInput, match="column: the list has no column 'phone'; it has 'to', 'name'"):
            read("phone")


@pytest.mark.parametrize("first", [{"name": "Ben"}, {"name": "Ben", "to": None}, {"name": "Ben", "To": " "}])
def test_a_list_is_judged_by_all_its_rows(first: Any) -> None:
    source = InputList(items=[first, {"to": 34666666611.0, "city": "Lima", "since": float("nan")}], items_name="people")
    assert list(source.values("to")) == ["", 34666666611]
    assert list(source.rows("to"))[1] == {"to": 34666666611, "city": "Lima"}
    assert {"name", "to", "city", "since"} <= set(source.names("to"))


def test_the_names_of_plain_values_are_the_column() -> None:
    assert InputList(items=["1"]).names("to") == ["to"]
    assert InputList(items=[]).names("to") == ["to"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "numbers: give exactly one of numbers, input_path and sql; got none"),
        (
            {"items": ["1"], "input_path": "a.csv"},
            "numbers: give exactly one of .*; got 2 of them",
        ),
        ({"input_path": "a.csv", "sql": "SELECT 1", "sql_conn_id": "x"}, "give exactly one of"),
        ({"sql": "SELECT 1"}, "sql: give sql and sql_conn_id together"),
        ({"items": ["1"], "sql_conn_id": "x"}, "sql: give sql and sql_conn_id together"),
        ({"items": ["1"], "part": {"first": 1, "last": 2, "of": 3}}, "part: .* give input_path"),
        ({"input_path": "a.csv", "part": {"first": 1}}, "expected an item of what partition"),
        ({"items": b"1"}, "expected a list, got bytes"),
        ({"items": {"phone": "1"}}, "expected a list, got dict"),
        ({"items": 1.5}, "expected a list, got float"),
        ({"items": "['1'"}, "numbers: the text begins like a list"),
    ],
)
def test_a_mistake_is_found_at_once(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        InputList(**given)


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "list.csv"
    path.write_text("name,phone\n" + "".join(f"Ana {row},+{row}\n" for row in range(1, 11)))
    return str(path)


def test_a_file_is_read_anew_each_time(table: str) -> None:
    source = InputList(input_path=table)
    half_read = source.values("phone")
    assert next(half_read) == "+1"
    assert list(source.values("phone")) == [f"+{row}" for row in range(1, 11)]
    assert next(source.rows("phone")) == {"name": "Ana 1", "phone": "+1"}
    assert (source.first, source.parts, source.total) == (1, 1, None)


def test_the_names_of_a_file_are_those_of_all_its_rows(table: str, tmp_path: Path) -> None:
    assert InputList(input_path=table).names("phone") == ["name", "phone"]
    path = tmp_path / "a.jsonl"
    path.write_text('{"phone": 1}\n{"Name": "Ana"}\n')
    source = InputList(input_path=str(path))
    source.prove("phone")
    assert source.names("phone") == ["phone", "Name"]


def test_a_file_is_proved_to_its_end_and_its_rows_are_counted(table: str) -> None:
    source = InputList(input_path=table)
    source.prove("phone")
    assert source.total == 10
    with Path(table).open("a") as file:
        file.write('Eva "Evi" Silva,+11\n')
    with pytest.raises(BadInput, match='line 12: a quote " in the middle of a cell'):
        source.prove("phone")


def test_the_pass_before_the_first_call_splits_cells_as_the_readers_do(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("phone;a, b, c\n+1;x, y\n+2;1, 2, 3, 4, 5\n")
    source = InputList(input_path=str(path))
    source.prove("phone")
    assert (source.total, list(source.values("phone"))) == (2, ["+1", "+2"])
    assert [part["last"] for part in partition(str(path), 2)] == [1, 2]


def test_a_part_is_not_proved_again(table: str) -> None:
    part = InputList(input_path=table, part=partition(table, 2)[1])
    with Path(table).open("a") as file:
        file.write('"\n')
    part.prove("phone")
    assert part.total == 5


def test_the_parts_of_a_file_are_the_file(table: str) -> None:
    parts = [InputList(input_path=table, part=part) for part in partition(table, 3)]
    assert [value for part in parts for value in part.values("phone")] == [f"+{row}" for row in range(1, 11)]
    assert [row["name"] for part in parts for row in part.rows("phone")] == [f"Ana {row}" for row in range(1, 11)]
    assert [(part.first, part.parts, part.total) for part in parts] == [(1, 3, 3), (4, 3, 3), (7, 3, 4)]


@pytest.mark.parametrize("read", ["values", "rows"])
def test_a_file_without_the_column_is_found_before_the_first_value(table: str, read: str) -> None:
    with pytest.raises(BadInput, match="no column 'mobile'; it has 'name', 'phone'"):
        getattr(InputList(input_path=table), read)("mobile")


def fill(execute: Any) -> None:
    execute("CREATE TABLE people (id INTEGER, name TEXT, phone TEXT)")
    for row in range(1, 8):
        execute(f"INSERT INTO people VALUES ({row}, 'Ana {row}', '+{row}')")
    execute("INSERT INTO people VALUES (8, NULL, NULL)")


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with eight people, and a connection to it, ``people``."""
    path = tmp_path / "people.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        fill(connection.execute)
    monkeypatch.setenv("AIRFLOW_CONN_PEOPLE", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return path


@pytest.fixture
def people(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same, in SQLite or in PostgreSQL."""
    if request.param == "sqlite":
        request.getfixturevalue("sqlite")
        yield
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database()
    with server.connect(url) as connection:
        fill(connection.execute)
    monkeypatch.setenv("AIRFLOW_CONN_PEOPLE", connection_to(server, url))
    yield
    server.drop(url)


def connection_to(server: Postgres, url: str, **extra: Any) -> str:
    return json.dumps(
        {
            "conn_type": "postgres",
            "host": "127.0.0.1",
            "port": server.port,
            "login": "wa",
            "password": server.password,
            "schema": url.rpartition("/")[2],
            "extra": extra,
        }
    )


BOTH = pytest.mark.parametrize("people", ["sqlite", pytest.param("postgres", marks=pytest.mark.system)], indirect=True)
ALL = "SELECT name, phone FROM people ORDER BY id"


def query(sql: str) -> InputList:
    return InputList(sql=sql, sql_conn_id="people")


@BOTH
@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("rows_at_once", [1, 3, 8, 2000])
def test_a_query_is_a_list(monkeypatch: pytest.MonkeyPatch, rows_at_once: int) -> None:
    monkeypatch.setattr(input_list, "ROWS_AT_ONCE", rows_at_once)
    source = query(ALL)
    numbers = [*(f"+{row}" for row in range(1, 8)), ""]
    assert list(source.values("phone")) == numbers
    assert list(source.values("phone")) == numbers
    rows = list(source.rows("phone"))
    assert rows[0] == {"name": "Ana 1", "phone": "+1"}
    assert rows[7] == {}
    assert source.names("phone") == query(ALL).names("phone") == ["name", "phone"]
    assert (source.first, source.parts, source.total) == (1, 1, None)


@BOTH
@pytest.mark.usefixtures("people")
def test_the_only_column_of_a_query_may_have_any_name() -> None:
    source = query("SELECT phone AS mobile FROM people WHERE id < 3 ORDER BY id")
    assert list(source.values("phone")) == ["+1", "+2"]
    assert list(source.rows("phone")) == [{"phone": "+1"}, {"phone": "+2"}]


@BOTH
@pytest.mark.usefixtures("people")
def test_names_of_a_query_may_have_other_capitals_and_stand_twice() -> None:
    source = query('SELECT id AS x, id AS x, name, phone AS "PHONE" FROM people WHERE id < 2')
    assert list(source.values("phone")) == ["+1"]
    assert list(source.rows("phone")) == [{"name": "Ana 1", "phone": "+1"}]
    assert (source.names("phone"), source.repeated("phone")) == (["name", "phone"], {"x"})


@BOTH
@pytest.mark.usefixtures("people")
def test_a_query_may_find_nobody() -> None:
    assert list(query(f"SELECT * FROM ({ALL}) AS nobody WHERE phone = 'x'").values("phone")) == []


@BOTH
@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("read", ["values", "rows"])
def test_a_query_without_the_column_is_found_before_the_first_row(read: str) -> None:
    with pytest.raises(BadInput, match="the query has no column 'mobile'; it has 'name', 'phone'"):
        getattr(query(ALL), read)("mobile")


@pytest.mark.system
def test_a_wrong_query_is_not_tried_again(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PEOPLE", connection_to(postgres, postgres.url()))
    with pytest.raises(BadInput, match="nowhere"):
        query("SELECT phone FROM nowhere").values("phone")


@pytest.mark.system
def test_a_database_out_of_reach_is_tried_again(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PEOPLE", connection_to(postgres, "x/no_such_database"))
    with pytest.raises(QueryFailed, match="OperationalError") as failed:
        query(ALL).values("phone")
    assert failed.value.retry is Retry.LATER
    assert postgres.password not in str(failed.value)


@pytest.mark.system
def test_postgres_keeps_the_rows_and_is_left_when_the_list_is(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PEOPLE", connection_to(postgres, postgres.url(), application_name="wa_test"))
    last_query = "SELECT query FROM pg_stat_activity WHERE application_name = 'wa_test'"
    with postgres.connect() as watcher:

        def seen() -> list[Any]:
            watcher.execute("SELECT pg_sleep(0.02)")
            return watcher.execute(last_query).fetchall()

        values = query("SELECT generate_series(1, 10000)::numeric AS phone").values("phone")
        assert [next(values), next(values)] == [Decimal(1), Decimal(2)]
        ((asked,),) = seen()
        assert asked.startswith("FETCH")
        values.close()  # type: ignore[attr-defined]
        assert [] in (seen() for _ in range(500))


@pytest.mark.system
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
@pytest.mark.parametrize("cursor", ["dictcursor", None])
def test_either_driver_of_postgres_will_do_and_rows_may_be_dicts(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, driver: str, cursor: str | None
) -> None:
    monkeypatch.setattr("airflow.providers.postgres.hooks.postgres.USE_PSYCOPG3", driver == "psycopg")
    extra = {"cursor": cursor} if cursor else {}
    monkeypatch.setenv("AIRFLOW_CONN_PEOPLE", connection_to(postgres, postgres.url(), **extra))
    source = query("SELECT 'Ana' AS name, '+1' AS phone")
    assert list(source.values("phone")) == ["+1"]
    assert list(source.rows("phone")) == [{"name": "Ana", "phone": "+1"}]


def test_sqlite_is_left_when_the_list_is(sqlite: Path) -> None:
    values = query(ALL).values("phone")
    assert next(values) == "+1"
    values.close()  # type: ignore[attr-defined]
    with closing(sqlite3.connect(sqlite, timeout=0)) as connection:
        connection.execute("DROP TABLE people")


def test_a_connection_that_nobody_made_is_named() -> None:
    with pytest.raises(AirflowNotFoundException, match="people"):
        query(ALL).values("phone")


@pytest.mark.parametrize(
    ("conn_type", "message"),
    [
        ("wuzapi", "expected a SQL database"),
        ("no_such_type", "needs the Airflow provider"),
        ("", "needs the Airflow provider"),
    ],
)
def test_a_connection_to_no_database_is_refused(monkeypatch: pytest.MonkeyPatch, conn_type: str, message: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PEOPLE", json.dumps({"conn_type": conn_type, "host": "127.0.0.1"}))
    with pytest.raises(BadInput, match=message):
        query(ALL).values("phone")


@pytest.mark.usefixtures("sqlite")
def test_without_the_provider_for_sql_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "airflow.providers.common.sql.hooks.sql", None)
    with pytest.raises(BadInput, match="needs the Airflow provider"):
        query(ALL).values("phone")


class Server:
    """A server's connection and cursor in one: a column of floats, as its driver gives it."""

    def __init__(self, conn_type: str, code: int, value: float | None) -> None:
        self.conn_type = conn_type
        self.description = [("phone", code, None, None, None, None, None)]
        self._rows = [[(value,)], []]

    def get_conn(self) -> Server:
        return self

    def cursor(self, **options: Any) -> Server:
        return self

    def execute(self, sql: str) -> None:
        assert sql

    def fetchmany(self, size: int) -> list[Any]:
        return self._rows.pop(0)

    def close(self) -> None:
        self._rows.clear()


@pytest.mark.parametrize(
    ("conn_type", "code", "value", "read"),
    [
        ("postgres", 700, 51987653000.0, "5.198765e+10"), ("postgres", 700, 16777215.0, 16777215),
        ("postgres", 701, 51987654321.0, 51987654321), ("postgres", 700, None, ""),
        ("mysql", 4, 51987700000.0, "5.198770e+10"), ("mysql", 4, 1234570.0, "1.234570e+06"),
        ("mysql", 5, 51987654321.0, 51987654321), ("mysql", 4, 123457.0, 123457),
    ],
)  # fmt: skip
def test_a_column_that_has_lost_digits_of_a_number_is_no_number(
    monkeypatch: pytest.MonkeyPatch, conn_type: str, code: int, value: float | None, read: Any
) -> None:
    monkeypatch.setattr(input_list, "_database_hook", lambda conn_id: Server(conn_type, code, value))
    assert list(query("SELECT phone FROM people").values("phone")) == [read]
    if isinstance(read, str) and read:
        with pytest.raises(BadInput, match="exponent"):
            NumberRules("ES", True).parse(read)


@pytest.mark.system
@pytest.mark.parametrize("people", ["postgres"], indirect=True)
@pytest.mark.usefixtures("people")
def test_a_short_float_of_a_real_server_is_no_number() -> None:
    (real,) = query("SELECT 51987654321::real AS phone").values("phone")
    assert real == "5.198765e+10"
    assert list(query("SELECT 51987654321::double precision AS phone").values("phone")) == [51987654321]
