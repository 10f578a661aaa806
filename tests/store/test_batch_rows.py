# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from store.samples import checked

from airflow_provider_wa.store import batch_rows
from airflow_provider_wa.store.batch_rows import BEGINNING, BatchRow, Place, RowPage
from airflow_provider_wa.store.batches import BatchInfo, BatchKind
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


def places(found: RowPage | list[BatchRow]) -> list[int]:
    return [row.row for row in (found.rows if isinstance(found, RowPage) else found)]


@pytest.mark.parametrize(
    ("status", "found"),
    [("", [1, 2, 3, 4, 5]), ("accepted", [1, 4]), ("failed", [2, 5]), ("skipped", [3]), ("unknown", [])],
)
def test_rows_are_found_by_their_status(sent: Store, status: str, found: list[int]) -> None:
    assert places(sent.batch_rows.page("b", BatchKind.SEND, 10, status=status)) == found
    assert places(list(sent.batch_rows.all("b", BatchKind.SEND, status=status))) == found
    assert sent.batch_rows.page("another", BatchKind.SEND, 10, status=status) == RowPage([], None)


@pytest.mark.parametrize("status", ["", "failed"])
def test_a_page_goes_on_behind_the_last_row_of_the_one_before(sent: Store, status: str) -> None:
    whole = sent.batch_rows.page("b", BatchKind.SEND, 10, status=status)
    assert whole.next is None
    assert all_pages(sent, "b", BatchKind.SEND, status) == [[row] for row in whole.rows]


@pytest.mark.parametrize(("kind", "status"), [(BatchKind.SEND, "accepted"), (BatchKind.CHECK, "exists")])
def test_a_page_looks_at_some_rows_for_a_frequent_status_and_the_next_one_goes_on(
    sent: Store, kind: BatchKind, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_rows, "LOOKED_AT", 2)
    statuses = ["exists", "absent", "absent", "exists", "unknown"]
    sent.batches.begin(BatchInfo(name="b", kind=kind, conn_id="my_wa"))
    sent.checks.put("b", "my_wa", [checked(place, each) for place, each in enumerate(statuses, 1)])
    found = all_pages(sent, "b", kind, status)
    assert [row.row for page in found for row in page] == [1, 4]
    assert [] in found, "a page without a row is not the last one"
    assert places(sent.batch_rows.page("b", kind, 10, status=status, people=["51987654324", "51987600004"])) == [4]


def all_pages(store: Store, batch: str, kind: BatchKind, status: str) -> list[list[BatchRow]]:
    found: list[list[BatchRow]] = []
    after: Place | None = BEGINNING
    while after is not None:
        page = store.batch_rows.page(batch, kind, 1, status=status, after=after)
        found.append(page.rows)
        after = page.next
    return found


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
    store.batches.begin(BatchInfo(name="c", kind=BatchKind.CHECK, conn_id="my_wa"))
    page = store.batch_rows.page
    assert places(page("c", BatchKind.CHECK, 10)) == [1, 2, 3, 4]
    assert places(page("c", BatchKind.CHECK, 10, status="exists")) == [1, 4]
    assert places(page("c", BatchKind.CHECK, 10, status="absent")) == [2]
    assert places(page("c", BatchKind.CHECK, 10, after=(2, ""))) == [3, 4]
    assert places(page("c", BatchKind.CHECK, 10, people=["51987600002"])) == [2]
    assert places(list(store.batch_rows.all("c", BatchKind.CHECK, status="unknown"))) == [3]
