# SPDX-License-Identifier: Apache-2.0
"""AccuAuth in Peru: check a few numbers; those without a country code are read as Peruvian."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from airflow_provider_wa.operators.check import WaBulkCheckOperator

with DAG(
    dag_id="example_wa_accuauth",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
) as dag:
    # [START accuauth]
    check = WaBulkCheckOperator(
        task_id="check",
        wa_conn_id="accuauth_default",
        numbers=["999 888 777", "+51 999 888 700"],
        default_region="PE",
    )
    # [END accuauth]
