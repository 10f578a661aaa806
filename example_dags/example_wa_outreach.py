# SPDX-License-Identifier: Apache-2.0
"""Verify a list of numbers, message those who are on WhatsApp, and see how the messages fared.

Two connections share the work: ``wuzapi_default`` checks numbers, many in one call, and ``wa_portal_default`` sends and
reports delivery. ``make demo`` runs this DAG against the sandbox, with no account at either.
"""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pendulum
from airflow.sdk import DAG, ObjectStoragePath, Param, task

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
        "output_dir": Param(f"{tempfile.gettempdir()}/wa_outreach", type="string", description="Where results go"),
    },
) as dag:

    @task
    def connect() -> dict:
        """Connect the account that checks; harmless if it is connected."""
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
        output_path="{{ params.output_dir }}/checked.csv",
    )
    # [END check]

    @task
    def on_whatsapp(checked: dict) -> list[str]:
        """Whom to send to: the form of each number that WhatsApp knows."""
        with ObjectStoragePath(checked["output"]).open() as rows:
            found = [row for row in csv.DictReader(rows) if row["status"] == "exists"]
        # WhatsApp hides some numbers behind an id (@lid), which only the vendor that told it can send to.
        return [row["number"] if row["jid"].endswith("@lid") else row["jid"] for row in found]

    # [START send]
    send = WaBulkSendOperator(
        task_id="send",
        wa_conn_id="wa_portal_default",
        recipients=on_whatsapp(check.output),
        message="Hello! Your order of {{ dag_run.run_after | ds }} is on its way. Reply STOP to hear no more from us.",
        concurrency=4,
    )
    # [END send]

    # [START delivery]
    delivered = WaDeliverySensor(
        task_id="delivered",
        wa_conn_id="wa_portal_default",
        message_id=send.output,
        timeout=120,  # enough to try it; in earnest, give phones a day
        fail_on_timeout=False,  # phones that are off are no failure of this task
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
        """From the list to the phones, in numbers of this run."""
        return {
            "rows in the list": checked["total"],
            "not a phone number": checked["invalid"],
            "the same number again": checked["duplicates"],
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
