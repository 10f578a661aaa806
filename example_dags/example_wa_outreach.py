# SPDX-License-Identifier: Apache-2.0
"""Check a list of numbers, send a message to those on WhatsApp, and report the deliveries.

Two connections share the work: ``wuzapi_default`` checks numbers, many in one call; ``wa_portal_default`` sends and
reports delivery. ``make demo`` runs this DAG against the sandbox, without an account.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pendulum
from airflow.sdk import DAG, Param, task

from airflow_provider_wa.hooks.wuzapi import WuzApiHook
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.reports import WaMessageStatusOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.sensors.delivery import WaDeliverySensor
from airflow_provider_wa.sensors.session import WaSessionSensor

CUSTOMERS = Path(__file__).parent / "data" / "outreach.csv"

with DAG(
    dag_id="example_wa_outreach",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
    params={
        "customers": Param(str(CUSTOMERS), type="string", description="CSV with a column named phone"),
        "output_dir": Param(f"{tempfile.gettempdir()}/wa_outreach", type="string", description="Output folder"),
    },
) as dag:

    @task
    def connect() -> dict:
        """Connect the account that checks. Does nothing if it is connected."""
        return WuzApiHook("wuzapi_default").connect().to_dict()

    # [START session]
    wait_for_checker = WaSessionSensor(
        task_id="wait_for_checker", wa_conn_id="wuzapi_default", poke_interval=2, timeout=3600, deferrable=True
    )
    wait_for_sender = WaSessionSensor(
        task_id="wait_for_sender", wa_conn_id="wa_portal_default", poke_interval=2, timeout=3600, deferrable=True
    )
    # [END session]

    # [START check]
    check = WaBulkCheckOperator(
        task_id="check",
        wa_conn_id="wuzapi_default",
        input_path="{{ params.customers }}",
        column="phone",
        carry=["name"],
        output_path="{{ params.output_dir }}/checked.csv",
    )
    # [END check]

    # [START send]
    send = WaBulkSendOperator(
        task_id="send",
        wa_conn_id="wa_portal_default",
        recipients=check.output,
        column="number",
        only="exists",  # those on WhatsApp
        message="Hello {{ name }}! Your order of {{ dag_run.run_after | ds }} is on its way. Reply STOP to opt out.",
        concurrency=4,
        retries=2,
    )
    # [END send]

    # [START delivery]
    delivered = WaDeliverySensor(
        task_id="delivered",
        wa_conn_id="wa_portal_default",
        message_id=send.output,
        timeout=120,  # for the demo; in production, allow a day
        fail_on_timeout=False,  # a phone that is off does not fail this task
        deferrable=True,
    )
    # [END delivery]

    # [START status]
    status = WaMessageStatusOperator(
        task_id="status",
        wa_conn_id="wa_portal_default",
        message_id=send.output,
        output_path="{{ params.output_dir }}/messages.csv",
    )
    # [END status]

    @task
    def funnel(checked: dict, statuses: dict) -> dict[str, int]:
        """Return the counts of this run, from the list to the phones."""
        return {
            "rows in the list": checked["total"],
            "not a phone number": checked["invalid"],
            "duplicates": checked["duplicates"],
            "numbers checked": checked["total"] - checked["invalid"] - checked["duplicates"],
            "not on WhatsApp": checked["absent"],
            "no clear answer": checked["unknown"] + checked["pending"],
            "on WhatsApp": checked["exists"],
            "messages accepted": statuses["total"],
            "delivered": statuses["delivered"] + statuses["read"],
            "read": statuses["read"],
        }

    connect() >> wait_for_checker >> check
    wait_for_sender >> send
    delivered >> status
    funnel(check.output, status.output)
