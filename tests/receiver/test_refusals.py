# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging

import pytest
from receiver.kit import SECRET, Kit

from airflow_provider_wa.receiver.refusals import RefusalNotes
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.refusals import KEPT
from airflow_provider_wa.store.store import Store


@pytest.fixture
def kit(store: Store) -> Kit:
    return Kit(store)


async def test_a_refused_post_is_noted_with_its_status_and_reason(kit: Kit) -> None:
    assert (await kit.post(content=b"private {")).status_code == 400
    await kit.app.close()
    (found,) = kit.store.refusals.of("ck")
    assert found.status == 400
    assert found.reason
    assert "private" not in found.reason


async def test_wrong_secrets_are_counted_for_connections_that_exist(kit: Kit) -> None:
    for path in ("/hooks/ck/wrong", "/hooks/ck/guess", "/hooks/nobody/guess", f"/hooks/ck/{SECRET}"):
        await kit.post(path)
    await kit.app.close()
    wrong = kit.store.refusals.wrong_secrets("ck")
    assert wrong is not None
    assert wrong.count == 2
    assert wrong.first <= wrong.last
    assert kit.store.refusals.wrong_secrets("nobody") is None
    assert kit.store.refusals.of("ck") == []


class Counted:
    """The store's refusals, with the number of writes."""

    def __init__(self, store: Store) -> None:
        self._refusals = store.refusals
        self.refusals = self
        self.writes = 0

    def add(self, *values: object) -> None:
        self.writes += 1
        self._refusals.add(*values)  # type: ignore[arg-type]

    def add_wrong_secrets(self, *values: object) -> None:
        self.writes += 1
        self._refusals.add_wrong_secrets(*values)  # type: ignore[arg-type]


async def test_a_flood_is_one_write_and_memory_does_not_grow_with_it(store: Store) -> None:
    counted = Counted(store)
    notes = RefusalNotes(lambda: counted)  # type: ignore[arg-type, return-value]
    for place in range(1000):
        notes.count_wrong_secret("ck")
        notes.add("ck", 401, f"reason {place}")
    assert len(notes._wrong) == 1
    assert len(notes._waiting["ck"]) == KEPT
    await notes.close()
    wrong = store.refusals.wrong_secrets("ck")
    assert wrong is not None
    assert (wrong.count, counted.writes) == (1000, 2)
    assert store.refusals.of("ck")[0].reason == "reason 999"


async def test_a_store_that_is_out_of_reach_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def get_store() -> Store:
        raise StoreUnavailable("secret-place.db: disk I/O error")

    notes = RefusalNotes(get_store)
    notes.count_wrong_secret("ck")
    with caplog.at_level(logging.WARNING):
        await notes.close()
    assert caplog.messages == ["Refusals cannot be noted: StoreUnavailable"]
