# SPDX-License-Identifier: Apache-2.0
"""The wheel as it would be published: it has the files of the pages, and the pages run from it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = "airflow_provider_wa/plugin/pages"

RUN = """
from starlette.testclient import TestClient
import airflow_provider_wa
from airflow_provider_wa.plugin.pages import rendering
from airflow_provider_wa.plugin.pages.app import make_pages
print(airflow_provider_wa.__file__)
for name in rendering._templates().list_templates():
    rendering._templates().get_template(name)
client = TestClient(make_pages())
for path in ("static/wa.css", "static/wa.js", "static/wa.svg", "campaigns"):
    answer = client.get(f"/{path}")
    print(path, answer.status_code, answer.headers["content-type"].split(";")[0])
"""

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from hatchling.builders.wheel import WheelBuilder

    return Path(
        next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("dist")), versions=["standard"]))
    )


def test_the_wheel_has_every_file_of_the_pages(wheel: Path) -> None:
    files = [path for path in (ROOT / PAGES).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert {path.suffix for path in files} == {".py", ".html", ".css", ".js", ".svg"}
    wanted = {path.relative_to(ROOT).as_posix() for path in files}
    assert wanted <= set(zipfile.ZipFile(wheel).namelist())


def test_the_pages_run_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-W", "ignore", "-c", RUN]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    where, *answers = done.stdout.splitlines()[-5:]
    assert Path(where).is_relative_to(tmp_path)
    assert answers == [
        "static/wa.css 200 text/css",
        "static/wa.js 200 text/javascript",
        "static/wa.svg 200 image/svg+xml",
        "campaigns 401 text/html",
    ]
