# SPDX-License-Identifier: Apache-2.0
"""Operator that checks which numbers are on WhatsApp."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.connections.retry import airflow_errors
from airflow_provider_wa.links import CampaignLink
from airflow_provider_wa.operators.list_operator import WaListOperator

if TYPE_CHECKING:
    from airflow_provider_wa.operators._run.check import CheckRunner


class WaBulkCheckOperator(WaListOperator):
    """Checks which of many numbers are on WhatsApp, each once, and writes an answer for every one.

    Numbers may be spelt in any common way. An invalid number and a number that comes again cost no call. A number whose
    check fails is ``unknown``, with the reason in ``detail``, and never ``absent``. The task fails only on errors that
    would stop all checks (credentials, quota, budget, a session that is down, a vendor or a store out of reach), after
    writing the answers that it has.

    Each answer is stored before the next number is asked for. A retry of the task, or its Clear, goes on where it was:
    an answered number costs nothing again. Only calls that were under way when a worker was killed are made again: at
    most ``concurrency``. Numbers that are ``unknown`` are asked for again.

    Some vendors do not answer at once: they call back, or answer "pending" for a while (see docs/waiting.md). With
    ``deferrable`` the numbers are submitted in the worker, their answers awaited in the triggerer, which holds no
    worker slot, and the results written in a worker again. A number that is still open after ``pending_timeout`` is
    ``pending``. A number that a callback calls absent is asked for again in its country's other form, if there is one;
    it is ``unknown`` if no time is left for that. Without ``deferrable``, a number that is not answered at once is
    ``pending``; ``WaCallbackSensor(batch=...)`` can wait for it.

    Returns ``{"total", "exists", "absent", "pending", "unknown", "invalid", "duplicates", "reused", "calls", "output",
    "results", "batch"}``. A result is ``{"input", "number", "status", "jid", "checked_at", "detail"}``; ``results``
    holds them in the order of the numbers, or None if there is an ``output_path``. ``reused`` is the number of answers
    that ``max_age`` saved a call for, ``calls`` the number of requests over all tries, ``batch`` the name of the rows
    in the store.

    Besides those of ``WaListOperator`` it takes these arguments; ``concurrency`` is the connection's by default, and
    the parts of a list share the budget.

    :param numbers: the numbers, a list or the XCom that holds one (templated).
    :param carry: columns of the list that the results have as well, by name, or ``"*"`` for all but ``column``: a bulk
        send can then read the results, with ``only="exists"``. A column with the name of one of the results' own is
        ``list_<name>`` there (templated).
    :param max_age: maximum age of an answer that an earlier run got over this connection, to be taken in place of a
        call: a ``timedelta``, or seconds. By default each run makes its own calls.
    :param budget: maximum number of calls over all tries; one more fails the task for good. Clear it with a higher
        budget to go on.
    :param resume: go on where an earlier try was. False: each try starts from the beginning, and pays again.
    :param pending_timeout: maximum wait for answers that do not come at once, in seconds; an hour by default.
    :param poll_interval: seconds between two looks for them: by default 25 where the vendor is asked again, 5 where it
        calls back.
    """

    items = "numbers"
    operator_extra_links = (CampaignLink(),)
    template_fields: Sequence[str] = (*WaListOperator.template_fields, "numbers", "carry")

    def __init__(
        self,
        *,
        numbers: Any = None,
        carry: Sequence[str] | str | None = None,
        max_age: timedelta | float | None = None,
        budget: int | None = None,
        resume: bool = True,
        pending_timeout: float = 3600.0,
        poll_interval: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.numbers = numbers
        self.carry = carry
        self.max_age = max_age
        self.budget = budget
        self.resume = resume
        self.pending_timeout = pending_timeout
        self.poll_interval = poll_interval

    def work(self, context: Context) -> dict[str, Any]:
        return self._runner().begin(context)

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> dict[str, Any]:
        """Take over from the trigger: wait on, or write the results; without its event, go through the list again.

        :raises AirflowTaskTimeout: ``execution_timeout`` is over; the results are written first.
        :raises AirflowFailException: the trigger met an error that waiting does not mend; the results are written
            first.
        :raises AirflowException: failures that may pass have not passed; a retry goes on with the answers so far.
        """
        if not event:
            # ``airflow dags test`` beside a triggerer that runs: one of the two took the event. Answers are known.
            return self.execute(context)  # type: ignore[no-any-return]
        with airflow_errors():
            return self._runner().take_over(event)

    def _runner(self) -> CheckRunner:
        from airflow_provider_wa.operators._run.check import CheckRunner

        return CheckRunner(
            task=self,
            **self.list_arguments,
            carry=self.carry,
            max_age=self.max_age,
            budget=self.budget,
            resume=self.resume,
            pending_timeout=self.pending_timeout,
            poll_interval=self.poll_interval,
        )
