# SPDX-License-Identifier: Apache-2.0
"""A campaign with a sending policy: one message to each customer, at most once, not at night, not too fast."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, task

from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.sensors.delivery import WaDeliverySensor
from airflow_provider_wa.sensors.session import WaSessionSensor

CUSTOMERS = [
    {"phone": "+51 999 888 777", "name": "Rosa", "order": 1041},
    {"phone": "+34 666 666 621", "name": "Pablo", "order": 1042},
    {"phone": "+52 55 1234 5622", "name": "Lucía", "order": 1043},
]

with DAG(
    dag_id="example_wa_campaign",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
) as dag:
    logged_in = WaSessionSensor(
        task_id="logged_in", wa_conn_id="green_api_default", poke_interval=5, timeout=3600, deferrable=True
    )

    # [START campaign]
    send = WaBulkSendOperator(
        task_id="send",
        wa_conn_id="green_api_default",
        recipients=CUSTOMERS,  # or input_path="s3://...", or sql="SELECT phone, name, ..."
        message="Hello {{ name }}, order {{ order }} is on its way. Reply STOP to hear no more from us.",
        pace=(1, 2),  # seconds between two messages
        daily_limit=500,
        quiet_hours=("23:30", "06:00"),  # in each customer's time zone
        on_hold="skip",  # skip customers in their quiet hours; "wait" sends to them later
        retries=3,  # nobody is messaged twice
    )
    # [END campaign]

    delivered = WaDeliverySensor(
        task_id="delivered",
        wa_conn_id="green_api_default",
        message_id=send.output,
        timeout=3600,
        fail_on_timeout=False,  # a phone that is off does not fail this task
        deferrable=True,
    )

    @task
    def report(sent: dict, delivered: dict) -> str:
        """Return the result of the campaign in one line."""
        arrived = delivered["delivered"] + delivered["read"]
        return f"{arrived} of {sent['total']} delivered, {sent['skipped']} skipped"

    logged_in >> send
    report(send.output, delivered.output)
