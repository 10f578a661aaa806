# SPDX-License-Identifier: Apache-2.0
"""A bulk task that is killed at random moments, over and over, while the vendor fails; and what that saw of it."""

from __future__ import annotations

import csv
import json
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.failing_vendor import REPLY_SECONDS, Vendor, running_vendor
from helpers.tortured_task import CHECK, PRELOADED, SEND, Job, Plan, run
from helpers.vendors import CREDENTIALS

from airflow_provider_wa.vendors.retry_policy import DEFAULT_POLICY

DONE_AND_NOT_TOLD = ("lost_reply", "cut_body")
"""The faults after which the vendor has done what it was asked, so that the same check comes again."""

TIMEOUTS = {CHECK: 30.0, SEND: 1.0}
"""The longest wait for a reply, in seconds. For so long nobody can tell what became of a send whose task was killed."""

EARLY_KILLS = 0.1
"""The share of kills at any moment of the first second, the others being at any moment between two requests."""

PATIENCE = 240.0
"""Seconds that one try may take that is not killed."""

MOST_FAILURES = 20

LOOK_SECONDS = 0.002


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
    def under_way(self) -> int:
        """How many numbers may have been asked for at the moments of the kills, at the most."""
        return self.kills * self.plan.concurrency * self.plan.numbers_per_call

    @property
    def unanswered(self) -> int:
        """How many numbers were asked for by requests whose replies were lost, at the most."""
        return sum(self.faults[kind] for kind in DONE_AND_NOT_TOLD) * self.plan.numbers_per_call

    def to_row(self) -> list[str]:
        """A row of the table; ``HEAD`` is its head."""
        checked = f"{self.again} (at most {self.under_way} under way, {self.unanswered} replies lost)"
        return [
            f"{self.plan.deed} {self.plan.rows:,} by {self.plan.conn_type}",
            str(self.kills),
            str(self.tries),
            str(self.failures.total()),
            str(self.faults.total()),
            checked if self.plan.deed == CHECK else f"{self.repeats} under their own ids",
            str(self.undecided),
            f"{self.seconds:.0f} s",
            "; ".join(self.problems) or "none",
        ]


HEAD = ["task", "kills", "tries", "failed", "faults", "again", "unknown", "time", "problems"]


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
        if more["messages"] or more["checks"] > verdict.undecided * DEFAULT_POLICY.tries:
            verdict.problems.append(f"when it was run once more, the vendor saw {more}")
    verdict.seconds = time.monotonic() - began
    return verdict


def _until_it_succeeds(job: Job, vendor: Vendor, chance: random.Random, verdict: Verdict) -> None:
    plan = job.plan
    while verdict.failures.total() < MOST_FAILURES:
        left = plan.kills - verdict.kills
        succeeded = _try(job, verdict, _moment(plan, vendor, chance, left) if left else _too_late)
        if succeeded is None and not left:
            verdict.problems.append(f"it did not end within {PATIENCE:g} s")
            return
        if succeeded and not left:
            return
        verdict.kills += succeeded is None
    verdict.problems.append(f"it failed {MOST_FAILURES} times: {dict(verdict.failures)}")


def _too_late(seconds: float) -> bool:
    return seconds > PATIENCE


def _moment(plan: Plan, vendor: Vendor, chance: random.Random, left: int) -> Callable[[float], bool]:
    """When to kill a try, asked with the seconds since its start: the kills are spread over what is to be done.

    The last one may come too late for that. The task is killed then when it is run again, with nothing left to do.
    """
    ledger = vendor.ledger()
    done = len({entry.get("to") or entry["number"] for entry in (*ledger["messages"], *ledger["checks"])})
    calls = (plan.rows - done) / plan.numbers_per_call
    if not calls or chance.random() < EARLY_KILLS:
        early = chance.random()
        return lambda seconds: seconds > early
    last = vendor.requests + chance.randint(1, max(1, round((2.2 if left == 1 else 1.8) * calls / (left + 1))))
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


def _job(plan: Plan, folder: Path, vendor: Vendor, store: str) -> Job:
    known = CREDENTIALS[plan.conn_type]
    connection = {
        **{name: known[name] for name in ("login", "password") if name in known},
        "conn_type": plan.conn_type,
        "host": f"{vendor.slow_url}/{known['path']}",
        "extra": {**known.get("extra", {}), "timeout": TIMEOUTS[plan.deed]},
    }
    sqlite = json.dumps({"conn_type": "sqlite", "host": str(folder / "store.db")})
    environment = {"AIRFLOW_CONN_TORTURED": json.dumps(connection), "AIRFLOW_CONN_WA_STORE_DEFAULT": store or sqlite}
    job = Job(plan, folder, environment)
    job.source.write_text("\n".join(["phone", *plan.numbers, ""]))
    return job


def _judge(job: Job, ledger: Mapping[str, Any], verdict: Verdict) -> None:
    """Hold what the vendor saw, and what was written, against the list."""
    if not job.output.exists():
        verdict.problems.append("there are no results")
        return
    with job.output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if [row["input"] for row in rows] != job.plan.numbers:
        verdict.problems.append("the results are not one for each number, in the order of the list")
    verdict.undecided = sum(row["status"] == "unknown" for row in rows)
    (_judge_checks if job.plan.deed == CHECK else _judge_sends)(rows, ledger, verdict)


def _judge_checks(rows: list[dict[str, str]], ledger: Mapping[str, Any], verdict: Verdict) -> None:
    asked = Counter(check["number"] for check in ledger["checks"])
    verdict.again = asked.total() - len(asked)
    if verdict.again > (at_most := verdict.under_way + verdict.unanswered):
        verdict.problems.append(f"{verdict.again} checks again, {at_most} at most may be")
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
    if left_open := [row["input"] for row in rows if row["status"] != "accepted"]:
        verdict.problems.append(f"{len(left_open)} are not known as accepted, such as {left_open[:3]}")
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
