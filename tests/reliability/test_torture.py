# SPDX-License-Identifier: Apache-2.0
"""Bulk tasks that are killed at random moments while the vendor fails: ``make torture`` does the same at full size."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from helpers.torture import torture
from helpers.tortured_task import CHECK, SEND, Plan

pytestmark = pytest.mark.system


@pytest.fixture
def seed() -> int:
    chosen = random.SystemRandom().randrange(10**6)
    print(f"seed {chosen}")  # noqa: T201 - pytest shows it if the test fails
    return chosen


@pytest.mark.parametrize("conn_type", ["wuzapi", "wa_portal", "green_api"])
def test_a_killed_send_messages_nobody_twice_and_leaves_nobody_out(conn_type: str, tmp_path: Path, seed: int) -> None:
    verdict = torture(Plan(conn_type, SEND, rows=60, kills=4), tmp_path, seed)
    assert verdict.problems == [], verdict
    assert verdict.kills, "it was never killed"


@pytest.mark.parametrize("conn_type", ["accuauth", "wuzapi"])
def test_a_killed_check_asks_again_for_no_more_than_was_under_way(conn_type: str, tmp_path: Path, seed: int) -> None:
    verdict = torture(Plan(conn_type, CHECK, rows=200, kills=4), tmp_path, seed)
    assert verdict.problems == [], verdict
    assert verdict.kills, "it was never killed"
