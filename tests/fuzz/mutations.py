# SPDX-License-Identifier: Apache-2.0
"""Inputs near to known ones: cut, repeated, joined, with bytes changed and pieces put in."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

LONGEST = 20_000
MOST_CHANGES = 6


@st.composite
def _near(draw: DrawFn, seeds: Sequence[bytes], pieces: Sequence[bytes]) -> bytes:
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, MOST_CHANGES))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 12)))
        match draw(st.sampled_from(("piece", "piece", "byte", "cut", "repeat", "join", "tail"))):
            case "piece":
                data[at:end] = draw(st.sampled_from(pieces))
            case "byte":
                data[at:at] = draw(st.binary(min_size=1, max_size=3))
            case "cut":
                del data[at:end]
            case "repeat":
                data[at:at] = data[at:end] * draw(st.integers(1, 40))
            case "join":
                data[at:] = draw(st.sampled_from(seeds))[at:]
            case "tail":
                del data[at:]
    return bytes(data[:LONGEST])


def mutated(seeds: Sequence[bytes], pieces: Sequence[bytes]) -> SearchStrategy[bytes]:
    """Return inputs near one of ``seeds``, and some that are near none."""
    near = _near(seeds, pieces)
    return st.one_of(near, near, near, near, st.binary(max_size=60))
