# SPDX-License-Identifier: Apache-2.0
"""Run a benchmark's processes, and bring their figures together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from contestants import ASYNC, THREADS
from figures import rate

HERE = Path(__file__).resolve().parent
SDK_PYTHON = HERE.parent / ".venv-sdk" / "bin" / "python"
SDK, LOOP = "Green-API SDK pool", "requests loop"
LONGEST = 3600
"""Maximum seconds of one measurement."""


def child(script: str, *arguments: Any, python: Path | str = sys.executable) -> dict[str, Any]:
    """Run a script of this folder and return the JSON of its last line."""
    command = [str(python), str(HERE / script), *map(str, arguments)]
    # Let Python keep compiled modules: compiling is not part of the measurement.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False, env=environment)
    if done.returncode:
        sys.exit(f"{script} {' '.join(map(str, arguments))} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def contestants(sdk: Path) -> list[str]:
    """Return the names of the clients to compare, without the SDK's where ``sdk`` is no Python interpreter."""
    names = [name for name in (*ASYNC, *THREADS) if name != LOOP]
    if not sdk.exists():
        names.remove(SDK)
        print(f"{SDK} is left out: not installed; run make sdk", file=sys.stderr)
    return names


def in_turn(names: Iterable[str], rounds: int, longest: float, measure: Callable[[str], Any]) -> dict[str, list[Any]]:
    """Measure each of ``names`` in turn, so that a slow phase of the machine affects all.

    What took longer than ``longest`` seconds has collapsed, and is not measured again: it would take minutes.
    """
    found: dict[str, list[Any]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, runs in found.items():
            if not any(run["seconds"] > longest for run in runs):
                runs.append(measure(name))
    return found


def middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median run by calls a second."""
    return sorted(runs, key=rate)[len(runs) // 2]


def together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the sums of all runs."""
    return {figure: sum(run[figure] for run in runs) for figure in ("calls", "seconds", "cpu")}


def say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)
