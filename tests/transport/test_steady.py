# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from types import SimpleNamespace

import pytest

from airflow_provider_wa.transport import steady
from airflow_provider_wa.transport.steady import SteadyClock

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


class Machine:
    """A machine with its three clocks."""

    def __init__(self) -> None:
        self.wall, self.running, self.asleep = NOON, 1000.0, 50.0

    def now(self, tz: tzinfo | None = None) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.running

    def clock_gettime(self, clock: int) -> float:
        return self.running + self.asleep


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(steady, "datetime", SimpleNamespace(now=made.now))
    monkeypatch.setattr(steady, "time", made)
    monkeypatch.setattr(steady, "_WITH_SUSPENSION", 7)
    return made


@pytest.mark.parametrize("hours", [-72, -6, 6, 72])
def test_a_wall_clock_that_is_set_does_not_change_it(machine: Machine, hours: int) -> None:
    clock = SteadyClock()
    machine.running += 5
    machine.wall += timedelta(hours=hours)
    assert clock.now() == NOON + timedelta(seconds=5)


def test_it_runs_while_the_machine_is_suspended(machine: Machine) -> None:
    clock = SteadyClock()
    machine.asleep += 3600
    assert clock.now() == NOON + timedelta(hours=1)


def test_it_runs_where_the_system_does_not_say_how_long_it_was_suspended(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steady, "_WITH_SUSPENSION", None)
    clock = SteadyClock()
    machine.running += 5
    assert (clock.now(), steady.suspended()) == (NOON + timedelta(seconds=5), 0.0)
