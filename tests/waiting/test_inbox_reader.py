# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging

import pytest

from airflow_provider_wa.api.errors import QueueClosed
from airflow_provider_wa.waiting.inbox_puller import Pulled
from airflow_provider_wa.waiting.inbox_reader import InboxReader

LOG = logging.getLogger("test_inbox_reader")


async def test_that_a_queue_is_closed_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def pull() -> Pulled:
        raise QueueClosed("the queue is closed", vendor="green_api")

    reader = InboxReader("green_api_default", 1.0, "auto", 3, None, LOG)
    patient = reader._while_open(pull)
    with caplog.at_level(logging.WARNING, LOG.name):
        assert [await patient() for _ in range(3)] == [Pulled(0)] * 3
    assert [record.message for record in caplog.records] == [
        "Connection green_api_default: green_api: the queue is closed; messages are read from the store"
    ]
