# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import mimetypes

import pytest

from airflow_provider_wa.api.file_names import media_type_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("A.CSV", "text/csv"),
        ("a.opus", "audio/ogg"),
        ("a.mp3", "audio/mpeg"),
        ("a.unknown", None),
    ],
)
def test_a_files_type_does_not_depend_on_the_machine(
    name: str, kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mimetypes, "guess_type", mimetypes.MimeTypes(filenames=()).guess_type)
    assert media_type_of(name) == kind
