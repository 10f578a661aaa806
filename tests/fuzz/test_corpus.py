# SPDX-License-Identifier: Apache-2.0
"""What fuzzing begins with and what it has found passes; and fuzzing finds what is wrong."""

from __future__ import annotations

import pytest
from fuzz.mutations import mutated
from fuzz.targets import TARGETS, Target
from hypothesis import HealthCheck, given, settings


def mistake(target: Target, data: bytes) -> Exception | None:
    """Return the error with which a target fails on an input."""
    try:
        target.check(data)
    except Exception as error:  # noqa: BLE001 - any error is a find
        return error
    return None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_is_known_passes(target: Target) -> None:
    found = {data: mistake(target, data) for data in (*target.seeds(), *target.corpus())}
    assert {data: error for data, error in found.items() if error} == {}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_inputs_near_it_pass(target: Target) -> None:
    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(mutated([*target.seeds(), *target.corpus()], target.pieces))
    def check(data: bytes) -> None:
        assert mistake(target, data) is None

    check()


def test_a_mistake_is_found() -> None:
    def wrong(data: bytes) -> None:
        assert b"[[" not in data

    @settings(max_examples=500, suppress_health_check=list(HealthCheck), database=None)
    @given(mutated([b'{"a": [1]}'], (b"[[", b"]]")))
    def check(data: bytes) -> None:
        wrong(data)

    with pytest.raises(AssertionError):
        check()
