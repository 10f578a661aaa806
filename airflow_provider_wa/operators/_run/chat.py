# SPDX-License-Identifier: Apache-2.0
"""Reacts to messages, marks them as read, downloads their files: the work of the operators in ``operators.chat``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Reaction
from airflow_provider_wa.arguments import as_list
from airflow_provider_wa.connections.secrets import refuse_secrets
from airflow_provider_wa.operators._run.message_files import refuse_templates
from airflow_provider_wa.operators._run.output import write_file
from airflow_provider_wa.operators._run.task import Task
from airflow_provider_wa.paths import open_path


def react(task: Task, *, to: str | int, message_id: str, emoji: str, own: bool, sender: str = "") -> dict[str, Any]:
    """Put an emoji on a message, or take it back."""
    reaction = Reaction(message_id, emoji, own, sender)
    refuse_secrets(reaction)
    refuse_templates(reaction)
    return task.hook.send(to, reaction).to_dict()


def mark_read(task: Task, *, message_ids: Any, chat: str, sender: str | None) -> None:
    """Mark messages of a chat as read."""
    ids = [message_ids] if isinstance(message_ids, str) else [str(given) for given in as_list(message_ids)]
    if not ids or not all(message_id.strip() for message_id in ids):
        raise BadInput("message_ids: there is no message to mark, or one has an empty id; expected one id at least")
    task.hook.mark_read(ids, chat, sender)


def download_media(task: Task, *, kind: str, reference: Any, output_path: str) -> dict[str, Any]:
    """Write the file of a message that came in, and return its kind, name and size."""
    if not isinstance(reference, Mapping):
        raise BadInput(f"reference: expected a dict, got {type(reference).__name__}")
    file = task.hook.download(kind, reference)
    write_file(open_path(output_path, "output_path"), file.content)
    return {**file.to_dict(), "output": output_path, "bytes": len(file.content)}
