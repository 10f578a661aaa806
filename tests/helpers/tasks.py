# SPDX-License-Identifier: Apache-2.0
"""Operators and their runs; and a task as a runner sees it, with a hook of the test's and without Airflow."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NoReturn

from airflow.providers.common.compat.sdk import TaskDeferred


@dataclass
class FakeTask:
    """A stand-in for an operator."""

    hook: Any = None
    wa_conn_id: str = "my_wa"
    retries: int | None = 0
    execution_timeout: timedelta | None = None
    killed: bool = False
    spreadsheet_safe: bool = False
    operator_extra_links: tuple[Any, ...] = ()
    log: Any = field(default_factory=lambda: logging.getLogger("task"))

    def defer(
        self, *, trigger: Any, method_name: str, kwargs: dict[str, Any] | None = None, timeout: timedelta | None = None
    ) -> NoReturn:
        raise TaskDeferred(trigger=trigger, method_name=method_name, kwargs=kwargs, timeout=timeout)


@dataclass
class FakeHook:
    """A hook whose methods return ``answers`` by name, an exception among them is raised; ``calls`` are noted."""

    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    conn_type: str = "fake"

    def __getattr__(self, name: str) -> Any:
        if name not in self.answers:
            raise AttributeError(name)

        def method(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, arguments, named))
            if isinstance(answer := self.answers[name], Exception):
                raise answer
            return answer

        return method


def run_of(**fields: Any) -> Any:
    """Airflow's context of a task's run."""
    known = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1, "max_tries": 2, "try_number": 1}
    return {"ti": SimpleNamespace(**{**known, **fields}), "ds": "2026-03-01"}


def execute(operator: type[Any], conn_id: str = "wuzapi_default", context: Any = None, **arguments: Any) -> Any:
    """Return what an operator does."""
    return operator(**{"task_id": "t", "wa_conn_id": conn_id, **arguments}).execute(context or {})
