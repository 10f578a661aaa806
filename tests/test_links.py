# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_wa.links import CampaignLink, ConversationLink, PageLink, QrCodeLink, publish
from airflow_provider_wa.operators.check import WaBulkCheckOperator
from airflow_provider_wa.operators.send import WaBulkSendOperator, WaSendMessageOperator
from airflow_provider_wa.operators.session import WaQrCodeOperator
from airflow_provider_wa.sensors.session import WaSessionSensor

CASES = [
    (CampaignLink(), {"batch": "0f3a"}, "/wa/ui/campaigns/0f3a"),
    (CampaignLink(), {"batch": None}, "/wa/ui/campaigns"),
    (ConversationLink(), {"recipient": "12025550110"}, "/wa/ui/messages/12025550110"),
    (ConversationLink(), {"recipient": "123-45@g.us"}, "/wa/ui/messages/123-45%40g.us"),
    (QrCodeLink(), {"wa_conn_id": "my wa/1?x"}, "/wa/ui/accounts/my%20wa%2F1%3Fx"),
]


@pytest.mark.parametrize(("link", "known", "path"), CASES)
@pytest.mark.parametrize("base", ["", "http://airflow.example:8080", "https://example.com/team/airflow/"])
def test_a_link_leads_to_its_page_below_airflows_own_path(
    link: PageLink, known: dict[str, Any], path: str, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base)
    prefix = "/team/airflow" if "team" in base else ""
    assert link.get_link(SimpleNamespace(**known), ti_key=None) == prefix + path


@pytest.mark.parametrize(
    ("operator", "names"),
    [
        (WaBulkCheckOperator, ["Campaign"]),
        (WaBulkSendOperator, ["Campaign"]),
        (WaSendMessageOperator, ["Conversation"]),
        (WaQrCodeOperator, ["Scan the QR code"]),
        (WaSessionSensor, ["Scan the QR code"]),
    ],
)
def test_operators_have_their_links(operator: Any, names: list[str]) -> None:
    assert [link.name for link in operator.operator_extra_links] == names


def test_a_link_is_shown_before_the_task_has_ended() -> None:
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(xcom_push=lambda key, value: pushed.update({key: value}))
    publish(SimpleNamespace(operator_extra_links=[CampaignLink()], batch="0f3a"), {"ti": ti})  # type: ignore[typeddict-item]
    assert pushed == {CampaignLink().xcom_key: CampaignLink().get_link(SimpleNamespace(batch="0f3a"), ti_key=None)}


def test_a_link_that_cannot_be_shown_fails_no_task(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(**_: Any) -> None:
        raise RuntimeError("no XCom here")

    operator = SimpleNamespace(operator_extra_links=[CampaignLink()], batch="b", log=logging.getLogger("task"))
    publish(operator, {"ti": SimpleNamespace(xcom_push=refuse)})  # type: ignore[typeddict-item]
    assert caplog.messages == ["The link 'Campaign' cannot be shown yet: no XCom here"]
    publish(operator, {})
