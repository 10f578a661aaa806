# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_wa.store.store import Store


def test_a_cursor_that_was_never_set_is_none(store: Store) -> None:
    assert store.positions.get("inbox") is None


@pytest.mark.parametrize("value", [0, 7, "text\0\ud800", [1, None], {"id": 10**15, "at": "2026"}, True, None])
def test_a_cursor_keeps_any_json(store: Store, value: Any) -> None:
    store.positions.set("inbox", value)
    assert store.positions.get("inbox") == value


def test_a_cursor_set_again_is_moved(store: Store, store_url: str) -> None:
    store.positions.set("inbox", 1)
    store.positions.set("other", 5)
    store.positions.set("inbox", 2)
    assert (store.positions.get("inbox"), store.positions.get("other")) == (2, 5)
    store.close()
    again = Store(store_url)
    assert again.positions.get("inbox") == 2
    again.close()
