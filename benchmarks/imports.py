# SPDX-License-Identifier: Apache-2.0
"""Measure a DAG file's imports of operators and sensors, after ``import airflow.sdk``.

Airflow is imported once. Each measurement is a fork of that process, without any module of the package.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any


def modules() -> list[str]:
    """Return the modules from which DAG authors import operators and sensors."""
    from airflow_provider_wa.provider_info import get_provider_info

    info = get_provider_info()
    return [name for kind in ("operators", "sensors") for group in info[kind] for name in group["python-modules"]]


def milliseconds(names: list[str]) -> float:
    """Return the milliseconds of importing these modules."""
    began = time.perf_counter()
    for name in names:
        importlib.import_module(name)
    return (time.perf_counter() - began) * 1000


def set_apart() -> float:
    """Freeze Airflow's objects for the garbage collector, and return the milliseconds of one collection of them.

    Otherwise a collection may fall into any import and be measured with it.
    """
    began = time.perf_counter()
    gc.collect()
    taken = (time.perf_counter() - began) * 1000
    gc.freeze()
    return taken


def in_a_fork(ask: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a fork of this process and return its result, which must be JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writer, json.dumps(ask(*arguments)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=7)
    tries = parser.parse_args().tries
    began = time.perf_counter()
    import airflow.sdk

    # airflow.sdk loads its parts on first use, and every DAG file uses these.
    _ = airflow.sdk.DAG, airflow.sdk.BaseOperator, airflow.sdk.task
    airflow_ms = (time.perf_counter() - began) * 1000
    collection_ms = set_apart()

    def median(names: list[str]) -> float:
        taken: list[float] = [in_a_fork(milliseconds, names) for _ in range(tries)]
        return statistics.median(taken)

    names = in_a_fork(modules)
    each = {name.removeprefix("airflow_provider_wa."): median([name]) for name in names}
    found = {"airflow_ms": airflow_ms, "collection_ms": collection_ms, "all_ms": median(names), "modules_ms": each}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
