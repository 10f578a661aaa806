# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from receiver.kit import Kit

from airflow_provider_wa.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/wa.db")
    yield store
    store.close()


@pytest.fixture
def kit(store: Store) -> Kit:
    return Kit(store)
