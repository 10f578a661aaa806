# SPDX-License-Identifier: Apache-2.0
"""api/ and vendors/ need no Airflow, open no socket, read no clock and are quick to import."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_provider_wa

PACKAGE = Path(airflow_provider_wa.__file__).parent
ROOT = PACKAGE.parent
ROOMS = {"api": ("api",), "vendors": ("api", "vendors")}
"""Rooms of pure code, and the rooms that each may import."""

FILES = [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]

NETWORK = {
    "socket", "_socket", "ssl", "_ssl", "select", "selectors", "asyncio", "http.client", "urllib.request", "httpx",
    "httpcore", "httpx_aiohttp", "aiohttp", "anyio", "requests", "urllib3", "starlette", "uvicorn",
}  # fmt: skip
SLOW = {"pendulum", "phonenumbers"}

# What the process had loaded before the first import counts as well: -S keeps site-packages and its .pth files out.
IMPORT_ALL = """
import importlib, json, pkgutil, sys
room = importlib.import_module("airflow_provider_wa." + sys.argv[1])
names = [module.name for module in pkgutil.walk_packages(room.__path__, room.__name__ + ".")]
for name in names:
    importlib.import_module(name)
json.dump({"imported": names, "loaded": sorted(sys.modules)}, sys.stdout)
"""


@pytest.fixture(scope="module", params=ROOMS)
def room(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def fresh_process(room: str) -> dict[str, list[str]]:
    """Every module of a room imported where no third-party package can be found at all."""
    command = [sys.executable, "-S", "-c", IMPORT_ALL, room]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_every_module_is_looked_at(fresh_process: dict[str, list[str]], room: str) -> None:
    files = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in FILES}
    names = {name.removesuffix(".__init__") for name in files} - {f"airflow_provider_wa.{room}"}
    assert set(fresh_process["imported"]) == {name for name in names if name.split(".")[1] == room}


def test_importing_loads_no_airflow(fresh_process: dict[str, list[str]]) -> None:
    assert [name for name in fresh_process["loaded"] if name.partition(".")[0] == "airflow"] == []


def test_importing_loads_nothing_that_opens_sockets(fresh_process: dict[str, list[str]]) -> None:
    assert NETWORK.intersection(fresh_process["loaded"]) == set()


def test_importing_leaves_slow_libraries_alone(fresh_process: dict[str, list[str]]) -> None:
    assert SLOW.intersection(fresh_process["loaded"]) == set()


def imports(node: ast.AST) -> Iterator[str]:
    """Every module that a syntax tree imports, inside functions too."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield child.module or ""


ALL_FILES = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())


@ALL_FILES
def test_no_function_imports_airflow_sockets_or_other_rooms_later(path: Path) -> None:
    found = set(imports(ast.parse(path.read_text())))
    ours = {name.split(".")[1] for name in found if name.startswith("airflow_provider_wa.")}
    assert NETWORK.intersection(found | {name.partition(".")[0] for name in found}) == set()
    assert {name for name in found if name.partition(".")[0] == "airflow"} == set()
    assert ours <= set(ROOMS[path.relative_to(PACKAGE).parts[0]])


CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "sleep"}
"""Names of functions of ``datetime`` and ``time`` that read a clock, or wait."""


@ALL_FILES
def test_no_clock_is_read_but_a_default_that_an_argument_replaces(path: Path) -> None:
    found = set()
    for function in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id in {"datetime", "date", "time"}:
                    found.add(function.name)
    # ``clock: Callable[[], datetime] = field(default=_now)``: whoever makes a vendor may give it another one.
    assert found <= {"_now"}
