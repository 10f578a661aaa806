# SPDX-License-Identifier: Apache-2.0
"""The matrix: its jobs, their pins, and what it counts."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


matrix, make_constraints = script("matrix"), script("make_constraints")
FILES = sorted((ROOT / "constraints").glob("*.txt"))


def test_every_file_of_pins_is_made_and_used() -> None:
    names = {path.stem for path in FILES}
    assert names == set(make_constraints.FILES) == {job.constraints for job in matrix.JOBS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pins_are_names_and_versions_and_no_hosts(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9._-]+==[\w.!+]+( ; [^/]+)?", line)] == []


def test_the_jobs_have_all_supported_pythons_and_names_of_their_own() -> None:
    assert {job.python for job in matrix.JOBS} == {"3.10", "3.11", "3.12", "3.13"}
    assert len({job.name for job in matrix.JOBS}) == len(matrix.JOBS)


def test_a_report_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite tests="10" failures="2" errors="1" skipped="3"/></testsuites>')
    assert matrix._counts(report) == (4, 3, 3)
    assert matrix._counts(tmp_path / "none.xml") == (0, 0, 0)


def test_a_python_that_is_missing_is_named_and_fails_a_run_of_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(matrix, "find_interpreter", lambda version: None)
    assert matrix.main(["lowest-py3.10"]) == 1
    printed = capsys.readouterr().out
    assert "lowest-py3.10 is SKIPPED: no Python 3.10" in printed
    assert "1 of 1 jobs SKIPPED" in printed


def test_an_unknown_job_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        matrix.main(["nobody"])
    assert "unknown job nobody" in capsys.readouterr().err
