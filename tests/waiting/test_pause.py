# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time
from typing import Any

import pytest
from helpers.virtual_time import VirtualLoop
from helpers.waiting import event_of, round_trip

from airflow_provider_wa.waiting import pause
from airflow_provider_wa.waiting.pause import PauseTrigger


@pytest.mark.parametrize("jump", [0.0, 6 * 3600.0, -6 * 3600.0])
def test_it_waits_as_long_whatever_the_clock_is_set_to(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    loop, wall = VirtualLoop(), time.time
    monkeypatch.setattr(time, "time", lambda: wall() + (jump if loop.time() > began + 10 else 0.0))
    began = loop.time()
    assert loop.run(event_of(PauseTrigger(150.0))) == {"status": "success"}
    assert loop.time() - began == pytest.approx(150.0, abs=1)


def test_time_in_which_the_machine_is_suspended_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = VirtualLoop()
    began = loop.time()
    monkeypatch.setattr(pause, "suspended", lambda: 3600.0 if loop.time() > began + 10 else 0.0)
    loop.run(event_of(PauseTrigger(150.0)))
    assert loop.time() - began <= pause.LONGEST_SLEEP + 1


def test_a_restart_of_the_triggerer_knows_the_wait() -> None:
    made: Any = round_trip(PauseTrigger(150.0))
    assert made.seconds == 150.0
