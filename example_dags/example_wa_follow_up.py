# SPDX-License-Identifier: Apache-2.0
"""Send to a few people, give the messages an hour to arrive, and try another channel for those who were not reached.

The first channel is ``wa_portal_default``, the second ``green_api_default``; it could as well be e-mail or SMS.
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
    ).expand(to=PEOPLE)

    # [START follow_up]
    delivered = WaDeliverySensor(
        task_id="delivered",
        wa_conn_id="wa_portal_default",
        message_id=send.output,
        timeout=120,  # enough to try it; in earnest, give phones a day
        fail_on_timeout=False,  # those who were not reached are returned, in place of a failure
        deferrable=True,
    )

    @task
    def not_reached(delivered: dict) -> list[str]:
        """Whom no message was delivered to in time."""
        return [message["to"] for message in delivered["undelivered"]]

    second_channel = WaSendMessageOperator.partial(
        task_id="second_channel",
        wa_conn_id="green_api_default",
        message="Your parcel arrives tomorrow.",
    ).expand(to=not_reached(delivered.output))
    # [END follow_up]
