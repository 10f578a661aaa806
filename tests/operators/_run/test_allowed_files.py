# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.refusals import refusal

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import Button, Buttons, Document, Image, Location, Media, Text
from airflow_provider_wa.operators._run.allowed_files import AllowedFiles, file_texts
from airflow_provider_wa.operators._run.message_files import load_message

S3 = "s3://conn@bucket/media/"


def allowed(files_under: Any) -> AllowedFiles:
    found = AllowedFiles.of(files_under)
    assert found is not None
    return found


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    (folder / "in").mkdir(parents=True)
    (tmp_path / "media-secret").mkdir()
    for name in ("media/a.png", "media/in/b.png", "media/100%.png", "secret.png", "media-secret/c.png"):
        (tmp_path / name).write_bytes(b"x")
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "inside.png").symlink_to(folder / "a.png")
    (folder / "up").symlink_to(tmp_path)
    return folder


@pytest.mark.parametrize(
    "given", ["a.png", "in/b.png", "in/../a.png", "./a.png", "100%.png", "{}/a.png", "file://{}/in/b.png"]
)
def test_a_file_in_the_folder_is_read(media: Path, given: str) -> None:
    message = load_message({"type": "image", "path": given.format(media)}, allowed=allowed(str(media)))
    assert isinstance(message, Image)
    assert message.media.content == b"x"


def test_a_link_that_stays_in_the_folder_is_followed(media: Path) -> None:
    assert allowed(f"{media}/").path("inside.png") == str(media / "a.png")


@pytest.mark.parametrize(
    "given",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "local:///etc/passwd",
        "../secret.png",
        "../../../../../../etc/passwd",
        "in/../../secret.png",
        "/proc/self/environ",
        "out.png",
        "up/secret.png",
        "{}/../secret.png",
        "{}-secret/c.png",
        "../media-secret/c.png",
        "%2e%2e/secret.png",
        "%2e%2e%2fsecret.png",
        "%252e%252e/secret.png",
        "..%2f..%2fetc/passwd",
        "..\\secret.png",
        "simplecache::file:///etc/passwd",
        "a.png::/etc/passwd",
        "s3://bucket/media/a.png",
        "http://169.254.169.254/latest/meta-data/",
        "a.png\0.txt",
        "..",
        "",
    ],
)
def test_nothing_outside_of_the_folder_is_read(media: Path, given: str) -> None:
    def read(location: str) -> bytes:
        raise AssertionError(location)

    with pytest.raises(BadInput, match=r"^path: .*; expected a "):
        load_message({"type": "image", "path": given.format(media)}, read, allowed(str(media)))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("a.png", f"{S3}a.png"),
        ("in/../a.png", f"{S3}a.png"),
        (f"{S3}in/a.png", f"{S3}in/a.png"),
        ("S3://conn@bucket/media/a.png", f"{S3}a.png"),
    ],
)
def test_a_file_of_an_object_store_is_named_by_its_uri(given: str, found: str) -> None:
    assert allowed(S3).path(given) == found


@pytest.mark.parametrize(
    "given",
    [
        "s3://conn@bucket/other/a.png",
        "s3://conn@bucket/media-secret/a.png",
        "s3://conn@bucket/media/../other/a.png",
        "s3://conn@bucket/media/%2e%2e/other/a.png",
        "s3://conn@other/media/a.png",
        "s3://other@bucket/media/a.png",
        "s3://bucket/media/a.png",
        "gs://conn@bucket/media/a.png",
        "/media/a.png",
        "file:///media/a.png",
        "../a.png",
    ],
)
def test_no_other_bucket_connection_or_folder_is_reached(given: str) -> None:
    with pytest.raises(BadInput, match="is outside of files_under; expected a file under s3://conn@bucket/media/"):
        allowed(S3).path(given)


def test_several_folders_are_tried(media: Path) -> None:
    assert allowed([S3, str(media)]).path(f"{media}/a.png") == str(media / "a.png")
    with pytest.raises(BadInput, match="expected a file under a folder that files_under names"):
        allowed("https://").path("a.png")


@pytest.mark.parametrize("files_under", ["", [], [" "]])
def test_an_empty_list_is_refused(files_under: Any) -> None:
    with pytest.raises(BadInput, match=r"^files_under: it is empty; expected a folder"):
        AllowedFiles.of(files_under)


def prove(files_under: Any, url: str) -> None:
    for message in (Image(Media(url=url)), Buttons("b", (Button("x"),), media=Media(url=url))):
        allowed(files_under).prove(message)


@pytest.mark.parametrize(
    ("files_under", "url"),
    [
        ("/data", "https://example.com/a.png"),
        ("https://", "https://example.com/a.png"),
        (["http://", "https://"], "http://example.com/a.png"),
        ("https://cdn.example.com/m/", "https://CDN.example.com/m/a.png"),
        ("http://10.0.0.5:9000/m", "http://10.0.0.5:9000/m/a.png"),
        (["https://", "http://localhost/"], "http://localhost/a.png"),
    ],
)
def test_a_url_that_is_allowed_goes_out(files_under: Any, url: str) -> None:
    assert refusal(prove, files_under, url) is None


@pytest.mark.parametrize(
    ("files_under", "url"),
    [
        ("/data", "http://169.254.169.254/latest/meta-data/"),
        ("https://", "https://2852039166/"),
        ("https://", "https://[::ffff:127.0.0.1]/"),
        ("https://", "http://example.com/a.png"),
        ("https://cdn.example.com/m/", "https://example.com/m/a.png"),
        ("https://cdn.example.com/m/", "https://cdn.example.com/other/a.png"),
        ("https://cdn.example.com/m/", "https://cdn.example.com/m/../other/a.png"),
        ("https://cdn.example.com/m/", "https://cdn.example.com/m/%2e%2e/other/a.png"),
        ("https://cdn.example.com/m/", "https://cdn.example.com.evil.org/m/a.png"),
        ("https://cdn.example.com/", "https://cdn.example.com@evil.org/a.png"),
        ("http://10.0.0.5:9000/m", "http://10.0.0.5/m/a.png"),
    ],
)
def test_a_url_elsewhere_is_refused(files_under: Any, url: str) -> None:
    with pytest.raises(BadInput, match=r"^url: .*; expected "):
        prove(files_under, url)


def test_a_message_without_a_file_is_not_looked_at() -> None:
    for message in (Text("http://localhost/"), Location(1, 2, url="http://localhost/"), Document(Media(content=b"x"))):
        assert refusal(allowed("/data").prove, message) is None


@pytest.mark.parametrize(
    ("spec", "texts"),
    [
        ("text", []),
        ({"type": "image", "path": "{{ file }}", "caption": "c"}, ["{{ file }}"]),
        ({"type": "{{ kind }}", "url": "{{ u }}"}, ["{{ u }}"]),
        ({"type": "image", "media": {"url": "{{ u }}", "content": b"x"}}, ["{{ u }}"]),
        ({"type": "location", "url": "{{ u }}"}, []),
    ],
)
def test_the_texts_that_name_a_file_are_found(spec: Any, texts: list[str]) -> None:
    assert file_texts(spec) == texts
