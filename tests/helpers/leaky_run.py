# SPDX-License-Identifier: Apache-2.0
"""A program: each operator and sensor, with connections of vendors in turn, while all libraries log all they can.

The file that the environment's ``LEAKY_RUN`` names holds a JSON object: ``dags`` are lists of connections by DAG,
``output`` is the folder of output files, ``rotated`` are variables of the environment that change at a task's retry.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG

from airflow_provider_wa.provider_info import get_provider_info
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.retry_policy import DEFAULT_POLICY, seconds_before_repeat
from airflow_provider_wa.vendors.wa_portal.client import WaPortal

LOGGERS = (
    "httpx", "httpcore", "httpcore.connection", "httpcore.http11", "aiohttp.client", "aiohttp.internal", "asyncio",
    "h11", "uvicorn", "uvicorn.error", "uvicorn.access", "sqlalchemy.engine", "sqlalchemy.pool", "airflow_provider_wa",
    "airflow.task", "anyio", "fsspec",
)  # fmt: skip

NUMBER = "+51987654310"
VALUES: Mapping[str, Any] = {
    "to": NUMBER, "number": NUMBER, "sender": NUMBER, "chat": NUMBER, "numbers": [NUMBER, "+51987654329"],
    "recipients": [NUMBER, "+51987654329"], "message": "Hello", "message_id": "3EB0C767D26B8A4A9C31",
    "message_ids": ["3EB0C767D26B8A4A9C31"], "emoji": "+", "kind": "image", "reference": "a-reference",
    "since": "2026-11-20T00:00:00+00:00", "until": "2026-11-21T00:00:00+00:00", "event_ids": [1, 2],
    "timeout": 1.0, "poke_interval": 0.2, "poll_interval": 0.2, "pending_timeout": 1.0, "max_failures": 2,
    "concurrency": 2,
}  # fmt: skip
"""Arguments of all operators and sensors, by name."""
REQUIRED_ONLY = ("message_id",)
"""Arguments that are given only where they are required."""

ONLY_CHECKS = ("checkwa", "accuauth")
"""Ends of the ids of connections to vendors that do nothing else."""


def be_loud_and_quick(tries: int = DEFAULT_POLICY.tries) -> None:
    """Let all loggers say all that they can, and repeat requests at once."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    policy = replace(DEFAULT_POLICY, tries=tries, first_wait=0.01, longest_wait=0.02)
    seconds_before_repeat.__defaults__ = (policy,)
    # A message in doubt would be looked for until the vendor's report must have it: two and a half minutes.
    GreenApi.report_seconds = WaPortal.report_seconds = 1.0


def classes() -> Iterator[type[Any]]:
    """Yield all operators and sensors that the provider names."""
    info = get_provider_info()
    for kind in ("operators", "sensors"):
        for module in dict.fromkeys(name for group in info[kind] for name in group["python-modules"]):
            found = vars(importlib.import_module(module)).values()
            yield from (one for one in found if inspect.isclass(one) and one.__module__ == module and _is_public(one))


def _is_public(one: type[Any]) -> bool:
    return not inspect.isabstract(one) and one.__name__.startswith("Wa")


def arguments(one: type[Any], output: Path, name: str) -> dict[str, Any]:
    """Return the arguments for an operator or a sensor.

    :raises KeyError: it requires one that is not in ``VALUES``.
    """
    known = {**VALUES, "output_path": str(output / f"{name}.{'png' if 'Qr' in one.__name__ else 'csv'}")}
    given: dict[str, Any] = {}
    for base in one.__mro__:
        if base.__module__.startswith("airflow_provider_wa") and "__init__" in vars(base):
            for parameter in inspect.signature(vars(base)["__init__"]).parameters.values():
                if parameter.kind is not parameter.KEYWORD_ONLY or parameter.name == "wa_conn_id":
                    continue
                required = parameter.default is parameter.empty
                if required or (parameter.name in known and parameter.name not in REQUIRED_ONLY):
                    given[parameter.name] = known[parameter.name]
    if "Sensor" in one.__name__:
        given |= {"timeout": VALUES["timeout"], "poke_interval": VALUES["poke_interval"]}
    return given


def _rotate(context: Any) -> None:
    """Give the connections that rotate their new value, and fail as a user's callback may."""
    os.environ.update(ROTATED)
    _fail(context)


def _fail(context: Any) -> None:
    logging.getLogger("callback").exception(
        "it failed: %r", context.get("exception"), exc_info=context.get("exception")
    )
    raise RuntimeError(f"in a callback: {context.get('exception')!r}") from context.get("exception")


ROTATED: dict[str, str] = {}


def dag_of(dag_id: str, conn_ids: list[str], output: Path, first: int = 0) -> Any:
    """Return a DAG of all operators and sensors; they take turns with the connections, from ``first``."""
    with DAG(dag_id, schedule=None) as dag:
        for turn, one in enumerate(classes()):
            fit = [name for name in conn_ids if "BulkCheck" in one.__name__ or not name.endswith(ONLY_CHECKS)]
            conn_id = fit[(turn + first) % len(fit)]
            given = {**arguments(one, output, f"{dag_id}-{one.__name__}"), "wa_conn_id": conn_id}
            for deferrable in (False, True) if "Sensor" in one.__name__ else (None,):
                task_id = f"{one.__name__}-{conn_id}{'-deferrable' * bool(deferrable)}"
                more = {} if deferrable is None else {"deferrable": deferrable}
                one(
                    task_id=task_id,
                    retries=1 if turn % 4 == 0 else 0,
                    retry_delay=timedelta(0),
                    on_failure_callback=_fail,
                    on_retry_callback=_rotate,
                    **given,
                    **more,
                )
    return dag


def dags() -> dict[str, Any]:
    """Return the DAGs, for a file in Airflow's folder and for this program."""
    given = json.loads(Path(os.environ["LEAKY_RUN"]).read_text())
    ROTATED.update(given["rotated"])
    output = Path(given["output"])
    # Each DAG begins with another connection, so that a task has another vendor in each.
    return {name: dag_of(name, given["dags"][name], output, turn) for turn, name in enumerate(given["dags"])}


def main() -> None:
    for dag in dags().values():
        logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, force=True)
        be_loud_and_quick()
        dag.test()


if __name__ == "__main__":
    main()
