# SPDX-License-Identifier: Apache-2.0
"""Keep secrets out of the messages that people get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

from airflow.providers.common.compat.sdk import redact

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Message, texts_in


def refuse_secrets(message: Message) -> None:
    """Refuse a message that contains a secret known to Airflow's masker in this process.

    Those are the passwords, tokens and keys of all connections and variables that the task has read. A message that
    contains one is not sent, whether a mistake in a template or an attack has put it there.

    :raises BadInput: a text of the message contains one; the error does not repeat it.
    """
    for name, text in _texts(message):
        if text and redact(text) != text:
            raise BadInput(
                f"message: {name} contains a secret (a password, token or key of a connection or variable); "
                "remove it from the text or the template"
            )


def without_secrets(spec: Any) -> Any:
    """Return a message as an author writes it, text or dict, with each secret that the masker finds as ``***``."""
    if isinstance(spec, str):
        return str(redact(spec))
    if isinstance(spec, Mapping):
        return {name: without_secrets(value) for name, value in spec.items()}
    return [without_secrets(value) for value in spec] if isinstance(spec, (list, tuple)) else spec


def _texts(value: Any, name: str = "text") -> Iterator[tuple[str, str]]:
    """Yield the texts in a message, each with the name of its field; the contents of files are left out."""
    if isinstance(value, str):
        yield name, value
    elif is_dataclass(value):
        yield from texts_in(value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item, name)
