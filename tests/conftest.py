# SPDX-License-Identifier: Apache-2.0
"""For all tests: a private Airflow, the sandbox, and property tests that are fast and the same each time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from helpers.vendors import Vendors

    from airflow_provider_wa.sandbox.server import Running

# Before anything of Airflow is imported: it reads its configuration, and writes one, where this points to.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-tests-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

settings.register_profile("fast", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("thorough", parent=settings.get_profile("fast"), derandomize=False, max_examples=5000)
settings.load_profile("fast")


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Running]:
    from airflow_provider_wa.sandbox.server import serve_in_thread

    with serve_in_thread(delivery_seconds=0.05) as running:
        yield running


@pytest.fixture
def vendors(_sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> Vendors:
    """The sandbox on a real socket, as after its start, and a connection to each of its vendors."""
    from helpers.vendors import Vendors

    return Vendors(_sandbox, monkeypatch)
