# SPDX-License-Identifier: Apache-2.0
"""Results with the list's other columns, from every kind of list, in every kind of output."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from helpers.connections import set_connection
from helpers.offline import Offline
from helpers.tasks import run_of

from airflow_provider_wa.bulk.carry import ListChanged
from airflow_provider_wa.bulk.files import read_rows
from airflow_provider_wa.bulk.partition import merge, partition
from airflow_provider_wa.operators._run.check import CheckRunner
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.store.store import Store

ANA, BEN, EVA = "+1 202 555 0110", "+1 202 555 0100", "+1 202 555 0210"
"""On WhatsApp; not; on it."""

PEOPLE: list[dict[str, Any]] = [
    {"phone": ANA, "name": 'Ana "A", Lima;\r\nPeru', "status": "vip", "order": 77},
    {"phone": "nobody", "name": "Bob", "status": "new", "order": 78},
    {"phone": ANA, "name": "Ana again", "status": "old", "order": 79},
    {"phone": BEN, "name": None, "status": "new", "order": 80},
    {"phone": EVA, "name": "Eva ", "status": None, "order": 81},
]
CARRIED = [
    (ANA, "exists", 'Ana "A", Lima;\r\nPeru', "vip", 77),
    ("nobody", "invalid", "Bob", "new", 78),
    (BEN, "absent", None, "new", 80),
    (EVA, "exists", "Eva ", None, 81),
]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, airflow_store: Store) -> Iterator[Offline]:
    return Offline(monkeypatch)


def check(tmp_path: Path, kind: str = ".csv", context: Any = None, **arguments: Any) -> list[dict[str, Any]]:
    """Return the results as a file has them."""
    output = tmp_path / f"out{kind}"
    known = {"task_id": "check", "wa_conn_id": "wuzapi_default", "output_path": str(output), **arguments}
    WaBulkCheckOperator(**known).execute(context or run_of())
    return list(read_rows(output, "input"))


def seen(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in ("input", "status", "name", "list_status", "order")) for row in rows]


def as_text(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(None if value is None else str(value) for value in row) for row in rows]


def csv_file(path: Path, people: list[dict[str, Any]]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["phone", "name", "status", "order"])
        writer.writeheader()
        writer.writerows(people)
    return str(path)


def json_file(path: Path, people: list[dict[str, Any]]) -> str:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in people))
    return str(path)


@pytest.mark.parametrize("kind", [".csv", ".jsonl", ".parquet"])
def test_a_file_has_the_lists_columns_exactly(offline: Offline, tmp_path: Path, kind: str) -> None:
    expected = CARRIED if kind == ".jsonl" else as_text(CARRIED)
    assert seen(check(tmp_path, kind, numbers=PEOPLE, carry="*")) == expected


def test_an_xcom_has_them_too(offline: Offline) -> None:
    operator = WaBulkCheckOperator(task_id="t", wa_conn_id="wuzapi_default", numbers=PEOPLE, carry=["order", "name"])
    results = operator.execute(run_of())["results"]
    assert list(results[0]) == ["input", "number", "status", "jid", "checked_at", "detail", "order", "name"]
    assert [(row["order"], row["name"]) for row in results] == [(row[4], row[2]) for row in CARRIED]
    assert json.loads(json.dumps(results)) == results


def test_files_and_queries_are_read_again(offline: Offline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "people.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE people (PHONE, NAME, STATUS, 'ORDER')")
        rows = [tuple(row.values()) for row in PEOPLE]
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", rows)
    set_connection(monkeypatch, "my_sql", "sqlite", host=str(database))
    lists: dict[str, dict[str, Any]] = {
        "csv": {"input_path": csv_file(tmp_path / "people.csv", PEOPLE)},
        "json": {"input_path": json_file(tmp_path / "people.jsonl", PEOPLE)},
        "sql": {"sql": "SELECT * FROM people", "sql_conn_id": "my_sql"},
    }
    for name, arguments in lists.items():
        carry = ["name", "status", "order"] if name == "sql" else "*"
        found = check(tmp_path, context=run_of(task_id=name), carry=carry, **arguments)
        assert seen(found) == as_text(CARRIED), name


def test_parts_have_the_columns_of_all_of_the_file(offline: Offline, tmp_path: Path) -> None:
    people = [{name: value for name, value in row.items() if value is not None} for row in PEOPLE]
    source = json_file(tmp_path / "people.jsonl", people)
    summaries = [
        WaBulkCheckOperator(
            task_id="t", wa_conn_id="wuzapi_default", carry="*", input_path=source, part=part,
            output_path=str(tmp_path / f"part-{place}.csv"),
        ).execute(run_of(map_index=place))
        for place, part in enumerate(partition(source, 5))
    ]  # fmt: skip
    merged = merge(summaries, str(tmp_path / "all.csv"))["output"]
    again = (ANA, "exists", "Ana again", "old", 79)
    assert seen(list(read_rows(Path(merged), "input"))) == as_text([*CARRIED[:2], again, *CARRIED[2:]])


def test_a_retry_writes_them_for_what_an_earlier_try_has_checked(offline: Offline, tmp_path: Path) -> None:
    source = csv_file(tmp_path / "people.csv", PEOPLE)
    check(tmp_path, input_path=source)
    before = offline.requests
    assert seen(check(tmp_path, input_path=source, carry="*")) == as_text(CARRIED)
    assert offline.requests == before, "nothing is asked for again"


BAD: dict[str, tuple[Any, str]] = {
    "unknown": (["shoe"], "carry: the list has no column 'shoe'; it has 'phone', 'name', 'status', 'order'"),
    "no names": (7, "carry: expected a name or a list of names, got 7"),
    "a rendered list": ("['name', 'shoe']", "carry: the list has no column 'shoe'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_column_is_refused_before_any_call(offline: Offline, tmp_path: Path, case: str) -> None:
    carry, message = BAD[case]
    with pytest.raises(AirflowFailException) as caught:
        check(tmp_path, numbers=PEOPLE, carry=carry)
    assert message in str(caught.value)
    assert offline.requests == 0


def test_a_list_that_changed_while_it_was_checked_mixes_nothing_up(
    offline: Offline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = csv_file(tmp_path / "people.csv", PEOPLE), tmp_path / "out.csv"
    operator = WaBulkCheckOperator(
        task_id="t", wa_conn_id="wuzapi_default", input_path=source, carry=["name"], output_path=str(output)
    )
    checked = CheckRunner._check

    def changed(self: Any, *arguments: Any) -> Any:
        counts = checked(self, *arguments)
        csv_file(tmp_path / "people.csv", [PEOPLE[0], *PEOPLE[2:]])
        return counts

    monkeypatch.setattr(CheckRunner, "_check", changed)
    with pytest.raises(ListChanged, match="its row 2 is missing or another one"):
        operator.execute(run_of())
    found = list(read_rows(output, "input"))
    assert [(row["input"], row["status"], row.get("name")) for row in found] == [
        (ANA, "exists", CARRIED[0][2]),
        ("nobody", "invalid", None),
        (BEN, "absent", None),
        (EVA, "exists", None),
    ]
