# SPDX-License-Identifier: Apache-2.0
"""Tell the phone of whoever is on call when a DAG fails or is late."""

# [START alert]
from datetime import timedelta

from airflow.sdk import DAG
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

from airflow_provider_wa.notifications.wa import WaNotifier
from airflow_provider_wa.operators.check import WaBulkCheckOperator

ON_CALL = {"wa_conn_id": "wuzapi_default", "to": ["+1 202 555 0123"]}

failed = WaNotifier(
    **ON_CALL,
    message="*{{ dag.dag_id }}*: task {{ ti.task_id }} failed in try {{ ti.try_number }}\n{{ exception }}",
)
late = AsyncCallback(
    WaNotifier,
    # The context of a deadline has only the run and the deadline.
    kwargs={**ON_CALL, "message": "*{{ dag_run.dag_id }}* is late: {{ dag_run.dag_run_id }}"},
)

with DAG(
    "example_wa_alert",
    schedule=None,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
    default_args={"on_failure_callback": failed},
    deadline=DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=timedelta(minutes=30), callback=late),
):
    # It fails: the second number is invalid, and none may be.
    WaBulkCheckOperator(
        task_id="check", wa_conn_id="wuzapi_default", numbers=["+1 202 555 0123", "not a number"], max_invalid=0
    )
# [END alert]
