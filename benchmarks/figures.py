# SPDX-License-Identifier: Apache-2.0
"""The two figures of a measured run: of its calls, its seconds and its CPU time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Run = Mapping[str, Any]


def rate(run: Run) -> float:
    """Calls a second; at most, where not even the first one came to its end."""
    return float(max(run["calls"], 1) / run["seconds"])


def cpu(run: Run) -> float:
    """CPU time a call, in milliseconds; at least, where not even the first one came to its end."""
    return float(run["cpu"] / max(run["calls"], 1) * 1000)
