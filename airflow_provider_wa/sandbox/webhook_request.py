# SPDX-License-Identifier: Apache-2.0
"""The HTTP request that a webhook or callback posts, in the forms that vendors use."""

from __future__ import annotations

import json
import uuid
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
    boundary = uuid.uuid4().hex
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="json"\r\n\r\n{encode(data)}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file1"; filename="{filename}"\r\n'
        f"Content-Type: {mimetype}\r\n\r\n"
    ).encode() + content
    body += f"\r\n--{boundary}--\r\n".encode()
    return WebhookRequest(body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}, data)
