# SPDX-License-Identifier: Apache-2.0
"""Paths that are named by text: local ones, and URIs of object stores that Airflow has a connection for."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_wa.api.errors import BadInput

_AMAZON = "apache-airflow-providers-amazon[s3fs]"
_GOOGLE = "apache-airflow-providers-google"
_AZURE = "apache-airflow-providers-microsoft-azure"
_SFTP = "apache-airflow-providers-sftp[sshfs]"

PROVIDERS = {
    "s3": _AMAZON,
    "s3a": _AMAZON,
    "s3n": _AMAZON,
    "gs": _GOOGLE,
    "gcs": _GOOGLE,
    "abfs": _AZURE,
    "abfss": _AZURE,
    "adl": _AZURE,
    "sftp": _SFTP,
    "ssh": _SFTP,
}
"""Packages that open paths, by the scheme of a URI."""

OTHER_NAMES = {"wasb": "abfs", "wasbs": "abfss", "az": "abfs", "azure": "abfs", "s3s": "s3", "google": "gs"}
"""Schemes of other programs, and what Airflow calls the same store."""

_WINDOWS = re.compile(r"[A-Za-z]:(?!//)|\\\\")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):/")


def open_path(path: str, name: str = "input_path") -> Any:
    """Return an ``ObjectStoragePath``.

    :param name: the argument's name, for errors.
    :raises BadInput: it is a path of Windows, or nothing can open a URI of its scheme.
    """
    # Who passes paths of pathlib needs no Airflow, and a million rows are read without it.
    from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415 - only texts need it

    if _WINDOWS.match(path):
        raise BadInput(
            f"{name}: {path} is a path of Windows, which workers do not have; put the file where all workers reach it, "
            "and write for example /data/list.csv or s3://bucket/list.csv"
        )
    try:
        return ObjectStoragePath(path)
    except ValueError as error:
        found = _SCHEME.match(path)
        raise BadInput(f"{name}: cannot open {path}: {error}{advice(found[1] if found else '')}") from None


def advice(scheme: str) -> str:
    """Return how to make a URI's scheme work, as the end of an error; empty for a local path."""
    scheme = scheme.lower()
    if scheme in ("", "file", "local"):
        return ""
    known = OTHER_NAMES.get(scheme, scheme)
    if provider := PROVIDERS.get(known):
        write = f"write {known}:// in its place, and " if known != scheme else ""
        return f"; {write}install what opens {known}:// on all workers: pip install '{provider}'"
    return (
        f"; expected a local path, or a URI of an installed provider: {', '.join(f'{each}://' for each in PROVIDERS)}"
    )
