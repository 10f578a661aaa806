# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
from typing import Any

import pytest

from airflow_provider_wa.api.records import (
    CheckResult,
    CheckStatus,
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    UserInfo,
)
from airflow_provider_wa.connections import identities
from airflow_provider_wa.connections.identities import learn, learnt
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.store import Store

ANA, LID, JID = "51987654321", "100000000000001@lid", "51987654321@s.whatsapp.net"


@pytest.mark.parametrize(
    "answer",
    [
        [CheckResult(number=ANA, status=CheckStatus.EXISTS, jid=LID)],
        [Contact(jid=LID, other=JID)],
        [Contact(jid=JID, other=LID)],
        [Contact(jid="1203@g.us"), Contact(jid=LID, other=ANA)],
        Group(jid="1203@g.us", lids={LID: JID, "2222@lid": ""}),
        UserInfo(jid=JID, lid=LID),
        DeliveryStatus(message_id="m", state=DeliveryState.READ, to="1203@g.us", participant=ANA, lid=LID),
    ],
)
def test_the_store_learns_from_an_answer_that_has_both(airflow_store: Store, answer: Any) -> None:
    assert learnt(answer) is answer
    assert airflow_store.identities.names([LID]) == {LID: (LID, ANA)}


@pytest.mark.parametrize(
    "answer",
    [
        [Contact(jid=LID), Contact(jid=JID, other="")],
        [Contact(jid=LID, other="2222@lid")],
        Group(jid="1203@g.us", participants=(LID, ANA)),
        DeliveryStatus(message_id="m", state=DeliveryState.READ, to="1203@g.us", lid=LID),
        None,
        LID,
        [LID, ANA],
    ],
)
def test_nothing_is_learnt_from_another_answer(airflow_store: Store, answer: Any) -> None:
    assert learnt(answer) is answer
    assert airflow_store.identities.names([LID, ANA]) == {LID: (LID,), ANA: (ANA,)}


def test_without_a_store_an_answer_is_returned_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> Store:
        raise StoreUnavailable("away")

    monkeypatch.setattr(identities, "get_store", away)
    with caplog.at_level(logging.INFO, logger=identities.__name__):
        learn({LID: ANA})
    assert "the pairs of LID and number could not be stored: away" in caplog.text
    assert ANA not in caplog.text
