# SPDX-License-Identifier: Apache-2.0
"""The signature of WuzAPI's posts: the hex HMAC-SHA256 of the body, or of a form's fields (wuzapi-server, HMAC)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator

from airflow_provider_wa.api.errors import Unauthorized
from airflow_provider_wa.api.webhooks import RawPost
from airflow_provider_wa.vendors.wuzapi.tables import NAME

HEADER = "x-hmac-signature"
"""The header with the signature."""

_MULTIPART = re.compile(r'multipart/form-data;.*?boundary="?([^";,]+)"?', re.IGNORECASE)
_NAME = re.compile(rb'(?i)^content-disposition:\s*form-data;[^\r\n]*?\bname="([^"\r\n]*)"', re.MULTILINE)
_FILE = re.compile(rb"(?i)\bfilename\*?=")
_GO_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


def check(post: RawPost, key: str) -> None:
    """Check the signature of a post.

    Of a form that brings a file, older servers sign the fields: as JSON that Go writes, with the file's path.

    :raises Unauthorized: it is missing, or made with another key or of another body.
    """
    given = post.headers.get(HEADER, "").strip().lower()
    if not given:
        raise Unauthorized(f"{HEADER}: missing; expected the hex HMAC-SHA256 of the body", vendor=NAME)
    expected = hmac.new(key.encode(), _signed(post), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise Unauthorized(f"{HEADER}: wrong; expected the hex HMAC-SHA256 of the body", vendor=NAME)


def _signed(post: RawPost) -> bytes:
    form = _MULTIPART.match(post.headers.get("content-type", ""))
    if form is None:
        return post.body
    return go_json(dict(_fields(post.body, form[1].encode("latin-1", "replace")))).encode("utf-8", "surrogatepass")


def _fields(body: bytes, boundary: bytes) -> Iterator[tuple[str, str]]:
    """Yield the fields of a multipart form that are not files."""
    for part in body.split(b"--" + boundary):
        head, _, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name and not _FILE.search(head):
            yield name[1].decode("utf-8", "replace"), value.removesuffix(b"\r\n").decode("utf-8", "replace")


def go_json(fields: dict[str, str]) -> str:
    """Return JSON as Go writes an object of texts: keys in order, characters of HTML and line ends escaped."""
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.translate(_GO_ESCAPES)
