# SPDX-License-Identifier: Apache-2.0
"""A column that is added must reach the database in every statement that writes a row."""

from __future__ import annotations

import pytest
from sqlalchemy import Insert
from sqlalchemy.dialects import postgresql, sqlite

from airflow_provider_wa.store import batches, checks, positions, send_changes, send_intents, tables
from airflow_provider_wa.store.batches import Batch
from airflow_provider_wa.store.checks import CheckRow
from airflow_provider_wa.store.sends import SendRow

DIALECTS = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}

KEEP = {
    "a check that is put again": (checks._PUT, set()),
    "an intent": (send_intents._INTEND[False], set()),
    "an intent in doubt": (send_intents._INTEND[True], set()),
    "a note": (send_changes._NOTE, {"message_id", "intended_at", "content"}),
    "an intent that takes over": (send_intents._TAKE_OVER, set()),
    "a report": (send_changes.REPORT, set()),
    "a batch that is begun again": (batches._BEGIN, {"calls", "created_at", *batches._PROGRESS}),
    "a position": (positions._SET, set()),
}
"""Upserts, and the columns that each leaves as they are."""


def replaced(statement: Insert) -> set[str]:
    assert statement._post_values_clause is not None
    return {getattr(name, "name", name) for name in dict(statement._post_values_clause.update_values_to_set)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", KEEP)
def test_an_upsert_replaces_all_columns_but_those_that_it_names(name: str, dialect: str) -> None:
    statements, kept = KEEP[name]
    statement = statements[dialect]
    columns = {column.name for column in statement.table.columns if not column.primary_key}
    assert replaced(statement) == columns - kept
    assert "ON CONFLICT" in str(statement.compile(dialect=DIALECTS[dialect]))


def test_a_row_class_has_all_columns_of_its_table() -> None:
    assert {*CheckRow._fields, "batch", "conn_id"} == set(tables.checks.columns.keys())
    assert {*SendRow.__dataclass_fields__, "conn_id", "content"} == set(tables.sends.columns.keys())
    assert set(Batch.__dataclass_fields__) == set(tables.batches.columns.keys())


def test_all_fields_of_a_check_are_written() -> None:
    row = CheckRow(1, "i", "n", "exists", None)  # type: ignore[arg-type]
    assert set(checks._values(row)) == set(CheckRow._fields)
