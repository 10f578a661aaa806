# SPDX-License-Identifier: Apache-2.0
"""Fuzz all targets of tests/fuzz for a time; what fails is kept in the corpus, as small as it gets."""

from __future__ import annotations

import argparse
import hashlib
import itertools
import logging
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
# Before anything of Airflow is imported.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-fuzz-")

from fuzz.mutations import mutated  # noqa: E402
from fuzz.targets import CORPUS, TARGETS, Target  # noqa: E402
from hypothesis import HealthCheck, given, seed, settings  # noqa: E402

EXAMPLES = 200
"""Inputs of a target before the next one has its turn."""


class Fuzzer:
    """Runs targets in turns, and counts."""

    def __init__(self, number: int) -> None:
        self._numbers = random.Random(number)
        self.inputs = dict.fromkeys((target.name for target in TARGETS), 0)
        self.failed: dict[str, bytes] = {}
        self._near = {target.name: mutated([*target.seeds(), *target.corpus()], target.pieces) for target in TARGETS}

    def turn(self, target: Target) -> None:
        """Try some inputs; keep the smallest that fails."""
        last = b""

        @seed(self._numbers.getrandbits(64))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(self._near[target.name])
        def check(data: bytes) -> None:
            nonlocal last
            self.inputs[target.name] += 1
            last = data
            target.check(data)

        try:
            check()
        except Exception:  # noqa: BLE001 - whatever a target raises is a find
            traceback.print_exc()
            self.failed[target.name] = last


def keep(target: str, data: bytes) -> Path:
    """Write an input into the corpus."""
    path = CORPUS / target / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def main() -> int:
    """Fuzz, print what was tried, and return 1 after a find."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    options = parser.parse_args()
    # Libraries warn of each thing that is odd in an input.
    logging.disable()
    fuzzer, ends = Fuzzer(options.seed), time.monotonic() + options.seconds
    for target in itertools.cycle(TARGETS):
        if time.monotonic() > ends:
            break
        if target.name not in fuzzer.failed:
            fuzzer.turn(target)
    for name, inputs in fuzzer.inputs.items():
        print(f"{name:<10} {inputs:>9,} inputs", flush=True)
    for name, data in fuzzer.failed.items():
        print(f"FOUND {keep(name, data)} (seed {options.seed})")
    return bool(fuzzer.failed)


if __name__ == "__main__":
    sys.exit(main())
