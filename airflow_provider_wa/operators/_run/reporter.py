# SPDX-License-Identifier: Apache-2.0
"""Reports the progress of a running task's batch, to the store and to Airflow's task state (from 3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from airflow.providers.common.compat.sdk import Context, TaskDeferred

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.store.batches import BatchProgress
from airflow_provider_wa.store.store import Store

STATE_KEY = "wa_progress"
"""Key of the progress in ``context["task_state_store"]``, from Airflow 3.3."""


class Reporter:
    """Writes the progress of a batch, in a thread, so that an event loop can call it.

    A report that cannot be written is logged and skipped: the task continues. If reports arrive faster than they can be
    written, only the newest is written.
    """

    def __init__(self, store: Store, batch: str, context: Context, log: Any) -> None:
        self._store, self._batch, self._log = store, batch, log
        known: Any = context if isinstance(context, dict) else {}
        self._state = known.get("task_state_store")
        self._thread = ThreadPoolExecutor(1, "wa-progress")
        self._newest: BatchProgress | None = None
        self._last: Future[None] | None = None

    def __call__(self, progress: BatchProgress) -> None:
        """Schedule the progress to be written. Not blocking."""
        self._newest = progress
        self._last = self._thread.submit(self._write, progress)

    def flush(self) -> None:
        """Wait until the newest report is written."""
        if self._last is not None:
            self._last.result()

    def close(self) -> None:
        """Write the newest report, and end the thread."""
        self._thread.shutdown()

    def _write(self, progress: BatchProgress) -> None:
        if progress is not self._newest:
            return
        try:
            self._store.batches.report(self._batch, progress)
        except Exception as error:  # noqa: BLE001 - the progress is only shown
            self._log.warning("The progress could not be stored: %s", error)
        if self._state is not None:
            self._tell_airflow(progress)

    def _tell_airflow(self, progress: BatchProgress) -> None:
        try:
            self._state.set(STATE_KEY, as_state(self._batch, progress))
        except Exception as error:  # noqa: BLE001 - as above
            self._state = None
            self._log.warning("Airflow did not accept the task's progress: %s", error)


def as_state(batch: str, progress: BatchProgress) -> dict[str, Any]:
    """Return the progress as JSON: ``{"batch", "rows", "done", "rate", "seconds_left", "counts"}``."""
    left = progress.seconds_left
    return {
        "batch": batch,
        "rows": progress.rows,
        "done": progress.done,
        "rate": round(progress.rate, 2),
        "seconds_left": None if left is None else round(left),
        "counts": dict(progress.counts),
    }


@contextmanager
def stopped_on_failure(store: Store, batch: str) -> Iterator[None]:
    """Mark the batch as stopped if the block fails. A deferral is not a failure."""
    try:
        yield
    except TaskDeferred:
        raise
    except BaseException:
        with suppress(WaError):  # the first error is more useful
            store.batches.stop(batch)
        raise
