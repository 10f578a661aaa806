# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from store.samples import checked

from airflow_provider_wa.store.batch_rows import BatchRow
from airflow_provider_wa.store.batches import BatchKind
from airflow_provider_wa.store.send_changes import Note, Settle
from airflow_provider_wa.store.send_intents import Intend
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import Change, SendRow
from airflow_provider_wa.store.store import Store

STATES = [SendState.ACCEPTED, SendState.FAILED, SendState.SKIPPED, SendState.ACCEPTED, SendState.FAILED]


@pytest.fixture
def sent(store: Store) -> Store:
    changes: list[Change] = []
    for place, state in enumerate(STATES, 1):
        row = SendRow(key=f"k{place}", row=place, given=f"+5198765432{place}", recipient=f"5198765432{place}",
                      state=SendState.INTENDED)  # fmt: skip
        if state is SendState.SKIPPED:
            skipped = SendRow(**{**vars(row), "state": state, "detail": "suppressed"})
            changes.append(Note(batch="b", conn_id="my_wa", row=skipped))
            continue
        changes.append(Intend(batch="b", conn_id="my_wa", row=row))
        changes.append(
            Settle(key=row.key, state=state, detail="" if state is SendState.ACCEPTED else f"reason {place}")
        )
    store.sends.change(changes)
    return store


def places(rows: list[BatchRow]) -> list[int]:
    return [row.row for row in rows]


@pytest.mark.parametrize(
    ("status", "found"),
    [("", [1, 2, 3, 4, 5]), ("accepted", [1, 4]), ("failed", [2, 5]), ("skipped", [3]), ("unknown", [])],
)
def test_rows_are_found_by_their_status(sent: Store, status: str, found: list[int]) -> None:
    assert places(sent.batch_rows.page("b", BatchKind.SEND, 10, status=status)) == found
    assert places(list(sent.batch_rows.all("b", BatchKind.SEND, status=status))) == found
    assert sent.batch_rows.page("another", BatchKind.SEND, 10, status=status) == []


@pytest.mark.parametrize("status", ["", "failed"])
def test_a_page_goes_on_behind_the_last_row_of_the_one_before(sent: Store, status: str) -> None:
    whole = sent.batch_rows.page("b", BatchKind.SEND, 10, status=status)
    found: list[BatchRow] = []
    after = (0, "")
    while page := sent.batch_rows.page("b", BatchKind.SEND, 1, status=status, after=after):
        found += page
        after = page[-1].row, page[-1].key
    assert found == whole


def test_rows_are_found_by_the_names_of_a_person(sent: Store) -> None:
    assert places(sent.batch_rows.page("b", BatchKind.SEND, 10, people=["51987654324", "1@lid"])) == [4]
    assert places(sent.batch_rows.page("b", BatchKind.SEND, 10, status="failed", people=["51987654324"])) == []


def test_reasons_of_failures_are_counted(sent: Store) -> None:
    assert sent.batch_rows.reasons("b") == [("reason 2", 1), ("reason 5", 1)]


def test_counts_are_those_of_the_rows_that_are_there(sent: Store) -> None:
    counts, whole = sent.batch_rows.counts("b", BatchKind.SEND)
    assert (dict(counts), whole) == ({"accepted": 2, "failed": 2, "skipped": 1}, True)


def test_checks_are_found_by_status_and_number(store: Store) -> None:
    store.checks.put(
        "c", "my_wa", [checked(1), checked(2, "absent"), checked(3, "unknown", detail="timeout"), checked(4)]
    )
    page = store.batch_rows.page
    assert places(page("c", BatchKind.CHECK, 10)) == [1, 2, 3, 4]
    assert places(page("c", BatchKind.CHECK, 10, status="exists")) == [1, 4]
    assert places(page("c", BatchKind.CHECK, 10, status="absent")) == [2]
    assert places(page("c", BatchKind.CHECK, 10, after=(2, ""))) == [3, 4]
    assert places(page("c", BatchKind.CHECK, 10, people=["51987600002"])) == [2]
    assert places(list(store.batch_rows.all("c", BatchKind.CHECK, status="unknown"))) == [3]
