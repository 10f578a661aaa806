# SPDX-License-Identifier: Apache-2.0
"""A store on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_wa.store.store import Store


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store(store_url)
    yield store
    store.close()
