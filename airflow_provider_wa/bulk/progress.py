# SPDX-License-Identifier: Apache-2.0
"""Progress of a run: lines in the log, and reports to a function."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from airflow_provider_wa.store.batches import BatchProgress


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

    def so_far(self) -> Mapping[str, int]:
        """Counts by name."""
        ...


Watch = Callable[[BatchProgress], object]
"""A function that is called with the progress of a run. It must not block."""


def unwatched(progress: BatchProgress) -> None:
    """Do nothing with the progress of a run."""


class Progress:
    """Logs the progress of a run, at most once in ``every`` seconds, and passes it to ``watch``.

    :param unit: name of the items in the log line.
    :param counts: read only when there is a line to log.
    :param length: number of items; None if it is not known.
    :param watch: function that is called with the progress, once for each line.
    :param worked_on: returns the number of items that took this run a call. Give it if the run finishes other items
        without a call, such as the items of an earlier try: the remaining time is estimated from the calls alone.
    """

    def __init__(
        self,
        log: Log,
        unit: str,
        counts: Counts,
        length: int | None = None,
        every: float = 10.0,
        watch: Watch = unwatched,
        worked_on: Callable[[], int] | None = None,
    ) -> None:
        self._log, self._unit, self._counts, self._every, self._watch = log, unit, counts, every, watch
        self._worked_on = worked_on or (lambda: counts.done)
        self._total = length
        self._start = self._last = time.monotonic()
        self._before = 0

    def restart_rate(self) -> None:
        """Measure the rate from now on: the items so far were finished before, by an earlier try."""
        self._before = self._worked_on()
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
        reached = self._reached(now)
        of_all = f" of {reached.rows:,}" if reached.rows is not None else ""
        known_end = reached.rows is not None and reached.done < reached.rows
        left = f", {_duration(reached.seconds_left)} left" if known_end else ""
        line = (f"{reached.done:,}", of_all, self._unit, reached.rate, self._counts.remark, left)
        self._log.info("%s%s %s done, %.0f/s, %s%s", *line)
        self._watch(reached)

    def _reached(self, now: float) -> BatchProgress:
        done = self._counts.done
        rate = max(self._worked_on() - self._before, 0) / max(now - self._start, 1e-3)
        return BatchProgress(counts=dict(self._counts.so_far()), done=done, rows=self._total, rate=rate)


def _duration(seconds: float | None) -> str:
    """Return a time as text."""
    if seconds is None:
        return "unknown time"
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
