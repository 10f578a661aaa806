# SPDX-License-Identifier: Apache-2.0
"""Reports the progress of a batch while its task runs: to the store, and to Airflow where it keeps a task's state."""

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
    """Writes the progress of a batch, in a thread: an event loop may call it.

    A report that cannot be written is logged and left out: the task goes on. If reports come faster than they can be
    written, only the newest is.
    """

    def __init__(self, store: Store, batch: str, context: Context, log: Any) -> None:
        self._store, self._batch, self._log = store, batch, log
        known: Any = context if isinstance(context, dict) else {}
        self._state = known.get("task_state_store")
        self._thread = ThreadPoolExecutor(1, "wa-progress")
        self._newest: BatchProgress | None = None
        self._last: Future[None] | None = None

    def __call__(self, progress: BatchProgress) -> None:
        """Write the progress soon."""
        self._newest = progress
        self._last = self._thread.submit(self._write, progress)

    def flush(self) -> None:
        """Wait until the newest report is written."""
        if self._last is not None:
            self._last.result()

    def close(self) -> None:
        """Write what is left, and end the thread."""
        self._thread.shutdown()

    def _write(self, progress: BatchProgress) -> None:
        if progress is not self._newest:
            return
        try:
            self._store.batches.report(self._batch, progress)
        except Exception as error:  # noqa: BLE001 - the progress is shown, and nothing depends on it
            self._log.warning("The progress could not be stored: %s", error)
        if self._state is not None:
            self._tell_airflow(progress)

    def _tell_airflow(self, progress: BatchProgress) -> None:
        try:
            self._state.set(STATE_KEY, as_state(self._batch, progress))
        except Exception as error:  # noqa: BLE001 - as above
            self._state = None
            self._log.warning("Airflow does not take the task's progress: %s", error)


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
    """Enter that the batch stopped, if the block fails; a task that is deferred goes on."""
    try:
        yield
    except TaskDeferred:
        raise
    except BaseException:
        with suppress(WaError):  # the first error says more
            store.batches.stop(batch)
        raise
