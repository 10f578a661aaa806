# SPDX-License-Identifier: Apache-2.0
"""Python's own settings: other ones while a process does much at once, its own again after that."""

from __future__ import annotations

import gc
import sys

import pytest

from airflow_provider_wa.api.errors import SessionDown
from airflow_provider_wa.interpreter import heap_spared, short_turns


def test_the_heap_is_spared_inside_and_looked_through_again_after_an_error() -> None:
    gc.unfreeze()  # some releases of Python begin with frozen objects
    before = gc.get_threshold()

    def fail() -> None:
        assert gc.get_freeze_count() > 10_000
        assert all(now > own for now, own in zip(gc.get_threshold(), before, strict=True))
        raise SessionDown("logged out")

    with pytest.raises(SessionDown), heap_spared():
        fail()
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


def test_turns_of_threads_are_short_only_inside() -> None:
    before = sys.getswitchinterval()
    with short_turns():
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before
