# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("airflow.providers.common.messaging")

from airflow.providers.common.messaging.triggers import msg_queue
from airflow.providers.common.messaging.triggers.msg_queue import MessageQueueTrigger

from airflow_provider_wa.queues.wa import WaMessageQueueProvider
from airflow_provider_wa.triggers.inbox import WaInboxTrigger


@pytest.fixture(autouse=True)
def among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow knows this queue, and no other twice."""
    others = [known for known in msg_queue.MESSAGE_QUEUE_PROVIDERS if type(known).__name__ != "WaMessageQueueProvider"]
    monkeypatch.setattr(msg_queue, "MESSAGE_QUEUE_PROVIDERS", [*others, WaMessageQueueProvider()])


def test_a_queue_trigger_of_the_scheme_is_the_inbox_trigger() -> None:
    trigger = MessageQueueTrigger(scheme="wa", wa_conn_id="wuzapi_default", poll_interval=5)
    assert trigger.serialize() == WaInboxTrigger("wuzapi_default", 5).serialize()


@pytest.mark.filterwarnings("ignore:The `queue` parameter is deprecated")
def test_a_queue_has_the_connection_in_its_uri() -> None:
    trigger: Any = MessageQueueTrigger(queue="wa://Shop-1_default", source="store")
    assert trigger.serialize() == WaInboxTrigger("Shop-1_default", source="store").serialize()


@pytest.mark.parametrize("queue", ["kafka://localhost/wa", "wuzapi_default", "wa", "https://wa.test/wa://x"])
def test_other_queues_are_not_taken(queue: str) -> None:
    assert not WaMessageQueueProvider().queue_matches(queue)


@pytest.mark.system
def test_nothing_else_needs_the_messaging_provider() -> None:
    """It is an extra: the trigger and the metadata do without."""
    code = """
import sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("airflow.providers.common.messaging."):
            if not name.endswith("get_provider_info"):
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
import airflow_provider_wa.triggers.inbox
from airflow_provider_wa.provider_info import get_provider_info
get_provider_info()
from airflow.providers_manager import ProvidersManager
manager = ProvidersManager()
manager.initialize_providers_queues()
assert not [name for name in manager.queue_class_names if "airflow_provider_wa" in name]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "WaMessageQueueProvider" not in done.stderr, "no warning either"
