# SPDX-License-Identifier: Apache-2.0
"""Answer WhatsApp messages: each batch of messages that come in starts a run, which answers each of them once."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_wa.operators.reports import WaReadInboxOperator
from airflow_provider_wa.operators.send import WaSendMessageOperator
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

    @task
    def answers(batch: dict) -> list[dict]:
        """Whom to answer what: people, and not somebody whose answering machine repeats our answer."""
        return [
            # Where the vendor lets us choose a message's id (WuzAPI), one that is sent again is not shown again.
            {"to": message["sender"], "message": ANSWER, "message_id": f"WA-ANSWER-{message['event_id']}"}
            for message in batch["items"]
            if ANSWER not in message["text"] and "@" not in message["sender"]
        ]

    # [START reply]
    reply = WaSendMessageOperator.partial(task_id="reply", wa_conn_id="wa_portal_default").expand_kwargs(
        answers(read.output)
    )
    # [END reply]
