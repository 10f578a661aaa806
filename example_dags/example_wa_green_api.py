# SPDX-License-Identifier: Apache-2.0
"""Check a few numbers with Green-API."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from airflow_provider_wa.operators.check import WaBulkCheckOperator

with DAG(
    dag_id="example_wa_green_api",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
) as dag:
    # [START green_api]
    check = WaBulkCheckOperator(
        task_id="check",
        wa_conn_id="green_api_default",
        numbers=["+1 202 555 0123", "+61 491 570 156", "0046 70 174 06 00"],
    )
    # [END green_api]
