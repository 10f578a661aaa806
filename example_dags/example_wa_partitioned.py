# SPDX-License-Identifier: Apache-2.0
"""Check a long list in four mapped tasks, and merge their results into one file.

The tasks can run on several workers. The connection's rate limit is divided among them. With more than one worker
the store must be a PostgreSQL database that all of them reach.
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
        "output_dir": Param(f"{tempfile.gettempdir()}/wa_partitioned", type="string", description="Output folder"),
    },
) as dag:
    # [START partitioned]
    @task
    def cut(input_path: str) -> list[dict]:
        """Return the parts of the list, one for each task."""
        return partition(input_path, 4)

    @task
    def join(checked: list[dict], output_path: str) -> dict:
        """Merge the results in the list's order, and add up the counts."""
        return merge(checked, output_path)

    check = WaBulkCheckOperator.partial(
        task_id="check",
        wa_conn_id="wuzapi_default",
        input_path="{{ params.customers }}",
        column="phone",
        output_path="{{ params.output_dir }}/part-{{ ti.map_index }}.csv",
        retries=2,  # a retry resumes its part
        map_index_template="rows {{ task.part.first }} to {{ task.part.last }}",
    ).expand(part=cut("{{ params.customers }}"))
    join(check.output, "{{ params.output_dir }}/checked.csv")
    # [END partitioned]
