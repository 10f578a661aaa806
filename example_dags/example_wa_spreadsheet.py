# SPDX-License-Identifier: Apache-2.0
"""Check a list as a spreadsheet writes it, and send a message to those on WhatsApp.

The file has semicolons, a byte order mark, line ends in cells, duplicates, and cells that are not phone numbers.
``make demo`` shows what becomes of each row.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from airflow.sdk import DAG, Param

from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator

MEMBERS = Path(__file__).parent / "data" / "members.csv"

with DAG(
    dag_id="example_wa_spreadsheet",
    schedule=None,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
    params={
        "members": Param(str(MEMBERS), type="string", description="CSV with the columns phone and name"),
        "output_dir": Param(f"{tempfile.gettempdir()}/wa_spreadsheet", type="string", description="Output folder"),
    },
) as dag:
    check = WaBulkCheckOperator(
        task_id="check",
        wa_conn_id="wuzapi_default",
        input_path="{{ params.members }}",
        column="phone",
        default_region="ES",
        carry="*",
        output_path="{{ params.output_dir }}/members-checked.csv",
    )
    send = WaBulkSendOperator(
        task_id="send",
        wa_conn_id="wuzapi_default",
        recipients=check.output,
        column="number",
        only="exists",
        message="Hello {{ name }}, the meeting is on Friday.",
        output_path="{{ params.output_dir }}/members-sent.csv",
        concurrency=4,
        retries=2,  # nobody is messaged twice
    )
