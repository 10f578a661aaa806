# SPDX-License-Identifier: Apache-2.0
"""Bodies: read up to a limit, and decoded by their content type."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope

from airflow_provider_wa.api.json_fields import decoded
from airflow_provider_wa.api.records import MediaFile
from airflow_provider_wa.api.webhooks import Post
from airflow_provider_wa.receiver.answers import malformed, too_large, too_slow, unsupported
from airflow_provider_wa.receiver.budget import Share

MOST_FIELDS = 100
MOST_FILES = 10
LONGEST = 4 << 30
"""Bytes of the longest body that is read at all. WhatsApp's largest files have 2 GB, in base64 a third more."""

BODY_SECONDS = 20.0
"""Seconds in which a body must arrive; a long body has more time, see ``SLOWEST``."""

SLOWEST = 32 * 1024
"""Minimum rate at which a long body must arrive, in bytes a second."""

T = TypeVar("T")
R = TypeVar("R")

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
# A longer body would keep other requests waiting while it is decoded.
_LONG = 16 * 1024


Marks = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Body:
    """A body. ``is_whole`` is False if it was too long, and the file in it was cut out."""

    content: bytes
    is_whole: bool = True


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers of a request, by their names in small letters; of several with one name the first."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


async def read(headers: Mapping[str, str], receive: Receive, limit: int, share: Share, file_marks: Marks = ()) -> Body:
    """Read the whole body, or a longer one without its file.

    :param headers: the request's headers, by their names in small letters.
    :param share: the part of the memory's budget that the body takes.
    :param file_marks: bytes before and after a file in a body, in each of its forms.
    :raises Refused: the body is longer than ``limit`` bytes, even without its file; it is compressed; it arrives more
        slowly than ``BODY_SECONDS`` and ``SLOWEST`` allow; or there is no room for it in the budget.
    :raises ClientDisconnect: the client went away before it had sent all of it.
    """
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise unsupported("body: compressed; expected an uncompressed body")
    declared = int(headers.get("content-length", "0"))
    if declared > limit and not file_marks:
        raise too_large(limit)
    share.expect(min(declared, limit))
    with _Patience() as patience:
        return await _read(receive, limit, share, file_marks, patience)


class _Patience:
    """Ends the reading of a body that is too slow, with an error. A time limit of anyio's takes as long as a post.

    ``deadline`` is in seconds of the event loop's clock, and may be moved on.
    """

    def __enter__(self) -> _Patience:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self.deadline = self._loop.time() + BODY_SECONDS
        self._is_over = False
        self._wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, frames: object) -> None:
        self._timer.cancel()
        if self._is_over and isinstance(error, asyncio.CancelledError):
            if self._task is not None and sys.version_info >= (3, 11) and self._task.uncancel():
                return  # the server ends the request as well
            raise too_slow() from None

    def _wait(self) -> None:
        self._timer = self._loop.call_at(self.deadline, self._end)

    def _end(self) -> None:
        if self._loop.time() < self.deadline:  # it was moved on
            self._wait()
        elif self._task is not None:
            self._is_over = True
            self._task.cancel()


async def _read(receive: Receive, limit: int, share: Share, file_marks: Marks, patience: _Patience) -> Body:
    cutter: _FileCutter | None = None
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        patience.deadline += len(part) / SLOWEST
        parts.append(part)
        if size > LONGEST:
            raise too_large(LONGEST)
        if size > limit:
            cutter = cutter or _FileCutter(file_marks)
            for held in parts:
                cutter.feed(held)
            parts.clear()
            if len(cutter.kept) > limit:
                raise too_large(limit)
        share.hold(min(size, limit))
    return Body(cutter.end(), is_whole=False) if cutter else Body(b"".join(parts))


class _FileCutter:
    """Cuts the file out of a body as it comes in parts: all between a mark and the one that ends it."""

    def __init__(self, marks: Marks) -> None:
        self.kept = bytearray()
        self._ends = dict(marks)
        self._begin = re.compile(b"|".join(re.escape(mark) for mark in self._ends)) if marks else None
        self._longest = max((len(mark) for pair in marks for mark in pair), default=1)
        self._held = b""
        self._until: bytes | None = None

    def feed(self, part: bytes) -> None:
        """Take the next part."""
        data, start = self._held + part, 0
        while (found := self._find(data, start)) is not None:
            place, until = found
            if self._until is None:
                self.kept += data[start:place]
            start, self._until = place, until
        # The beginning of a mark may be at the end of a part.
        cut = max(start, len(data) - self._longest + 1)
        if self._until is None:
            self.kept += data[start:cut]
        self._held = data[cut:]

    def end(self) -> bytes:
        """Return the body without its file."""
        return bytes(self.kept) + (b"" if self._until else self._held)

    def _find(self, data: bytes, start: int) -> tuple[int, bytes | None] | None:
        """Return the place where the next file begins or ends; for a beginning, also the mark that ends the file."""
        if self._until is not None:
            place = data.find(self._until, start)
            return None if place < 0 else (place, None)
        found = self._begin.search(data, start) if self._begin else None
        return (found.end(), self._ends[found[0]]) if found else None


def query_fields(query: bytes) -> dict[str, str]:
    """Decode the query of a GET.

    :raises Refused: it has too many fields.
    """
    try:
        return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise malformed(f"query: too many fields; expected at most {MOST_FIELDS}") from None


async def decode(body: bytes, content_type: str) -> Post:
    """Decode a body: JSON of any content type, or a form.

    :raises Refused: it is neither, or a form with too many fields or files.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _MULTIPART:
        return await _multipart(body, content_type)
    return await work_out(_form_or_json if kind == _FORM else _json, body, len(body))


async def work_out(function: Callable[[T], R], argument: T, size: int) -> R:
    """Call a function with a body, or a part of it, of ``size`` bytes: in a thread if that takes long."""
    return await asyncio.to_thread(function, argument) if size > _LONG else function(argument)


def _json(body: bytes) -> Post:
    try:
        # Neither PostgreSQL nor the standard accepts NaN in JSON.
        return Post(data=decoded(body, strict=True))
    except ValueError:
        raise malformed(f"body: {'not JSON' if body.strip() else 'empty'}; expected JSON or a form") from None


def _form_or_json(body: bytes) -> Post:
    # Many HTTP libraries declare a body as a form unless the caller sets another type.
    if body.lstrip()[:1] in (b"{", b"["):
        return _json(body)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise malformed(f"body: not a form; expected one of at most {MOST_FIELDS} fields") from None
    return Post(fields=dict(pairs))


async def _multipart(body: bytes, content_type: str) -> Post:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope: dict[str, Any] = {"type": "http", "headers": [(b"content-type", content_type.encode("latin-1", "replace"))]}
    fields: dict[str, str] = {}
    files: dict[str, MediaFile] = {}
    reading = Request(scope, receive).form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=len(body) + 1)
    try:
        async with reading as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files[name] = await _file(value)
                else:
                    fields[name] = value
    except (MultiPartException, ValueError):
        reason = f"body: not a multipart form; expected one of at most {MOST_FIELDS} fields and {MOST_FILES} files"
        raise malformed(reason) from None
    return Post(fields=fields, files=files)


async def _file(upload: UploadFile) -> MediaFile:
    kind = upload.content_type or MediaFile.media_type
    return MediaFile(content=await upload.read(), media_type=kind, filename=upload.filename or "")
