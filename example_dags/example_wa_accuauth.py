# SPDX-License-Identifier: Apache-2.0
"""Check numbers with AccuAuth, which answers PENDING at first, and wait for the results without a worker slot.

Numbers without a country code are read as Peruvian.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.sensors.check import WaPendingCheckSensor

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
        numbers=["999 888 777", "+51 999 888 700", "999 888 701"],
        default_region="PE",
        deferrable=True,  # the triggerer checks pending numbers again, every 20 to 30 s
    )
    # [END accuauth]

    # [START pending]
    one_number = WaPendingCheckSensor(
        task_id="one_number",
        wa_conn_id="accuauth_default",
        number="+51 999 777 601",
        timeout=600,
        deferrable=True,
    )
    # [END pending]
