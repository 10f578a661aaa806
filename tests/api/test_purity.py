# SPDX-License-Identifier: Apache-2.0
"""api/ needs no Airflow, opens no socket and is quick to import."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_provider_wa.api

API = Path(airflow_provider_wa.api.__file__).parent
ROOT = API.parent.parent

NETWORK = {
    "socket", "_socket", "ssl", "_ssl", "select", "selectors", "asyncio", "http.client", "urllib.request", "httpx",
    "httpcore", "httpx_aiohttp", "aiohttp", "anyio", "requests", "urllib3", "starlette", "uvicorn",
}  # fmt: skip
SLOW = {"pendulum", "phonenumbers"}

# What the process had loaded before the first import counts as well: -S keeps site-packages and its .pth files out.
IMPORT_ALL = """
import importlib, json, pkgutil, sys
import airflow_provider_wa.api as api
names = [module.name for module in pkgutil.walk_packages(api.__path__, api.__name__ + ".")]
for name in names:
    importlib.import_module(name)
json.dump({"imported": names, "loaded": sorted(sys.modules)}, sys.stdout)
"""


@pytest.fixture(scope="module")
def fresh_process() -> dict[str, list[str]]:
    """Every module of api/ imported where no third-party package can be found at all."""
    command = [sys.executable, "-S", "-c", IMPORT_ALL]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_every_module_is_looked_at(fresh_process: dict[str, list[str]]) -> None:
    files = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in API.rglob("*.py")}
    names = {name.removesuffix(".__init__") for name in files} - {"airflow_provider_wa.api"}
    assert set(fresh_process["imported"]) == names


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


@pytest.mark.parametrize("path", sorted(API.rglob("*.py")), ids=lambda path: path.relative_to(API).as_posix())
def test_no_function_imports_airflow_sockets_or_other_rooms_later(path: Path) -> None:
    found = set(imports(ast.parse(path.read_text())))
    ours = {name for name in found if name.startswith("airflow_provider_wa")}
    assert NETWORK.intersection(found | {name.partition(".")[0] for name in found}) == set()
    assert {name for name in found if name.partition(".")[0] == "airflow"} == set()
    assert {name for name in ours if not name.startswith("airflow_provider_wa.api")} == set()
