# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import uuid
from pathlib import Path

import fsspec
import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from airflow.sdk.io import attach

from airflow_provider_wa.api.records import MediaFile
from airflow_provider_wa.plugin import media
from airflow_provider_wa.plugin.media import MediaFolder
from airflow_provider_wa.receiver.files import file_name

FILE = MediaFile(content=b"\x89PNG\r\n\x1a\n a picture", media_type="image/png", filename="../../evil.png")


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_a_file_lies_in_the_connections_folder_under_its_hash(tmp_path: Path, scheme: str) -> None:
    uri = MediaFolder(f"{scheme}{tmp_path}/media").keep("my_wa", FILE)
    assert uri == f"file://{tmp_path}/media/my_wa/{file_name(FILE)}"
    assert ObjectStoragePath(uri).read_bytes() == FILE.content
    assert [path.name for path in (tmp_path / "media" / "my_wa").iterdir()] == [file_name(FILE)]


def test_the_same_file_again_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = MediaFolder(str(tmp_path))
    first = folder.keep("my_wa", FILE)
    monkeypatch.setattr(media, "_write_whole", lambda path, content: pytest.fail("it is written"))
    assert folder.keep("my_wa", FILE) == first


@pytest.mark.parametrize("content", [FILE.content[:5], bytes(len(FILE.content))], ids=["cut", "same length"])
def test_a_file_that_holds_something_else_is_written_again(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "my_wa" / file_name(FILE)
    path.parent.mkdir()
    path.write_bytes(content)
    MediaFolder(str(tmp_path)).keep("my_wa", FILE)
    assert path.read_bytes() == FILE.content


def test_what_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(media.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        MediaFolder(str(tmp_path)).keep("my_wa", FILE)
    assert list((tmp_path / "my_wa").iterdir()) == []


def test_an_object_store() -> None:
    # Airflow 3.1 knows only those that a provider brings.
    attach("memory", fs=fsspec.filesystem("memory"))
    uri = MediaFolder(f"memory://{uuid.uuid4().hex}/wa").keep("my_wa", FILE)
    assert ObjectStoragePath(uri).read_bytes() == FILE.content
