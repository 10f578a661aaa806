# SPDX-License-Identifier: Apache-2.0
"""Paths that are named by text: local ones, and URIs of object stores that Airflow has a connection for."""

from __future__ import annotations

from typing import Any


def open_path(path: str) -> Any:
    """Return an ``ObjectStoragePath``."""
    # Who passes paths of pathlib needs no Airflow, and a million rows are read without it.
    from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415 - only texts need it

    return ObjectStoragePath(path)
