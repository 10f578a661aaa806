# SPDX-License-Identifier: Apache-2.0
"""Kill bulk tasks at random moments while the vendors fail, run them again until they succeed, and print a table.

``python scripts/torture.py --kills 25 --seed 7`` exits with 1 if a recipient got a message twice or never, or if more
checks were repeated than necessary.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

CHECKED_BY = ("accuauth", "checkwa", "wuzapi")
SENT_BY = ("wuzapi", "wa_portal", "green_api")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6), help="of an earlier run, to repeat it"
    )
    parser.add_argument("--recipients", type=int, default=1000)
    parser.add_argument("--numbers", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--only", default="", help="part of a task's name, such as 'send' or 'wa_portal'")
    options = parser.parse_args()
    print(f"seed {options.seed}: {options.kills} kills of each task, store: {options.store}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        # Before anything of Airflow is imported.
        os.environ |= {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        return run(options, Path(folder))


def run(options: argparse.Namespace, folder: Path) -> int:
    from helpers.torture import HEAD, torture
    from helpers.tortured_task import CHECK, SEND, Plan

    plans = [
        *(Plan(conn_type, SEND, options.recipients, options.kills) for conn_type in SENT_BY),
        *(Plan(conn_type, CHECK, options.numbers, options.kills) for conn_type in CHECKED_BY),
    ]
    print(f"| {' | '.join(HEAD)} |\n| {' | '.join(['---'] * len(HEAD))} |", flush=True)
    problems = 0
    for plan in plans:
        name = f"{plan.deed}-{plan.conn_type}"
        if options.only in name:
            (folder / name).mkdir()
            with store(options.store) as uri:
                verdict = torture(plan, folder / name, options.seed, uri)
            problems += len(verdict.problems)
            print(f"| {' | '.join(verdict.to_row())} |", flush=True)
    return 1 if problems else 0


@contextmanager
def store(kind: str) -> Iterator[str]:
    """Yield the connection URI of a new store; empty for a SQLite file."""
    if kind == "sqlite":
        yield ""
        return
    from helpers.postgres import serve

    with serve() as server:
        yield server.new_database().replace("postgresql://", "postgres://")


if __name__ == "__main__":
    sys.exit(main())
