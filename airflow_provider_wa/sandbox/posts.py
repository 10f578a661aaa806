# SPDX-License-Identifier: Apache-2.0
"""What a webhook posts: the shapes that bodies come in."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Post:
    """One request to a webhook; `shown` is what the ledger keeps of it."""

    body: bytes
    headers: dict[str, str]
    shown: dict[str, Any]


def encode(data: Any) -> str:
    """Return JSON text, compact."""
    return json.dumps(data, separators=(",", ":"))


def as_json(data: dict[str, Any]) -> Post:
    """Post an object as JSON."""
    return Post(encode(data).encode(), {"Content-Type": "application/json"}, data)


def as_multipart(data: dict[str, Any], filename: str, mimetype: str, content: bytes) -> Post:
    """Post an object in the field `json` and a file in the field `file1`."""
    boundary = uuid.uuid4().hex
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="json"\r\n\r\n{encode(data)}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file1"; filename="{filename}"\r\n'
        f"Content-Type: {mimetype}\r\n\r\n"
    ).encode() + content
    body += f"\r\n--{boundary}--\r\n".encode()
    return Post(body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}, data)
