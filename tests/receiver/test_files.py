# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib

import pytest

from airflow_provider_wa.api.records import MediaFile
from airflow_provider_wa.receiver.files import file_name


@pytest.mark.parametrize(
    ("media_type", "content", "suffix"),
    [
        ("image/jpeg", b"x", "jpg"),
        ("IMAGE/JPEG; charset=binary", b"x", "jpg"),
        ("audio/ogg; codecs=opus", b"x", "ogg"),
        ("application/octet-stream", b"%PDF-1.7", "pdf"),
        ("", b"\x89PNG\r\n\x1a\n", "png"),
        ("application/octet-stream", b"x", "bin"),
        ("text/html", b"<script>", "bin"),
        ("image/svg+xml", b"<svg/>", "bin"),
        ("application/x-msdownload", b"MZ", "bin"),
        ("../../x", b"x", "bin"),
    ],
)
def test_the_suffix_is_the_media_types_if_that_is_harmless(media_type: str, content: bytes, suffix: str) -> None:
    file = MediaFile(content=content, media_type=media_type, filename="evil.php")
    assert file_name(file) == f"{hashlib.sha256(content).hexdigest()[:32]}.{suffix}"
