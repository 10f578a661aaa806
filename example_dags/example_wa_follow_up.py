# SPDX-License-Identifier: Apache-2.0
"""Send a message to a few people, wait for the deliveries, and use a second channel for those not delivered in time.

The first channel is ``wa_portal_default``, the second ``green_api_default``. It could as well be e-mail or SMS.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, task

from airflow_provider_wa.operators.send import WaSendMessageOperator
from airflow_provider_wa.sensors.delivery import WaDeliverySensor

PEOPLE = ["+51 999 888 710", "+51 999 888 711", "+51 999 888 706"]

with DAG(
    dag_id="example_wa_follow_up",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example", "whatsapp"],
    doc_md=__doc__,
) as dag:
    send = WaSendMessageOperator.partial(
        task_id="send",
        wa_conn_id="wa_portal_default",
        message="Your parcel arrives tomorrow.",
        retries=2,
        map_index_template="…{{ task.to[-4:] }}",
    ).expand(to=PEOPLE)

    # [START follow_up]
    delivered = WaDeliverySensor(
        task_id="delivered",
        wa_conn_id="wa_portal_default",
        message_id=send.output,
        timeout=120,  # for the demo; in production, allow a day
        fail_on_timeout=False,  # return the undelivered messages instead of failing
        deferrable=True,
    )

    @task
    def undelivered(delivered: dict) -> list[str]:
        """Return the recipients of the messages that were not delivered in time, as international numbers."""
        return [f"+{message['to']}" for message in delivered["undelivered"]]

    second_channel = WaSendMessageOperator.partial(
        task_id="second_channel",
        wa_conn_id="green_api_default",
        message="Your parcel arrives tomorrow.",
        retries=2,
        map_index_template="…{{ task.to[-4:] }}",
    ).expand(to=undelivered(delivered.output))
    # [END follow_up]
