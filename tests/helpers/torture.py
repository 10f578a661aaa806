# SPDX-License-Identifier: Apache-2.0
"""A bulk task that is killed at random moments, over and over, while the vendor fails; and what that saw of it."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from helpers.slow_replies import slow_replies
from helpers.vendors import CREDENTIALS

from airflow_provider_wa.api.vendors.wuzapi import WuzApi

CHECK, SEND = "check", "send"

FAULTS: tuple[Mapping[str, Any], ...] = (
    {"kind": "lost_reply"},
    {"kind": "cut_body"},
    {"kind": "cut"},
    {"kind": "rate_limit", "retry_after": 0.05},
    {"kind": "server_error", "status": 502},
)
DONE_AND_NOT_TOLD = ("lost_reply", "cut_body")
"""The faults after which the vendor has done what it was asked, so that the same check comes again."""

FAULT_CHANCE = 0.05
"""How likely it is that a request meets one of them."""

REPLY_SECONDS = 0.03
"""How long the vendor takes to reply: for so long it has done what nobody knows of yet."""

TIMEOUT = 1.0
"""The longest wait for a reply, in seconds."""

EARLY_KILLS = 0.1
"""The share of kills at any moment of the first second, the others being at any moment between two requests."""

PATIENCE = 240.0
"""Seconds that one try may take that is not killed."""

MOST_FAILURES = 20

MOST_TRIES = 4
"""So often a check is tried at most."""

LOOK_SECONDS = 0.002

PRELOADED = [
    "airflow.sdk",
    "airflow_provider_wa.operators.check",
    "airflow_provider_wa.operators.send",
    "aiohttp",
    "httpx_aiohttp",
    "phonenumbers",
    "phonenumbers.data.region_PE",
    "alembic.command",
    "sqlalchemy.dialects.sqlite",
    "anyio._backends._asyncio",
    *(f"airflow_provider_wa.hooks.{conn_type}" for conn_type in CREDENTIALS),
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
        return WuzApi.numbers_per_check if (self.conn_type, self.deed) == ("wuzapi", CHECK) else 1

    @property
    def numbers(self) -> list[str]:
        """So many numbers of Peru. Those to be checked are on WhatsApp but for each tenth, the others all are."""
        return [
            f"+519{place:06d}{'00' if self.deed == CHECK and place % 10 == 0 else '10'}" for place in range(self.rows)
        ]


@dataclass
class Verdict:
    """What came of it. ``again`` are the checks that the vendor saw beyond one for each number."""

    plan: Plan
    kills: int = 0
    tries: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    again: int = 0
    repeats: int = 0
    undecided: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def allowed_again(self) -> int:
        """As many as may have been under way when the task was killed, or whose answers were lost."""
        lost = sum(self.faults[kind] for kind in DONE_AND_NOT_TOLD)
        return (self.kills * self.plan.concurrency + lost) * self.plan.numbers_per_call

    def to_row(self) -> list[str]:
        """A row of the table; ``HEAD`` is its head."""
        again = f"{self.again} of {self.allowed_again}" if self.plan.deed == CHECK else f"{self.repeats} by id"
        return [
            f"{self.plan.deed} {self.plan.rows:,} by {self.plan.conn_type}",
            str(self.kills),
            str(self.tries),
            str(self.failures.total()),
            str(self.faults.total()),
            again,
            str(self.undecided),
            f"{self.seconds:.0f} s",
            "; ".join(self.problems) or "none",
        ]


HEAD = ["task", "kills", "tries", "failed", "faults", "asked again", "unknown", "time", "problems"]


class Vendor:
    """A sandbox in a process of its own, behind slow replies, with faults at random.

    ``requests`` counts those that came since its start, ``met`` the faults that they have met.
    """

    def __init__(self, url: str, conn_type: str, chance: random.Random) -> None:
        self.slow_url = ""
        self.requests = 0
        self.met: Counter[str] = Counter()
        self._conn_type = conn_type
        self._chance = chance
        self._added: Counter[str] = Counter()
        self._client = httpx.Client(base_url=url, verify=False, timeout=30)
        self._control = httpx.AsyncClient(base_url=url, verify=False, timeout=30)

    async def before_request(self) -> None:
        """Let a request meet a fault, perhaps."""
        self.requests += 1
        if self._chance.random() < FAULT_CHANCE:
            fault = self._chance.choice(FAULTS)
            self._added[fault["kind"]] += 1
            body = {"vendor": self._conn_type, "times": 1, **fault}
            (await self._control.post("/sandbox/faults", json=body)).raise_for_status()

    def ledger(self) -> dict[str, Any]:
        """What it has seen."""
        reply = self._client.get("/sandbox/ledger", params={"vendor": self._conn_type})
        found: dict[str, Any] = reply.raise_for_status().json()
        return found

    def clear_faults(self) -> None:
        """Take away those that no request has met, and count the others."""
        waiting = self._client.get("/sandbox/faults").raise_for_status().json()["faults"]
        self.met = self._added - Counter(fault["kind"] for fault in waiting)
        self._client.delete("/sandbox/faults").raise_for_status()


@contextmanager
def running_vendor(conn_type: str, chance: random.Random) -> Iterator[Vendor]:
    """Start the sandbox, and end it with the block."""
    command = [sys.executable, "-m", "airflow_provider_wa.sandbox.server", "--port", "0", "--delivery-seconds", "0.05"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            vendor = Vendor(url, conn_type, chance)
            with slow_replies(url, REPLY_SECONDS, vendor.before_request) as vendor.slow_url:
                yield vendor
        finally:
            process.terminate()


def torture(plan: Plan, folder: Path, seed: int, store: str = "") -> Verdict:
    """Run a task, kill it ``plan.kills`` times, let it end, run it once more, and judge by what the vendor saw.

    :param store: the URI of the store's connection; a SQLite file in ``folder`` by default.
    """
    chance = random.Random(f"{seed} {plan}")
    verdict, began = Verdict(plan), time.monotonic()
    with running_vendor(plan.conn_type, random.Random(chance.random())) as vendor:
        job = _job(plan, folder, vendor, store)
        _until_it_succeeds(job, vendor, chance, verdict)
        vendor.clear_faults()
        verdict.faults = vendor.met
        before = vendor.ledger()
        _judge(job, before, verdict)
        # Cleared after its success: nothing is left to do, but to ask again for what is unknown.
        if _try(job, verdict, _too_late) is not True:
            verdict.problems.append("it failed when it was run once more")
        after = vendor.ledger()
        more = {part: len(after[part]) - len(before[part]) for part in ("messages", "checks")}
        if more["messages"] or more["checks"] > verdict.undecided * MOST_TRIES:
            verdict.problems.append(f"when it was run once more, the vendor saw {more}")
    verdict.seconds = time.monotonic() - began
    return verdict


def _until_it_succeeds(job: Job, vendor: Vendor, chance: random.Random, verdict: Verdict) -> None:
    plan = job.plan
    while verdict.failures.total() < MOST_FAILURES:
        left = plan.kills - verdict.kills
        is_over = _moment(plan, vendor, chance, left) if left else _too_late
        succeeded = _try(job, verdict, is_over)
        if succeeded:
            return
        if succeeded is None:
            verdict.kills += 1
            if not left:
                verdict.problems.append(f"it did not end within {PATIENCE:g} s")
                return
    verdict.problems.append(f"it failed {MOST_FAILURES} times: {dict(verdict.failures)}")


def _too_late(seconds: float) -> bool:
    return seconds > PATIENCE


def _moment(plan: Plan, vendor: Vendor, chance: random.Random, left: int) -> Callable[[float], bool]:
    """When to kill a try, asked with the seconds since its start: the kills are spread over what is to be done."""
    if chance.random() < EARLY_KILLS:
        early = chance.random()
        return lambda seconds: seconds > early
    ledger = vendor.ledger()
    done = len({entry.get("to") or entry["number"] for entry in (*ledger["messages"], *ledger["checks"])})
    calls = (plan.rows - done) / plan.numbers_per_call
    last = vendor.requests + chance.randint(1, max(1, round(1.8 * calls / (left + 1))))
    later = chance.uniform(0, REPLY_SECONDS)
    reached: list[float] = []

    def is_over(seconds: float) -> bool:
        if vendor.requests >= last and not reached:
            reached.append(seconds)
        return seconds > (reached[0] + later if reached else PATIENCE)

    return is_over


def _try(job: Job, verdict: Verdict, is_over: Callable[[float], bool]) -> bool | None:
    """Run the task: whether it has succeeded, or None if it was killed because its time was over."""
    verdict.tries += 1
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=run, args=(job, verdict.tries))
    began = time.monotonic()
    process.start()
    while process.exitcode is None:
        process.join(LOOK_SECONDS)
        if is_over(time.monotonic() - began) and process.exitcode is None:
            process.kill()
            process.join()
            return None
    if process.exitcode:
        lines = job.failure.read_text().strip().splitlines() if job.failure.exists() else ["no traceback"]
        verdict.failures[lines[-1][:200]] += 1
    return process.exitcode == 0


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


def _job(plan: Plan, folder: Path, vendor: Vendor, store: str) -> Job:
    known = CREDENTIALS[plan.conn_type]
    connection = {
        **{name: known[name] for name in ("login", "password") if name in known},
        "conn_type": plan.conn_type,
        "host": f"{vendor.slow_url}/{known['path']}",
        "extra": {**known.get("extra", {}), "timeout": TIMEOUT},
    }
    sqlite = json.dumps({"conn_type": "sqlite", "host": str(folder / "store.db")})
    environment = {"AIRFLOW_CONN_TORTURED": json.dumps(connection), "AIRFLOW_CONN_WA_STORE_DEFAULT": store or sqlite}
    job = Job(plan, folder, environment)
    job.source.write_text("\n".join(["phone", *plan.numbers, ""]))
    return job


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
    from airflow_provider_wa.bulk import sends
    from airflow_provider_wa.transport import channel

    channel.CONNECT_TIMEOUT = TIMEOUT
    sends.REPORT_SECONDS = sends.SECONDS_BETWEEN_PASSES = TIMEOUT / 2


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


def _judge(job: Job, ledger: Mapping[str, Any], verdict: Verdict) -> None:
    """Hold what the vendor saw, and what was written, against the list."""
    with suppress(FileNotFoundError), job.output.open(newline="") as file:
        rows = list(csv.DictReader(file))
        if [row["input"] for row in rows] != job.plan.numbers:
            verdict.problems.append("the results are not one for each number, in the order of the list")
        verdict.undecided = sum(row["status"] == "unknown" for row in rows)
        (_judge_checks if job.plan.deed == CHECK else _judge_sends)(rows, ledger, verdict)
        return
    verdict.problems.append("there are no results")


def _judge_checks(rows: list[dict[str, str]], ledger: Mapping[str, Any], verdict: Verdict) -> None:
    asked = Counter(check["number"] for check in ledger["checks"])
    verdict.again = asked.total() - len(asked)
    if verdict.again > verdict.allowed_again:
        verdict.problems.append(f"{verdict.again} checks again, {verdict.allowed_again} at most may be")
    if len(asked) < len(rows):
        verdict.problems.append(f"{len(rows) - len(asked)} numbers were never asked for")
    wrong = [
        row["input"]
        for row in rows
        if row["status"] not in ("unknown", "absent" if row["input"].endswith("00") else "exists")
    ]
    if wrong:
        verdict.problems.append(f"wrong answers for {wrong[:5]}")


def _judge_sends(rows: list[dict[str, str]], ledger: Mapping[str, Any], verdict: Verdict) -> None:
    received = Counter(f"+{message['to']}" for message in ledger["messages"])
    verdict.repeats = sum(message["repeats"] for message in ledger["messages"])
    doubled = [number for number, count in received.items() if count > 1]
    lost = [number for number in verdict.plan.numbers if number not in received]
    if doubled:
        verdict.problems.append(f"{len(doubled)} were messaged twice, such as {doubled[:3]}")
    if lost:
        verdict.problems.append(f"{len(lost)} were never messaged, such as {lost[:3]}")
    if verdict.repeats and verdict.plan.conn_type != "wuzapi":
        verdict.problems.append("a message was repeated under an id that this vendor does not let choose")
