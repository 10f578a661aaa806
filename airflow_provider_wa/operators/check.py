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
    """Checks which numbers of a list are on WhatsApp, each number once, and writes a result for each row.

    Numbers may be in any common spelling. Invalid and repeated numbers cost no call. A number whose check fails is
    ``unknown``, with the reason in ``detail``, and never ``absent``. The task fails only on errors that would stop all
    checks (credentials, quota, budget, a session that is down, an unreachable vendor or store), after writing the
    answers so far.

    Each answer is stored before the next number is checked. A retry of the task, or clearing it, continues there:
    answered numbers are not paid for again. When a worker is killed, only its open calls are repeated: at most
    ``concurrency``. Numbers that are ``unknown`` are checked again.

    Some vendors do not answer immediately: they call back, or answer "pending" for a while (see docs/waiting.md). With
    ``deferrable`` the numbers are submitted in the worker, the answers are awaited in the triggerer, without a worker
    slot, and the results are written in a worker again. A number without an answer after ``pending_timeout`` is
    ``pending``. A number that is absent according to a callback is checked again in its country's other form, if it has
    one; it is ``unknown`` if no time is left for that. Without ``deferrable``, a number without an immediate answer is
    ``pending``; ``WaCallbackSensor(batch=...)`` can wait for it.

    Returns ``{"total", "exists", "absent", "pending", "unknown", "invalid", "duplicates", "reused", "calls", "output",
    "results", "batch"}``. A result is ``{"input", "number", "status", "jid", "checked_at", "detail"}``; ``results``
    holds them in the order of the numbers, or None if there is an ``output_path``. ``reused`` is the number of answers
    that ``max_age`` took from earlier runs, ``calls`` the number of requests over all tries, ``batch`` the name of the
    rows in the store.

    Further arguments are those of ``WaListOperator``; ``concurrency`` is the connection's by default, and the parts of
    a list share the budget.

    :param numbers: the numbers, as a list or the XCom of a list (templated).
    :param carry: columns of the list to copy into the results, by name, or ``"*"`` for all except ``column``: a bulk
        send can then read the results, with ``only="exists"``. A column whose name is also a field of the results is
        copied as ``list_<name>`` (templated).
    :param max_age: maximum age of an answer of an earlier run over this connection that is used instead of a call: a
        ``timedelta``, or seconds. By default each run makes its own calls.
    :param budget: maximum number of calls over all tries; a further call fails the task for good. To continue, clear
        the task with a higher budget.
    :param resume: continue an earlier try. False: each try starts from the beginning, and pays again.
    :param pending_timeout: maximum wait for answers that are not immediate, in seconds; an hour by default.
    :param poll_interval: seconds between two polls for these answers: by default 25 for a vendor that is asked again,
        5 for a vendor that calls back.
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
        :raises AirflowException: temporary failures lasted too long; a retry continues with the answers so far.
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
