# SPDX-License-Identifier: Apache-2.0
"""Send a text over a portal (HTTP API 2.0), and get its state."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from airflow_provider_wa.operators.reports import WaMessageStatusOperator
from airflow_provider_wa.operators.send import WaSendMessageOperator

with DAG(
    dag_id="example_wa_portal",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
) as dag:
    # [START portal]
    send = WaSendMessageOperator(
        task_id="send",
        wa_conn_id="wa_portal_default",
        to="+91 98123 45678",
        message="Your invoice of {{ dag_run.run_after | ds }} is ready.",
        retries=2,
    )
    status = WaMessageStatusOperator(task_id="status", wa_conn_id="wa_portal_default", message_id=send.output)
    # [END portal]
