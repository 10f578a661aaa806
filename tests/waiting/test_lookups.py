# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging

import pytest
from helpers.connections import FIELDS, set_connection

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.store.database import StoreUnavailable
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.waiting import lookups

BRAZILIAN, OTHER, LID = "5511987654307", "551187654307", "100000000000001@lid"


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch, airflow_store: Store) -> None:
    set_connection(monkeypatch, "wuzapi", "wuzapi", **FIELDS["wuzapi"])


@pytest.mark.parametrize(
    ("sender", "names"),
    [
        ("+55 11 98765 4307", [BRAZILIAN, OTHER, LID]),
        (f"{OTHER}@s.whatsapp.net", [OTHER, BRAZILIAN, LID]),
        (LID, [LID, BRAZILIAN, OTHER]),
        ("2222@lid", ["2222@lid"]),
        ("1203123@g.us", ["1203123@g.us"]),
    ],
)
def test_a_sender_has_all_names_that_the_store_knows(airflow_store: Store, sender: str, names: list[str]) -> None:
    airflow_store.identities.learn({LID: BRAZILIAN})
    assert lookups.sender_names("wuzapi", sender, None) == names


def test_without_a_store_a_sender_has_the_forms_of_the_number(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> Store:
        raise StoreUnavailable("away")

    monkeypatch.setattr(lookups, "get_store", away)
    with caplog.at_level(logging.INFO, logger=lookups.__name__):
        assert lookups.sender_names("wuzapi", "+55 11 98765 4307", None) == [BRAZILIAN, OTHER]
    assert "the store was not asked for the sender's LIDs: away" in caplog.text


@pytest.mark.parametrize(("allowed", "read"), [(True, "12025550110"), (None, None), (False, None)])
def test_a_number_without_a_plus_is_read_as_the_author_allows(allowed: bool | None, read: str | None) -> None:
    if read:
        assert lookups.sender_names("wuzapi", "12025550110", "ES", allowed) == [read]
        return
    with pytest.raises(BadInput, match="is not a number of ES"):
        lookups.sender_names("wuzapi", "12025550110", "ES", allowed)
