# SPDX-License-Identifier: Apache-2.0
"""What tests of incoming messages share."""

from __future__ import annotations

from airflow_provider_wa.api.kinds import Standing
from airflow_provider_wa.api.records import InboxMessage, Record


def is_change(record: Record) -> bool:
    """Return whether a record is the change of a message, or one without a content that can be read."""
    return isinstance(record, InboxMessage) and record.standing is Standing.CHANGE
