# SPDX-License-Identifier: Apache-2.0
"""The rooms of the package: which may import which, no circle, and each vendor's name only in its own room."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PACKAGE = "airflow_provider_wa"
ROOT = Path(__file__).parent.parent / PACKAGE

LIBRARIES = ("airflow", "sqlalchemy", "starlette")

# A room is a folder or a module at the top; `operators._run` is a room of its own. What is on the right may be
# imported, at module level and inside functions alike. Names of LIBRARIES stand beside the rooms.
ALLOWED: Mapping[str, str] = {
    "api": "",
    "vendors": "api",
    "transport": "api",
    "store": "api sqlalchemy",
    "bulk": "api transport store paths",
    "config": "api provider_info airflow",
    "serving": "",
    "paths": "api airflow",
    "interpreter": "",
    "connections": "api vendors transport store bulk config paths provider_info airflow sqlalchemy",
    "hooks": "api vendors transport connections airflow",
    "arguments": "api connections store airflow",
    "templating": "api connections",
    "waiting": "api transport store bulk connections hooks airflow",
    "triggers": "api waiting arguments airflow",
    "links": "airflow",
    "operators": "api links arguments templating triggers connections operators._run airflow",
    "operators._run": "api links vendors transport store bulk paths connections hooks arguments templating triggers "
    "waiting interpreter airflow",
    "sensors": "api links arguments templating triggers waiting connections airflow",
    "notifications": "api arguments templating operators._run airflow",
    "queues": "triggers airflow",
    "receiver": "api store starlette",
    "plugin": "api store receiver connections hooks config provider_info serving interpreter airflow starlette",
    "cli": "api store connections airflow",
    "sandbox": "serving starlette",
    "provider_info": "vendors",
    "__init__": "",
}

VENDORS: Mapping[str, str] = {
    "wuzapi": r"wuz_?api",
    "green_api": r"green[_\- ]?api",
    "wa_portal": r"wa_?portal|\bportals?\b",
    "checkwa": r"check_?wa(?![a-z])",
    "accuauth": r"accu_?auth",
}

LISTS = ("vendors.registry", "sandbox.vendors", "provider_info")
"""Where all vendors stand in one list."""


def modules() -> dict[str, Path]:
    """Return the package's modules by name, without the package's own name in front."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


MODULES = modules()


def room(module: str) -> str:
    """Return the room that a module is in."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[:2] == ["operators", "_run"] else parts[0]


def imports(path: Path) -> Iterator[str]:
    """Yield what a module imports, anywhere in it, by full name; not what only type checkers see."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner.removeprefix(f"{PACKAGE}.") in MODULES else node.module


def arrows(module: str) -> Iterator[tuple[str, str]]:
    """Yield the rooms and libraries that a module imports, each with the name of the module."""
    for name in imports(MODULES[module]):
        if name == PACKAGE or name.startswith(f"{PACKAGE}."):
            inner = name.removeprefix(PACKAGE).lstrip(".") or "__init__"
            if inner != "__init__":  # the version
                yield room(inner), inner
        elif (library := name.split(".")[0]) in LIBRARIES:
            yield library, library


def wrong_arrows() -> set[str]:
    """Return the arrows that the table does not allow."""
    return {
        f"{module} -> {name}"
        for module in MODULES
        for target, name in arrows(module)
        if target != room(module) and target not in ALLOWED[room(module)].split()
    }


def circles() -> set[str]:
    """Return the modules that import one another in a circle, each circle as one text."""
    edges: dict[str, set[str]] = {
        module: {name for target, name in arrows(module) if target not in LIBRARIES and name != module}
        for module in MODULES
    }
    reached: dict[str, set[str]] = defaultdict(set)
    for module, direct in edges.items():
        todo = list(direct)
        while todo:
            if (name := todo.pop()) not in reached[module]:
                reached[module].add(name)
                todo.extend(edges.get(name, ()))
    return {
        " ".join(sorted({module, *(name for name in reached[module] if module in reached[name])}))
        for module in edges
        if module in reached[module]
    }


def of_vendor(module: str) -> str | None:
    """Return the vendor that a module belongs to: ``vendors.<name>...``, ``hooks.<name>``, ``sandbox.<name>...``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] in ("vendors", "hooks", "sandbox") and parts[1] in VENDORS else None


def naming() -> dict[str, set[str]]:
    """Return the modules that write a vendor's name which is not theirs, in code, comments or texts."""
    return {
        module: found
        for module, path in MODULES.items()
        if module not in LISTS
        and (
            found := {
                vendor
                for vendor, pattern in VENDORS.items()
                if vendor != of_vendor(module) and re.search(pattern, path.read_text(), re.IGNORECASE)
            }
        )
    }


def test_every_room_is_in_the_table() -> None:
    assert {room(module) for module in MODULES} <= set(ALLOWED)


def test_rooms_import_what_the_table_allows() -> None:
    assert sorted(wrong_arrows()) == []


def test_the_table_has_no_circle() -> None:
    left = {name: set(allowed.split()) & set(ALLOWED) for name, allowed in ALLOWED.items()}
    while free := [name for name, allowed in left.items() if not allowed & set(left)]:
        for name in free:
            del left[name]
    assert left == {}


def test_no_module_imports_itself_through_others() -> None:
    assert sorted(circles()) == []


def test_each_vendors_name_stays_in_its_room() -> None:
    assert {module: sorted(names) for module, names in sorted(naming().items())} == {}


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_search_for_a_vendors_name_finds_it(vendor: str) -> None:
    own = [MODULES[module].read_text() for module in MODULES if of_vendor(module) == vendor]
    assert any(re.search(VENDORS[vendor], text, re.IGNORECASE) for text in own)
