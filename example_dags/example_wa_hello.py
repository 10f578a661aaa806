# SPDX-License-Identifier: Apache-2.0
"""Check numbers, and send a message to those on WhatsApp: the smallest useful DAG."""

# [START hello]
from airflow.sdk import DAG

from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator

PEOPLE = [
    {"phone": "+1 202 555 0123", "name": "Ana"},
    {"phone": "(0046) 70-174 06 05", "name": "Ben"},
    {"phone": "+61 491 570 156", "name": "Eva"},
]

with DAG("example_wa_hello", schedule=None, tags=["example", "whatsapp"], doc_md=__doc__):
    check = WaBulkCheckOperator(task_id="check", wa_conn_id="wuzapi_default", numbers=PEOPLE, carry="*")
    greet = WaBulkSendOperator(
        task_id="greet",
        wa_conn_id="wuzapi_default",
        recipients=check.output,
        column="number",
        only="exists",
        message="Hello {{ name }}!",
        retries=2,  # nobody is messaged twice
    )
# [END hello]
