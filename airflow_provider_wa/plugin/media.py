# SPDX-License-Identifier: Apache-2.0
"""Folder for the files that come with events, local or in an object store."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_wa.api.records import MediaFile
from airflow_provider_wa.receiver.files import file_name

_PART = 1 << 20


class MediaFolder:
    """Keeps files as ``<root>/<conn_id>/<hash of the content>.<suffix>``, each once.

    :param root: a path or an ``ObjectStoragePath`` URI.
    """

    def __init__(self, root: str) -> None:
        self._root = root if "://" in root else f"file://{Path(root).absolute()}"

    def keep(self, conn_id: str, file: MediaFile) -> str:
        """Store a file, and return its URI once it is stored durably."""
        path = ObjectStoragePath(self._root) / conn_id / file_name(file)
        if path.exists() and _is(path, file.content):
            return str(path)
        if path.protocol == "file":
            _write_whole(Path(path.path), file.content)
        else:
            # An object store has a file completely or not at all.
            path.write_bytes(file.content)
        return str(path)


def _is(path: ObjectStoragePath, content: bytes) -> bool:
    """Return whether an existing file has this content. An interrupted write leaves a file with a part of it."""
    if path.stat().st_size != len(content):
        return False
    kept = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(_PART):
            kept.update(part)
    return kept.digest() == hashlib.sha256(content).digest()


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file completely or not at all, also if the power fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise
