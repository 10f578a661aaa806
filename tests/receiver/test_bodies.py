# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_wa.api.records import MediaFile
from airflow_provider_wa.receiver.answers import Refused
from airflow_provider_wa.receiver.bodies import decode, headers_of

CONTENT_TYPES = (
    "",
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=xyz",
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/form-data; charset=nonsense; boundary=xyz",
    ";",
)
PARTS = (
    b"--xyz\r\n",
    b"--xyz--\r\n",
    b"\r\n",
    b'Content-Disposition: form-data; name="json"\r\n',
    b'Content-Disposition: form-data; name="file1"; filename="a.png"\r\n',
    b"Content-Disposition: form-data\r\n",
    b"Content-Type: image/png\r\n",
    b"Content-Type\r\n",
    b"{}",
    b"\xff\x00",
    b"a=1&b=%FF",
    b"[" * 5000,
    b"1" * 5000,
)


@given(
    body=st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(PARTS), max_size=8).map(b"".join)),
    content_type=st.sampled_from(CONTENT_TYPES),
)
@example(body=b"", content_type="multipart/form-data; boundary=xyz")
def test_any_body_is_either_read_or_refused_as_malformed(body: bytes, content_type: str) -> None:
    async def status() -> int:
        try:
            await decode(body, content_type)
        except Refused as refused:
            return refused.status
        return 200

    assert asyncio.run(status()) in (200, 400)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
async def test_json_in_any_of_its_encodings(encoding: str) -> None:
    post = await decode(json.dumps({"text": "héllo ✓"}, ensure_ascii=False).encode(encoding), "application/json")
    assert post.data == {"text": "héllo ✓"}


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
async def test_numbers_that_a_database_refuses_within_json_are_malformed(word: bytes) -> None:
    with pytest.raises(Refused, match="400"):
        await decode(b'{"a": ' + word + b"}", "application/json")


async def test_the_fields_of_a_form() -> None:
    post = await decode(b"jsonData=%7B%22a%22%3A1%7D&empty=&name=h%C3%A9+l", "application/x-www-form-urlencoded")
    assert (post.fields, post.data, post.files) == ({"jsonData": '{"a":1}', "empty": "", "name": "hé l"}, None, {})


async def test_fields_and_files_of_a_multipart_form() -> None:
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="json"\r\n\r\n{"a": "\xc3\xb1"}\r\n'
        b'--xyz\r\nContent-Disposition: form-data; name="file1"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        b"\x89PNG\r\n\x00\r\n--xyz--\r\n"
    )
    post = await decode(body, "multipart/form-data; boundary=xyz")
    assert post.fields == {"json": '{"a": "ñ"}'}
    assert post.files == {
        "file1": MediaFile(content=b"\x89PNG\r\n\x00", media_type="image/png", filename="a.png"),
    }


async def test_a_field_may_be_as_long_as_the_body() -> None:
    body = b'--xyz\r\nContent-Disposition: form-data; name="json"\r\n\r\n' + b"x" * 3_000_000 + b"\r\n--xyz--\r\n"
    post = await decode(body, "multipart/form-data; boundary=xyz")
    assert len(post.fields["json"]) == 3_000_000


def test_of_several_headers_with_one_name_the_first_counts() -> None:
    sent = [(b"content-type", b"application/json"), (b"x-name", b"Jos\xe9"), (b"content-type", b"text/plain")]
    assert headers_of({"headers": sent}) == {"content-type": "application/json", "x-name": "José"}
