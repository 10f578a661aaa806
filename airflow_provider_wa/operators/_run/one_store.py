# SPDX-License-Identifier: Apache-2.0
"""One store for all tries of a task: who was sent a message is known nowhere else.

A wait in the triggerer carries the store's mark. Between two tries Airflow keeps it from 3.3 on, in the task's state.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.waiting.same_store import check_same_store, store_mark

STATE_KEY = "wa_store"
"""Key of the mark in ``context["task_state_store"]``, from Airflow 3.3."""

CLEAR = (
    "nothing was sent now. To go on with this store, clear the task: "
    "recipients that only the other store knows get the message again"
)
"""End of the error."""


class OneStore:
    """Checks that a try has the store of the tries before it.

    After an error the other store is forgotten: a task that is then cleared by hand continues with the current store.

    :param batch: the name of the task's rows in the store; another batch has another mark.
    """

    def __init__(self, store: Store, batch: str, context: Context, log: Any) -> None:
        self._store, self._batch, self._log = store, batch, log
        run: Any = context if isinstance(context, Mapping) else {}
        self._state = run.get("task_state_store")
        self._try_number = getattr(run.get("ti"), "try_number", 1)

    def check(self, carried: Mapping[str, Any] | None = None, *, begun: bool = True) -> None:
        """Check the store, before anything is sent.

        :param carried: what ``mark`` returned before a wait in the triggerer; None at the beginning of a try.
        :param begun: a try enters its batch before it is remembered.
        :raises BadInput: it is another store, or one that was restored from a backup.
        """
        known = carried or self._remembered()
        try:
            if known and known["batch"] == self._batch:
                check_same_store(known)
                if begun:
                    self._check_batch(known.get("held_until"))
            elif begun and (self._try_number or 1) > 1 and self._store.batches.get(self._batch) is None:
                self._log.warning(
                    "Store %s knows of no earlier try of this task: see that no other had another store", self._store.id
                )
        except BadInput as error:
            self._set(None)
            raise BadInput(f"{error.message}; {CLEAR}") from None

    def mark(self, held_until: datetime | None = None) -> dict[str, Any]:
        """Return the mark of the store, as JSON.

        :param held_until: the moment until which the batch waits, as it is in the store.
        """
        held = {"held_until": held_until.isoformat()} if held_until else {}
        return {**store_mark(), "batch": self._batch, **held}

    def remember(self) -> None:
        """Keep the mark for the task's next tries."""
        if self._state is not None:
            self._set(self.mark())

    def _check_batch(self, held_until: str | None) -> None:
        batch = self._store.batches.get(self._batch)
        if batch is None:
            lost = "the earlier tries of this task"
        elif held_until and batch.held_until != datetime.fromisoformat(held_until):
            lost = f"the wait of this task until {held_until}"
        else:
            return
        raise BadInput(f"store: {self._store.id} does not know {lost}: it was restored from a backup")

    def _remembered(self) -> Mapping[str, Any] | None:
        if self._state is None:
            return None
        try:
            found = self._state.get(STATE_KEY)
        except Exception as error:  # noqa: BLE001 - any error of Airflow
            self._log.warning("the store of the last try is not known, so another one is not noticed: %s", error)
            return None
        return found if isinstance(found, Mapping) and "batch" in found else None

    def _set(self, mark: Mapping[str, Any] | None) -> None:
        if self._state is None:
            return
        try:
            self._state.set(STATE_KEY, mark or {})
        except Exception as error:  # noqa: BLE001 - any error of Airflow
            self._log.warning("Airflow does not keep the store's id for further tries: %s", error)
