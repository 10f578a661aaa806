# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from airflow_provider_wa.bulk.progress import Progress


@dataclass
class Counts:
    done: int
    remark: str = "-"


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
