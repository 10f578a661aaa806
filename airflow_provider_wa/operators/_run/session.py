# SPDX-License-Identifier: Apache-2.0
"""Logs the WhatsApp account in and out: the work of the operators in ``operators.session``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.operators._run.output import write_file
from airflow_provider_wa.operators._run.task import Task
from airflow_provider_wa.paths import open_path


def connect(task: Task) -> dict[str, Any]:
    """Connect the account."""
    session = task.hook.connect()
    task.log.info("The session is %s: %s", session.state.value, session.detail)
    return session.to_dict()


def disconnect(task: Task) -> None:
    """Disconnect the account, and keep its login."""
    task.hook.disconnect()


def logout(task: Task) -> None:
    """End the account's login."""
    task.hook.logout()


def qr_code(task: Task, *, output_path: str) -> str:
    """Write the QR code to a file, and return its path."""
    path = open_path(output_path, "output_path")
    if path.suffix.lower() != ".png":
        raise BadInput(f"output_path: the name {path} must end with .png")
    write_file(path, task.hook.qr_code().png)
    return output_path


def set_webhook(task: Task, *, url: str | None, events: Sequence[str]) -> dict[str, Any]:
    """Set the URL that the vendor posts events to."""
    url = url or task.hook.settings.callback_url
    if not url:
        raise BadInput("url: it is missing; give one, or set callback_base_url and webhook_secret in the connection")
    if not url.startswith(("http://", "https://")):
        raise BadInput("url: unknown scheme; expected http:// or https://")
    return task.hook.set_webhook(url, [*events]).to_dict()
