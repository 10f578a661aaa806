# SPDX-License-Identifier: Apache-2.0
"""Logs the WhatsApp account in and out: the work of the operators in ``operators.session``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_wa.api.capabilities import HasSession
from airflow_provider_wa.api.errors import BadInput, WaError
from airflow_provider_wa.operators._run.output import write_file
from airflow_provider_wa.operators._run.task import Task
from airflow_provider_wa.paths import open_path


def connect(task: Task) -> dict[str, Any]:
    """Connect the account."""
    session = task.hook.connect()
    detail = f": {session.detail}" if session.detail else ""
    task.log.info("Connection %s: the session is %s%s", task.wa_conn_id, session.state.value, detail)
    return session.to_dict()


def disconnect(task: Task) -> None:
    """Disconnect the account, and keep its login."""
    task.hook.disconnect()
    task.log.info("Connection %s: disconnected; the login is kept", task.wa_conn_id)


def logout(task: Task) -> None:
    """End the account's login."""
    task.hook.logout()
    task.log.info("Connection %s: logged out; its QR code must be scanned again", task.wa_conn_id)


def qr_code(task: Task, *, output_path: str) -> str:
    """Write the QR code to a file, and return its path.

    :raises AirflowSkipException: the account is logged in already.
    """
    path = open_path(output_path, "output_path")
    if path.suffix.lower() != ".png":
        raise BadInput(f"output_path: the name {path} must end with .png")
    try:
        png = task.hook.qr_code().png
    except WaError:
        # Vendors differ in how they say it.
        if _is_logged_in(task):
            raise AirflowSkipException("the account is logged in already: there is no QR code to scan") from None
        raise
    write_file(path, png)
    task.log.info("The QR code is in %s; anyone who scans it owns the session", output_path)
    return output_path


def _is_logged_in(task: Task) -> bool:
    """Return True if the account is logged in, and False if it is not or that is not known."""
    if not isinstance(task.hook.vendor, HasSession):
        return False
    try:
        return task.hook.session().logged_in
    except WaError:
        return False


def set_webhook(task: Task, *, url: str | None, events: Sequence[str]) -> dict[str, Any]:
    """Set the URL that the vendor posts events to."""
    url = url or task.hook.settings.callback_url
    if not url:
        raise BadInput("url: it is missing; give one, or set callback_base_url and webhook_secret in the connection")
    if not url.startswith(("http://", "https://")):
        raise BadInput("url: unknown scheme; expected http:// or https://")
    return task.hook.set_webhook(url, [*events]).to_dict()
