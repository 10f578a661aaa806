# SPDX-License-Identifier: Apache-2.0
"""Log a WuzAPI session in, then send a picture with a caption."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, task

from airflow_provider_wa.hooks.wuzapi import WuzApiHook
from airflow_provider_wa.operators.send import WaSendMessageOperator
from airflow_provider_wa.sensors.session import WaSessionSensor

with DAG(
    dag_id="example_wa_wuzapi",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
) as dag:
    # [START connect]
    @task
    def connect() -> dict:
        """Connect the account. Unless it is still logged in, its QR code must then be scanned."""
        return WuzApiHook("wuzapi_default").connect().to_dict()

    # [END connect]

    wait = WaSessionSensor(
        task_id="wait", wa_conn_id="wuzapi_default", poke_interval=20, timeout=12 * 3600, deferrable=True
    )

    # [START media]
    send = WaSendMessageOperator(
        task_id="send",
        wa_conn_id="wuzapi_default",
        to="+1 202 555 0123",
        message={
            "type": "image",
            "url": "https://www.example.com/shop/{{ dag_run.run_after | ds }}.png",
            "caption": "Today's offer, {{ dag_run.run_after | ds }}",
        },
        retries=2,
    )
    # [END media]

    connect() >> wait >> send
