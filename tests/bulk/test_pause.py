# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from bulk.test_send_run import Tries, Vendor

from airflow_provider_wa.bulk import pause, send_rows
from airflow_provider_wa.bulk.workers import Interrupted
from airflow_provider_wa.store.store import Store

PEOPLE = [f"5198765{place:04}" for place in range(6)]


@pytest.fixture
def tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tries]:
    monkeypatch.setattr(pause, "SECONDS_BETWEEN_LOOKS", 0.0)
    store = Store(f"sqlite:///{tmp_path}/wa.db")
    yield Tries(store)
    store.close()


class Pausing(Vendor):
    """A vendor at whose third message somebody pauses the batch."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store

    def send(self, to: str, *arguments: object, **options: object) -> object:  # type: ignore[override]
        if to == PEOPLE[2]:
            self.store.pauses.pause("b", "ana")
        return super().send(to, *arguments, **options)  # type: ignore[arg-type]


async def begun(tries: Tries, vendor: Vendor, **options: object) -> asyncio.Task[object]:
    """Begin a run, and return it once it waits."""
    run: asyncio.Task[object] = asyncio.ensure_future(tries(vendor, PEOPLE, **options))  # type: ignore[arg-type]
    while len(tries.states()) < 3 or "intended" in tries.states():  # noqa: ASYNC110 - the store sends no events
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    return run


async def test_a_pause_ends_the_sending_after_the_messages_under_way_until_it_is_resumed(tries: Tries) -> None:
    vendor = Pausing(tries.store)
    run = await begun(tries, vendor)
    assert tries.states() == ["accepted"] * 3
    tries.store.pauses.resume("b")
    await run
    assert tries.states() == ["accepted"] * 6


async def test_who_opts_out_in_a_pause_gets_nothing_after_it_although_the_rows_were_read_ahead(tries: Tries) -> None:
    run = await begun(tries, Pausing(tries.store))
    tries.store.suppressions.add([PEOPLE[4]], "wrote STOP")
    tries.store.pauses.resume("b")
    await run
    assert tries.states() == ["accepted"] * 4 + ["skipped", "accepted"]


@pytest.mark.parametrize("rows_at_once", [1, 2, 3])
async def test_rows_that_were_looked_up_before_a_pause_are_asked_for_again_whatever_was_looked_up_after_it(
    tries: Tries, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    monkeypatch.setattr(send_rows, "ROWS_AT_ONCE", rows_at_once)
    run = await begun(tries, Pausing(tries.store))
    tries.store.suppressions.add(PEOPLE[3:], "wrote STOP")
    tries.store.pauses.resume("b")
    await run
    assert tries.states() == ["accepted"] * 3 + ["skipped"] * 3


async def test_a_batch_that_is_paused_before_it_begins_waits_too_and_others_go_on(tries: Tries) -> None:
    tries.store.pauses.pause("b", "ana")
    run = asyncio.ensure_future(tries(Vendor(), PEOPLE))
    await tries(Vendor(), PEOPLE, batch="another", name="other")
    assert tries.states("another") == ["accepted"] * 6
    assert tries.states() == []
    tries.store.pauses.resume("b")
    await run
    assert tries.states() == ["accepted"] * 6


async def test_a_task_that_is_ended_in_a_pause_ends(tries: Tries) -> None:
    tries.store.pauses.pause("b", "ana")
    ended: list[bool] = []
    run = asyncio.ensure_future(tries(Vendor(), PEOPLE, interrupted=lambda: bool(ended)))
    await asyncio.sleep(0.05)
    assert not run.done()
    ended.append(True)
    with pytest.raises(Interrupted):
        await run


async def test_the_log_says_who_has_paused_it_and_that_it_goes_on(
    caplog: pytest.LogCaptureFixture, tries: Tries
) -> None:
    caplog.set_level(logging.INFO)
    tries.store.pauses.pause("b", "ana")
    watch = pause.PauseWatch(lambda: tries.store.pauses.of("b"), logging.getLogger("test"), lambda: False)
    waiting = asyncio.ensure_future(watch.over())
    await asyncio.sleep(0.05)
    tries.store.pauses.resume("b")
    await waiting
    assert "Paused by ana" in caplog.text
    assert caplog.text.count("Paused") == caplog.text.count("Resumed") == 1
