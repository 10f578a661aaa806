# SPDX-License-Identifier: Apache-2.0
"""How long a DAG file's imports of operators and sensors take, over ``import airflow.sdk``.

Airflow is imported once; all else happens in forks of that process, where nothing of the package has been imported.
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
    """The modules that DAG authors import operators and sensors from."""
    from airflow_provider_wa.provider_info import get_provider_info

    info = get_provider_info()
    return [name for kind in ("operators", "sensors") for group in info[kind] for name in group["python-modules"]]


def milliseconds(names: list[str]) -> float:
    """How long it takes to import these modules."""
    began = time.perf_counter()
    for name in names:
        importlib.import_module(name)
    return (time.perf_counter() - began) * 1000


def set_apart() -> float:
    """Keep the garbage collector from what Airflow has loaded, and return how many milliseconds it takes for that.

    It goes there now and then, whoever's import it happens to meet: it is not ours that would be measured.
    """
    began = time.perf_counter()
    gc.collect()
    taken = (time.perf_counter() - began) * 1000
    gc.freeze()
    return taken


def in_a_fork(ask: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns, called in a fork of this process. It is JSON."""
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

    # airflow.sdk loads its parts when they are asked for, as every DAG file does.
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
