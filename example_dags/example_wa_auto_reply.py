# SPDX-License-Identifier: Apache-2.0
"""Answer WhatsApp messages: each batch of messages that come in starts a run, which answers each of them once."""

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
        """Return the rows to answer: messages from people, and none that repeats our own answer."""
        rows = [row for row in batch["items"] if ANSWER not in row["text"] and "@" not in row["sender"]]
        if not rows:
            raise AirflowSkipException("no message needs an answer")
        return rows

    # The rows hold what strangers wrote. They are data: only `message` is a template, and only this file writes it.
    WaBulkSendOperator(
        task_id="reply",
        wa_conn_id="wa_portal_default",
        recipients=people(read.output),
        column="sender",
        message=ANSWER,
        # A batch of messages can arrive a second time, after a triggerer was killed. Each message has one answer.
        idempotency_key="answer-{{ event_id }}",
        retries=2,
    )
    # [END reply]
