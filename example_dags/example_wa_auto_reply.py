# SPDX-License-Identifier: Apache-2.0
"""Answer incoming messages: each batch of messages starts a DAG run, which answers each message once."""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import AirflowSkipException
from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_wa.operators.reports import WaReadInboxOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator
from airflow_provider_wa.triggers.inbox import WaInboxTrigger

ANSWER = "Thank you for your message. We will be with you shortly."

# [START watch]
inbox = Asset(
    "wa_inbox",
    watchers=[
        AssetWatcher(
            name="wa_portal_inbox",
            trigger=WaInboxTrigger(wa_conn_id="wa_portal_default", poll_interval=10),
        )
    ],
)
# [END watch]

with DAG(
    dag_id="example_wa_auto_reply",
    schedule=[inbox],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
) as dag:
    # [START read]
    read = WaReadInboxOperator(task_id="read", wa_conn_id="wa_portal_default")
    # [END read]

    # [START reply]
    @task
    def people(batch: dict) -> list[dict]:
        """Return the rows to answer: messages from people, without those that repeat our answer."""
        answerable = [row for row in batch["items"] if ANSWER not in row["text"] and "@" not in row["sender"]]
        rows = [{**row, "sender": f"+{row['sender']}"} for row in answerable]  # the digits begin with a country code
        if not rows:
            raise AirflowSkipException("no message needs an answer")
        return rows

    # The rows hold texts of strangers. They are data: only `message` is a template, and it stands in this file.
    WaBulkSendOperator(
        task_id="reply",
        wa_conn_id="wa_portal_default",
        recipients=people(read.output),
        column="sender",
        message=ANSWER,
        # After a kill of the triggerer a batch may arrive again. The key allows one answer for each message.
        idempotency_key="answer-{{ event_id }}",
        retries=2,
    )
    # [END reply]
