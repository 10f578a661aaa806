# SPDX-License-Identifier: Apache-2.0
"""Records in XComs: Airflow makes objects only of classes that it knows as allowed, in each process by itself."""

from __future__ import annotations

from airflow_provider_wa.api import records

try:
    from airflow.sdk import serde
except ImportError:  # Airflow 3.1
    from airflow.serialization import serde  # type: ignore[attr-defined, no-redef]


def allow_records() -> None:
    """Let Airflow turn the XCom of a returned record into the record again, without a setting by the user."""
    for value in vars(records).values():
        if isinstance(value, type) and issubclass(value, records.Record):
            serde._extra_allowed.add(f"{value.__module__}.{value.__qualname__}")
