# SPDX-License-Identifier: Apache-2.0
"""CheckWA, on a server that answers at once (extra mode: sync): check a few numbers."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from airflow_provider_wa.operators.check import WaBulkCheckOperator

with DAG(
    dag_id="example_wa_checkwa",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
) as dag:
    # [START checkwa]
    check = WaBulkCheckOperator(
        task_id="check",
        wa_conn_id="checkwa_default",
        numbers=["+34 666 66 66 66", "+34 666 66 66 00"],
    )
    # [END checkwa]
