# SPDX-License-Identifier: Apache-2.0
"""Refusals of calls whose result is that they refuse nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_wa.api.errors import WaError


def refusal(call: Callable[..., Any], *arguments: Any) -> WaError | None:
    """Return the error that a call raises; None if it raises none."""
    try:
        call(*arguments)
    except WaError as error:
        return error
    return None
