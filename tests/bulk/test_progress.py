# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from airflow_provider_wa.bulk.progress import Progress
from airflow_provider_wa.store.batches import BatchProgress


@dataclass
class Counts:
    done: int
    remark: str = "-"

    def so_far(self) -> dict[str, int]:
        return {"accepted": self.done}


def test_progress_is_told_at_most_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("progress")
    with caplog.at_level(logging.INFO, "progress"):
        Progress(log, "numbers", Counts(1000, "50 % on WhatsApp"), length=2000, every=0.0).report()
        rarely = Progress(log, "numbers", Counts(2, "the end"), every=3600)
        rarely.report()
        rarely.finish()
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith("1,000 of 2,000 numbers done, ")
    assert first.endswith("50 % on WhatsApp, 0 s left")
    assert second.startswith("2 numbers done, ")
    assert second.endswith("the end")


def test_the_time_left_is_told_where_the_end_is_known(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "progress"):
        counts = Counts(900_000)
        progress = Progress(logging.getLogger("progress"), "numbers", counts, length=1_000_000, every=0.0)
        progress.restart_rate()
        progress._start -= 100
        for counts.done in (901_000, 910_000, 1_000_000):
            progress.report()
        counts.done = 1_000
        progress.restart_rate()
        progress._start -= 1e9
        progress.report()
    ends = [message.rpartition(", ")[2] for message in caplog.messages]
    assert ends == ["3 h left", "15 min left", "-", "unknown time left"]


def test_those_who_watch_get_what_the_log_says() -> None:
    seen: list[BatchProgress] = []
    counts = Counts(0)
    progress = Progress(logging.getLogger("progress"), "messages", counts, length=400, every=0.0, watch=seen.append)
    progress._start -= 100
    counts.done = 100
    progress.report()
    counts.done = 400
    progress.finish()
    assert [(each.done, each.rows, dict(each.counts)) for each in seen] == [
        (100, 400, {"accepted": 100}), (400, 400, {"accepted": 400}),
    ]  # fmt: skip
    assert seen[0].rate == pytest.approx(1, rel=0.1)
    assert seen[0].seconds_left == pytest.approx(300, rel=0.1)
    assert seen[1].seconds_left == 0


def test_a_single_item_is_not_watched() -> None:
    seen: list[BatchProgress] = []
    Progress(logging.getLogger("progress"), "messages", Counts(1), length=1, watch=seen.append).finish()
    assert seen == []


@pytest.mark.parametrize(("rows", "rate"), [(None, 5.0), (10, 0.0)])
def test_without_an_end_or_a_rate_the_time_left_is_not_known(rows: int | None, rate: float) -> None:
    assert BatchProgress(counts={}, done=3, rows=rows, rate=rate).seconds_left is None


def test_items_that_took_no_call_say_nothing_of_the_time_left(caplog: pytest.LogCaptureFixture) -> None:
    """A retry passes over thousands of messages at once, and the others take as long as ever."""
    counts, sent = Counts(90_000), 10
    with caplog.at_level(logging.INFO, "progress"):
        log = logging.getLogger("progress")
        progress = Progress(log, "messages", counts, length=100_000, worked_on=lambda: sent, every=0.0)
        progress._start -= 10
        progress.report()
    assert caplog.messages == ["90,000 of 100,000 messages done, 1/s, -, 3 h left"]
