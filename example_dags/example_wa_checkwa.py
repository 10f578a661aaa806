# SPDX-License-Identifier: Apache-2.0
"""Check numbers with CheckWA, which posts its results to a callback URL, and wait for them without a worker slot.

The connection ``checkwa_default`` needs the extras ``callback_base_url`` and ``webhook_secret``, and the vendor must
reach the receiver at that URL (docs/receiver.md). ``make demo`` and ``make airflow`` set this up on this machine.
"""

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
        numbers=["+34 666 66 66 66", "+34 666 66 66 00", "+52 55 1234 5607"],
        deferrable=True,  # holds no worker slot until the callbacks have come
        pending_timeout=3600,  # numbers without a callback by then are pending
    )
    # [END checkwa]
