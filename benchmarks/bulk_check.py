# SPDX-License-Identifier: Apache-2.0
"""How fast ``WaBulkCheckOperator`` is against its ideal: workers divided by the server's latency.

The whole operator runs: numbers are read from a CSV file, normalised, checked one a call, and written to a CSV file.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from stub import stub


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument("--latency", type=float, default=0.05, help="of the server, in seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, stub(options.latency) as url:
        os.environ |= {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        connection = {"conn_type": "accuauth", "host": url, "login": "bench", "password": "no-secret-here"}
        os.environ["AIRFLOW_CONN_BENCH"] = json.dumps(connection)
        seconds, cpu = check(Path(folder), options.numbers, options.workers)
    ideal = options.workers / options.latency
    rate = options.numbers / seconds
    print(f"{options.numbers:,} numbers, {options.workers} workers, {options.latency * 1000:g} ms latency")
    print(f"ideal      {ideal:8,.0f} calls/s")
    print(f"operator   {rate:8,.0f} calls/s  = {rate / ideal:.0%} of the ideal")
    print(f"CPU        {cpu / options.numbers * 1000:8.2f} ms a call")


def check(folder: Path, count: int, workers: int) -> tuple[float, float]:
    """Seconds of the wall clock and of CPU time that checking ``count`` numbers takes."""
    from airflow_provider_wa.operators.check import WaBulkCheckOperator

    logging.disable(logging.WARNING)
    source, output = folder / "numbers.csv", folder / "checked.csv"
    source.write_text("phone\n" + "".join(f"+51 9{n:08d}\n" for n in range(count)))
    operator = WaBulkCheckOperator(
        task_id="check", wa_conn_id="bench", input_path=str(source), output_path=str(output), concurrency=workers
    )
    started, cpu_started = time.perf_counter(), time.process_time()
    summary = operator.execute({})
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    if summary["exists"] != count or summary["calls"] != count:
        sys.exit(f"the run went wrong: {summary}")
    return seconds, cpu


if __name__ == "__main__":
    main()
