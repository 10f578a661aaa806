# SPDX-License-Identifier: Apache-2.0
"""One try of a bulk task, in a process of its own that somebody else kills: so nothing slow is imported here."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CHECK, SEND = "check", "send"

CONN_TYPES = ("accuauth", "checkwa", "green_api", "wa_portal", "wuzapi")

PRELOADED = [
    "airflow.sdk",
    "airflow_provider_wa.operators.check",
    "airflow_provider_wa.operators.send",
    "httptools",
    "phonenumbers",
    "phonenumbers.data.region_PE",
    "alembic.command",
    "sqlalchemy.dialects.sqlite",
    "anyio._backends._asyncio",
    *(f"airflow_provider_wa.hooks.{conn_type}" for conn_type in CONN_TYPES),
]
"""What each try would load anew. A try is a fork of a process that has done nothing else."""


@dataclass(frozen=True)
class Plan:
    """What is done to whom: ``rows`` numbers, ``kills`` kills, ``concurrency`` requests at once."""

    conn_type: str
    deed: str
    rows: int
    kills: int
    concurrency: int = 8

    @property
    def numbers_per_call(self) -> int:
        """How many numbers one request is about."""
        from airflow_provider_wa.vendors.wuzapi.client import WuzApi

        return WuzApi.numbers_per_check if (self.conn_type, self.deed) == ("wuzapi", CHECK) else 1

    @property
    def numbers(self) -> list[str]:
        """So many numbers of Peru. Those to be checked are on WhatsApp but for each tenth, the others all are."""
        return [
            f"+519{place:06d}{'00' if self.deed == CHECK and place % 10 == 0 else '10'}" for place in range(self.rows)
        ]


@dataclass(frozen=True)
class Job:
    """What a try needs to know: its folder holds the list, the results, and what the try said."""

    plan: Plan
    folder: Path
    environment: Mapping[str, str]

    @property
    def source(self) -> Path:
        """The list."""
        return self.folder / "list.csv"

    @property
    def output(self) -> Path:
        """The results."""
        return self.folder / "results.csv"

    @property
    def failure(self) -> Path:
        """The traceback of the try that failed last."""
        return self.folder / "failure.txt"


def run(job: Job, number: int) -> None:
    """Execute the operator, in a process of its own, as the try ``number`` of one task."""
    os.environ.update(job.environment)
    _hurry()
    with (job.folder / "log.txt").open("a") as log:
        # Airflow's log has taken hold of the streams as they were when it was loaded.
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
        try:
            ti = SimpleNamespace(
                dag_id="torture", run_id="once", task_id="task", map_index=-1, try_number=number, max_tries=99
            )
            _operator(job).execute({"ti": ti})  # type: ignore[arg-type, typeddict-item]
        except Exception:  # noqa: BLE001 - whatever it is, the try has failed
            job.failure.write_text(traceback.format_exc())
            sys.exit(1)


def _hurry() -> None:
    """Shorten the waits until a report of the vendor tells what became of a request: here it takes far less time."""
    from airflow_provider_wa.bulk import send_run
    from airflow_provider_wa.transport import channel
    from airflow_provider_wa.vendors.green_api.client import GreenApi
    from airflow_provider_wa.vendors.wa_portal.client import WaPortal

    channel.CONNECT_TIMEOUT = send_run.SECONDS_BETWEEN_PASSES = 0.5
    GreenApi.report_seconds = WaPortal.report_seconds = 0.5


def _operator(job: Job) -> Any:
    from airflow_provider_wa.operators import check, send

    common: dict[str, Any] = {
        "task_id": "task",
        "wa_conn_id": "tortured",
        "input_path": str(job.source),
        "output_path": str(job.output),
        "concurrency": job.plan.concurrency,
    }
    if job.plan.deed == CHECK:
        return check.WaBulkCheckOperator(**common)
    return send.WaBulkSendOperator(**common, message="Hello")
