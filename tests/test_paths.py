# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from pathlib import Path

import pytest
from airflow.sdk import ObjectStoragePath

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.files import read_column
from airflow_provider_wa.bulk.output_files import prove_writable
from airflow_provider_wa.paths import open_path


def test_a_local_path_and_a_uri_are_opened(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("phone\n1\n")
    for path in (str(tmp_path / "a.csv"), f"file://{tmp_path}/a.csv"):
        opened = open_path(path)
        assert isinstance(opened, ObjectStoragePath)
        assert list(read_column(opened, "phone")) == ["1"]


WINDOWS = ["C:\\lists\\x.csv", "c:/lists/x.csv", "D:x.csv", "\\\\server\\share\\x.csv"]


@pytest.mark.parametrize("path", WINDOWS)
def test_a_path_of_windows_is_refused_with_what_to_write(path: str) -> None:
    with pytest.raises(
        BadInput, match=r"output_path: .* is a path of Windows, .* /data/list.csv or s3://bucket/list.csv"
    ):
        open_path(path, "output_path")


# None of these providers is installed here.
SCHEMES = {
    "s3://bucket/x.csv": "pip install 'apache-airflow-providers-amazon[s3fs]'",
    "s3://my_conn@bucket/x.csv": "pip install 'apache-airflow-providers-amazon[s3fs]'",
    "gs://bucket/x.csv": "pip install 'apache-airflow-providers-google'",
    "abfs://container/x.csv": "pip install 'apache-airflow-providers-microsoft-azure'",
    "abfss://container/x.csv": "pip install 'apache-airflow-providers-microsoft-azure'",
    "wasb://container/x.csv": "write abfs:// in its place, and install .*-microsoft-azure'",
    "sftp://host/x.csv": "pip install 'apache-airflow-providers-sftp[sshfs]'",
    "foo://bucket/x.csv": "expected a local path, or a URI of an installed provider: s3://",
    "http://host/x.csv": "expected a local path, or a URI of an installed provider: s3://",
}


@pytest.mark.parametrize("path", SCHEMES)
def test_a_scheme_that_nothing_opens_says_what_to_install(path: str) -> None:
    message = SCHEMES[path] if ".*" in SCHEMES[path] else re.escape(SCHEMES[path])
    with pytest.raises(BadInput, match=message):
        read_column(open_path(path), "phone")
    with pytest.raises(BadInput, match=message):
        prove_writable(open_path(path, "output_path"))


def test_a_uri_without_a_bucket_is_refused() -> None:
    # Airflow 3.1 takes it for a path until it is opened.
    with pytest.raises(BadInput, match=r"s3:/+b/x\.csv.*s3fs"):
        read_column(open_path("s3:/b/x.csv"), "phone")
