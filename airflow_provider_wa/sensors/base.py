# SPDX-License-Identifier: Apache-2.0
"""Base of the sensors: their trigger looks, in a triggerer or, poke by poke, in a worker."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowSensorTimeout,
    AirflowTaskTimeout,
    BaseSensorOperator,
    Context,
    PokeReturnValue,
    conf,
)

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.arguments import TRIGGERER_SECONDS, execution_deadline, time_left
from airflow_provider_wa.connections.retry import airflow_errors
from airflow_provider_wa.templating import RendersOwnTemplates
from airflow_provider_wa.waiting.patience import MAX_FAILURES, Patience
from airflow_provider_wa.waiting.source import Found, NotYet

if TYPE_CHECKING:
    from airflow_provider_wa.waiting.trigger import WaTrigger


class WaSensor(RendersOwnTemplates, BaseSensorOperator):
    """Base of the sensors.

    Temporary failures (an unreachable vendor or store, a logged-out account) do not end the wait; others, such as wrong
    credentials, fail the task immediately. ``execution_timeout`` also ends a wait in the triggerer, unlike in Airflow's
    own sensors.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    :param deferrable: wait in the triggerer, without a worker slot. ``[operators] default_deferrable`` by default.
    :param max_failures: maximum number of consecutive failures that do not end the wait. In the mode ``reschedule``
        each poke begins to count from zero.
    """

    template_fields: Sequence[str] = ("wa_conn_id",)
    ui_color = "#dcf8c6"

    def __init__(
        self, *, wa_conn_id: str, deferrable: bool | None = None, max_failures: int = MAX_FAILURES, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.wa_conn_id = wa_conn_id
        self.deferrable = (
            conf.getboolean("operators", "default_deferrable", fallback=False) if deferrable is None else deferrable
        )
        self.max_failures = max_failures
        self._patience = Patience(max_failures)
        self._trigger: WaTrigger | None = None
        self._otherwise: Found | None = None

    @abstractmethod
    def trigger(self, context: Context, deadline: float) -> WaTrigger:
        """Return the trigger that looks until ``deadline``, a Unix time.

        :raises BadInput: an argument is wrong.
        """

    @abstractmethod
    def result(self, context: Context, found: Found) -> Any:
        """Return the task's result, from what the trigger found."""

    def awaited(self) -> str:
        """Return the end of the log line on the wait, such as " for 3 messages"; by default it is empty."""
        return ""

    def execute(self, context: Context) -> Any:
        """Wait here, or look once and then wait in the triggerer."""
        # With dag.test() one process may run a task more than once.
        self._patience, self._trigger, self._otherwise = Patience(self.max_failures), None, None
        if not self.deferrable:
            return super().execute(context)
        found = self.poke(context)
        if found.is_done:
            return found.xcom_value
        # ``ends`` goes with the wait: Airflow 3.1 forgets when a task that was deferred has begun.
        ends = execution_deadline(self, context)
        self.defer(
            trigger=self._with_store(self._trigger_for(context)),
            method_name="execute_complete",
            kwargs=None if ends is None else {"ends": ends},
            timeout=time_left(ends, TRIGGERER_SECONDS),
        )

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        with airflow_errors():
            trigger = self._trigger_for(context)
            found = self._look(trigger)
            if isinstance(found, NotYet):
                self.log.info("Connection %s: %s", self.wa_conn_id, found.detail)
                # A failed look does not change what the last one found.
                self._otherwise = found.otherwise or self._otherwise
                if self._otherwise is None or trigger.seconds_left(time.monotonic()) >= 0:
                    return PokeReturnValue(is_done=False)
                found = self._otherwise
            return PokeReturnValue(is_done=True, xcom_value=self.result(context, found))

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None, ends: float | None = None) -> Any:
        """Continue after the trigger's event; without one, wait again.

        :param ends: end of ``execution_timeout``, a Unix time.
        :raises AirflowTaskTimeout: ``execution_timeout`` is over.
        :raises AirflowSensorTimeout: nothing was found in time.
        :raises AirflowFailException: an error that waiting does not mend.
        :raises AirflowException: more than ``max_failures`` failures in a row.
        """
        if event is None:
            return self.execute(context)
        if event["status"] == "timeout":
            if ends is not None and time.time() >= ends:
                raise AirflowTaskTimeout(f"execution_timeout: {event['message']}")
            raise AirflowSensorTimeout(event["message"])
        if event["status"] != "success":
            from airflow_provider_wa.waiting.trigger import failure

            raise failure(event)
        with airflow_errors():
            return self.result(context, {name: value for name, value in event.items() if name != "status"})

    def _with_store(self, trigger: WaTrigger) -> WaTrigger:
        """Return the trigger. For a wait on stored events, it gets the mark of the store that it must read."""
        if trigger.reads_store:
            from airflow_provider_wa.waiting.same_store import store_mark

            with airflow_errors():
                trigger.store = store_mark()
        return trigger

    def _look(self, trigger: WaTrigger) -> Found | NotYet:
        try:
            found = asyncio.run(trigger.look_once())
        except WaError as error:
            self._patience.failed(error)
            return NotYet(f"no answer: {error}")
        self._patience.succeeded()
        return found

    def _trigger_for(self, context: Context) -> WaTrigger:
        """Return the trigger, the same one for all pokes of this process: it remembers earlier results."""
        if self._trigger is None:
            run: Any = context
            # In the mode reschedule the first poke may have been in another process.
            first = run["ti"].get_first_reschedule_date(context) if self.reschedule and not self.deferrable else None
            began = first.timestamp() if first else time.time()
            ends = execution_deadline(self, context) if self.deferrable else None
            deadline = min(began + self.timeout, ends or float("inf"))
            self._trigger = self.trigger(context, deadline)
            until = datetime.fromtimestamp(deadline, timezone.utc).isoformat(" ", "seconds")
            self.log.info("Connection %s: waiting until %s at the latest%s", self.wa_conn_id, until, self.awaited())
        return self._trigger
