# SPDX-License-Identifier: Apache-2.0
"""Measure the pass that validates a list before anything is spent: its CPU time, over the list of the bulk check."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from operator_runs import list_arguments


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the list")
    parser.add_argument("--numbers", type=int, required=True)
    options = parser.parse_args()
    print(json.dumps(validated(options.folder, options.numbers)))


def validated(folder: Path, count: int) -> dict[str, Any]:
    """Validate a list of ``count`` numbers as the operators do, and return the figures."""
    from airflow_provider_wa.connections.input_list import InputList

    listed = InputList(input_path=list_arguments(folder, "validated", count, 1)["input_path"])
    began = time.process_time()
    listed.prove("phone")
    return {"rows": count, "cpu": time.process_time() - began}


def share(validation: dict[str, Any], checks: dict[str, Any]) -> float:
    """Return the CPU time of the pass as a part of that of the whole bulk check, both for one row."""
    return float((validation["cpu"] / validation["rows"]) / (checks["cpu"] / checks["calls"]))


if __name__ == "__main__":
    main()
