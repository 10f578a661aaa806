# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.text import PAGE, numbered_lines


def read(content: bytes, encoding: str | None = None) -> list[tuple[int, str]]:
    return list(numbered_lines(io.BytesIO(content), "a.csv", encoding))


LINES = ["phone,name\n", "1,Jos\u00e9\r\n", "\n", "2,\u5f20", "\r"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_lines_have_numbers_and_ends_in_every_encoding_with_a_mark(encoding: str) -> None:
    assert read("".join(LINES).encode(encoding)) == [(1, LINES[0]), (2, LINES[1]), (3, "\n"), (4, "2,\u5f20\r")]


@pytest.mark.parametrize(
    ("encoding", "text"), [("cp1252", "Jos\u00e9 \u20ac"), ("gb18030", "\u5f20"), ("latin-1", "\u00e9")]
)
def test_an_encoding_that_is_named_is_used(encoding: str, text: str) -> None:
    assert read(f"{text}\n".encode(encoding), encoding) == [(1, f"{text}\n")]


@pytest.mark.parametrize("before", [0, 1, PAGE, 3 * PAGE])
@pytest.mark.parametrize(
    ("encoding", "bad", "message"),
    [
        (None, b"Jos\xe9\n", "column 4: byte 0xe9 cannot be decoded; a.csv: expected utf-8"),
        (None, b"\xc3\xa9\0\n", "column 2: a NUL character"),
        ("ascii", b"Jos\xc3\xa9\n", "column 4: byte 0xc3 cannot be decoded; a.csv: expected ascii"),
        ("cp1252", b"Jos\x81\n", "column 4: byte 0x81 cannot be decoded"),
    ],
)
def test_what_cannot_be_decoded_is_found_with_its_line_on_any_page(
    before: int, encoding: str | None, bad: bytes, message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read(b"1\n" * before + bad + b"2\n", encoding)
    assert f"line {before + 1}, {message}" in str(caught.value)


@pytest.mark.parametrize("encoding", ["shift_jis", "utf-16-le", "gb18030"])
def test_what_ends_within_a_character_is_refused(encoding: str) -> None:
    content = "1\n2\n\u65e5".encode(encoding)[:-1]
    with pytest.raises(BadInput, match=r"line 2|line 3, column 1"):
        read(content, encoding)
