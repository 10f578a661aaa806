# SPDX-License-Identifier: Apache-2.0
"""Check numbers, and send a message to those on WhatsApp: the smallest useful DAG."""

# [START hello]
from airflow.sdk import DAG, task

from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaSendMessageOperator

with DAG("example_wa_hello", schedule=None, tags=["example", "whatsapp"], doc_md=__doc__):
    numbers = ["+1 202 555 0123", "(0046) 70-174 06 05", "+61 491 570 156"]
    check = WaBulkCheckOperator(task_id="check", wa_conn_id="wuzapi_default", numbers=numbers)

    @task
    def on_whatsapp(checked):
        return [row["jid"] for row in checked["results"] if row["status"] == "exists"]

    greet = WaSendMessageOperator.partial(
        task_id="greet",
        wa_conn_id="wuzapi_default",
        message="Hello!",
        retries=2,  # nobody is messaged twice
        map_index_template="…{{ task.to.partition('@')[0][-4:] }}",  # in the UI, in place of 0, 1, 2
    )
    greet.expand(to=on_whatsapp(check.output))
# [END hello]
