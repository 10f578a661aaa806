# SPDX-License-Identifier: Apache-2.0
"""Records through Airflow's own serializer, in a process that has loaded the plugin as every task does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.records import (
    CheckResult,
    CheckStatus,
    DeliveryState,
    DeliveryStatus,
    Group,
    LinkingCode,
    MediaFile,
    Notification,
    QrCode,
    Record,
    Session,
    SessionState,
    Webhook,
)
from airflow_provider_wa.plugin.plugin import WaPlugin
from airflow_provider_wa.plugin.xcom import serde

NOON = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
SESSION = Session(vendor="v", state=SessionState.LOGGED_IN, jid="1@s.whatsapp.net", raw={"token": "s3cr3t"})
RECORDS: list[Record] = [
    SESSION,
    CheckResult(number="1", status=CheckStatus.PENDING),
    DeliveryStatus(message_id="m", state=DeliveryState.READ, read_at=NOON, text="what was written"),
    Group(jid="1@g.us", participants=("1", "2"), created_at=NOON),
    Notification(receipt_id=7, kind="state", content=SESSION),
]
SECRET: list[Record] = [QrCode(png=b"s3cr3t"), MediaFile(content=b"s3cr3t"), LinkingCode(code="s3cr3t")]


@pytest.fixture
def loaded() -> Iterator[None]:
    before = set(serde._extra_allowed)
    WaPlugin.on_load()
    yield
    serde._extra_allowed.clear()
    serde._extra_allowed.update(before)


def through_xcom(value: Any) -> Any:
    stored = json.dumps(serde.serialize(value))
    assert "s3cr3t" not in stored
    assert "what was written" not in stored
    return serde.deserialize(json.loads(stored))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
@pytest.mark.usefixtures("loaded")
def test_a_record_that_a_task_returns_is_a_record_in_the_next(record: Record) -> None:
    (found,) = through_xcom([record])
    shown = {f.name: None for f in fields(record) if f.name in ("raw", "text") and not f.repr}
    expected = replace(record, **shown)
    assert found == expected
    assert {f.name: type(getattr(found, f.name)) for f in fields(found) if "_at" not in f.name} == {
        f.name: type(getattr(expected, f.name)) for f in fields(found) if "_at" not in f.name
    }


@pytest.mark.parametrize("record", [*SECRET, Webhook(url="s3cr3t")], ids=lambda record: type(record).__name__)
def test_what_must_not_be_seen_does_not_get_into_an_xcom(record: Record) -> None:
    with pytest.raises(BadInput, match=f"{type(record).__name__}: .* must not be in an XCom; return its to_dict"):
        serde.serialize(record)


@pytest.mark.usefixtures("loaded")
def test_a_record_of_another_version_has_what_both_know() -> None:
    stored = serde.serialize(SESSION)
    stored["__data__"]["mood"] = "good"
    del stored["__data__"]["jid"]
    assert serde.deserialize(stored) == replace(SESSION, jid=None)
