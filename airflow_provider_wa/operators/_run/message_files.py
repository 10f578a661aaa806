# SPDX-License-Identifier: Apache-2.0
"""Builds a message from an operator's argument, loads its file, and refuses texts that are still templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.message_dicts import from_dict
from airflow_provider_wa.api.messages import Message, Text, texts_in
from airflow_provider_wa.operators._run.allowed_files import AllowedFiles


def content_of(location: str) -> bytes:
    """Return a file's content, by its path or ``ObjectStoragePath`` URI."""
    content: bytes = ObjectStoragePath(location).read_bytes()
    return content


def load_message(
    spec: Message | Mapping[str, Any] | str,
    read: Callable[[str], bytes] = content_of,
    allowed: AllowedFiles | None = None,
) -> Message:
    """Return a message from an object, plain text, or a dict.

    In a dict the file of an image, audio, video or document is named by ``path`` (a local path or an
    ``ObjectStoragePath`` URI), or by ``url``, which the vendor fetches.

    :param read: returns a file's content.
    :param allowed: the files and URLs that the message may have; all by default.
    :raises BadInput: the file does not exist or is not allowed, or the value is not a message.
    """
    if isinstance(spec, Mapping):
        spec = from_dict(_with_file(dict(spec), read, allowed))
    if isinstance(spec, Message):
        if allowed:
            allowed.prove(spec)
        return spec
    if isinstance(spec, str):
        return Text(spec)
    raise BadInput(f"message: expected text, a dict or a message, got {type(spec).__name__}")


def _with_file(spec: dict[str, Any], read: Callable[[str], bytes], allowed: AllowedFiles | None) -> dict[str, Any]:
    location = spec.pop("path", None)
    if location is None:
        return spec
    location = allowed.path(str(location)) if allowed else str(location)
    path = ObjectStoragePath(location)
    try:
        content = read(location)
    except FileNotFoundError:
        raise BadInput(f"message: there is no file {path}") from None
    except OSError as error:
        raise BadInput(f"message: cannot read {path}: {error.strerror or error}") from None
    return {"filename": path.name, **spec, "media": {"content": content}}


def refuse_templates(message: Message) -> None:
    """Refuse a message with ``{{`` or ``{%`` in a text: its recipient would see an unrendered template.

    :raises BadInput: a text contains one of them; the error does not quote the text.
    """
    for name, text in texts_in(message):
        if found := next((mark for mark in _MARKS if mark in text), ""):
            raise BadInput(
                f"message: {name} holds {found!r} after it was rendered; expected a finished text, since params, "
                "XComs and columns are not rendered again; raw=True sends it unchanged"
            )


_MARKS = ("{{", "{%")
