# SPDX-License-Identifier: Apache-2.0
"""Compute the two figures of a run from its calls, seconds and CPU time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Run = Mapping[str, Any]


def rate(run: Run) -> float:
    """Return calls a second; an upper bound if not one call ended."""
    return float(max(run["calls"], 1) / run["seconds"])


def cpu(run: Run) -> float:
    """Return the CPU time per call in milliseconds; a lower bound if not one call ended."""
    return float(run["cpu"] / max(run["calls"], 1) * 1000)
