# SPDX-License-Identifier: Apache-2.0
"""Waits between the tries of a request that a test need not sit through; how long they are has tests of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_provider_wa.vendors.retry_policy import DEFAULT_POLICY, seconds_before_repeat


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many tries as ever, and a fiftieth of the wait before each."""
    monkeypatch.setattr(seconds_before_repeat, "__defaults__", (replace(DEFAULT_POLICY, first_wait=0.01),))
