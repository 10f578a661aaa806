# SPDX-License-Identifier: Apache-2.0
"""Log lines about the progress of a run."""

from __future__ import annotations

import time
from typing import Protocol


class Log(Protocol):
    """A logger of the standard library or of Airflow."""

    def info(self, message: str, /, *values: object) -> object:
        """Write a line."""
        ...

    def warning(self, message: str, /, *values: object) -> object:
        """Write a warning."""
        ...


class Counts(Protocol):
    """Counts of a run, for its progress."""

    @property
    def done(self) -> int:
        """Number of items that are finished."""
        ...

    @property
    def remark(self) -> str:
        """Further text for the log line."""
        ...


class Progress:
    """Logs the progress of a run, at most once in ``every`` seconds.

    :param unit: name of the items in the log line.
    :param counts: read only when there is a line to log.
    :param length: number of items; None if it is not known.
    """

    def __init__(self, log: Log, unit: str, counts: Counts, length: int | None = None, every: float = 10.0) -> None:
        self._log, self._unit, self._counts, self._every = log, unit, counts, every
        self._total = length
        self._start = self._last = time.monotonic()
        self._before = 0

    def restart_rate(self) -> None:
        """Measure the rate from now on: the items so far were finished before, by an earlier try."""
        self._before = self._counts.done
        self._start = time.monotonic()

    def report(self) -> None:
        """Log a line if it is time for one."""
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            self._line(now)

    def finish(self) -> None:
        """Log the last line, unless there is a single item."""
        if self._total != 1:
            self._line(time.monotonic())

    def _line(self, now: float) -> None:
        done, remark = self._counts.done, self._counts.remark
        of_all = f" of {self._total:,}" if self._total is not None else ""
        rate = max(done - self._before, 0) / max(now - self._start, 1e-3)
        left = "" if self._total is None or done >= self._total else f", {_duration(self._total - done, rate)} left"
        self._log.info("%s%s %s done, %.0f/s, %s%s", f"{done:,}", of_all, self._unit, rate, remark, left)


def _duration(count: int, rate: float) -> str:
    """Return the time for a number of items, as text."""
    if not rate:
        return "unknown time"
    seconds = count / rate
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
