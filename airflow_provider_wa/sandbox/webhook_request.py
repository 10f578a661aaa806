# SPDX-License-Identifier: Apache-2.0
"""The HTTP request that a webhook or callback posts, in the forms that vendors use."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WebhookRequest:
    """Body and headers of one request; `shown` is the body as the ledger shows it."""

    body: bytes
    headers: dict[str, str]
    shown: dict[str, Any]


def encode(data: Any) -> str:
    """Return compact JSON."""
    return json.dumps(data, separators=(",", ":"))


def as_json(data: dict[str, Any]) -> WebhookRequest:
    """Return a request with a JSON body."""
    return WebhookRequest(encode(data).encode(), {"Content-Type": "application/json"}, data)


def as_multipart(data: dict[str, Any], filename: str, mimetype: str, content: bytes) -> WebhookRequest:
    """Return a multipart request: JSON in the field `json`, a file in the field `file1`."""
    return form_with_file({"json": encode(data)}, FilePart("file1", filename, mimetype, content), data)


@dataclass(frozen=True)
class FilePart:
    """A file in a multipart request: its field, name, MIME type and content."""

    field: str
    filename: str
    mimetype: str
    content: bytes


def form_with_file(fields: Mapping[str, str], file: FilePart, shown: dict[str, Any]) -> WebhookRequest:
    """Return a multipart request of some fields and a file."""
    boundary = uuid.uuid4().hex
    texts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{file.field}"; filename="{file.filename}"\r\n'
        f"Content-Type: {file.mimetype}\r\n\r\n"
    )
    body = f"{''.join(texts)}{head}".encode() + file.content + f"\r\n--{boundary}--\r\n".encode()
    return WebhookRequest(body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}, shown)
