# SPDX-License-Identifier: Apache-2.0
"""Actions in Airflow's audit log."""

from __future__ import annotations

import json
from typing import Any

from airflow.models.log import Log
from airflow.utils.session import create_session


def note(user: Any, event: str, **details: Any) -> None:
    """Log an action before it is carried out, so that an action that fails half-way is logged as well.

    :param event: name of the action, ``wa_...``.
    :param details: object of the action; never a secret, a message, or a complete phone number.
    """
    name = user.get_name()
    task = {column: details.pop(column) for column in ("dag_id", "run_id", "task_id") if column in details}
    with create_session() as session:
        session.add(Log(event=event, owner=name, owner_display_name=name, extra=json.dumps(details), **task))


def shortened(recipient: str) -> str:
    """Return a recipient shortened for the audit log: the first two and the last four characters."""
    plain = recipient.partition("@")[0]
    return f"{plain[:2]}…{plain[-4:]}" if len(plain) > 8 else "…"
