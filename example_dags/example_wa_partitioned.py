# SPDX-License-Identifier: Apache-2.0
"""Check a long list in four tasks at once, and put their answers into one file.

Several tasks share the work of several workers; the connection's rate limit is divided among them. The store must be
one that all of them see: a PostgreSQL database, as soon as there is more than one worker.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from airflow.sdk import DAG, Param, task

from airflow_provider_wa.bulk.partition import merge, partition
from airflow_provider_wa.operators.check import WaBulkCheckOperator

CUSTOMERS = Path(__file__).parent / "data" / "outreach.csv"

with DAG(
    dag_id="example_wa_partitioned",
    schedule=None,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
    params={
        "customers": Param(str(CUSTOMERS), type="string", description="CSV with a column named phone"),
        "output_dir": Param(f"{tempfile.gettempdir()}/wa_partitioned", type="string", description="Where results go"),
    },
) as dag:
    # [START partitioned]
    @task
    def cut(input_path: str) -> list[dict]:
        """Which rows each task is to check."""
        return partition(input_path, 4)

    @task
    def join(checked: list[dict], output_path: str) -> dict:
        """All answers in the list's order, and the counts of all parts."""
        return merge(checked, output_path)

    check = WaBulkCheckOperator.partial(
        task_id="check",
        wa_conn_id="wuzapi_default",
        input_path="{{ params.customers }}",
        column="phone",
        output_path="{{ params.output_dir }}/part-{{ ti.map_index }}.csv",
        retries=2,  # a retry goes on where the part was
    ).expand(part=cut("{{ params.customers }}"))
    join(check.output, "{{ params.output_dir }}/checked.csv")
    # [END partitioned]
