# SPDX-License-Identifier: Apache-2.0
"""The documentation says what the code does."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from airflow_provider_wa.provider_info import FORMS
from airflow_provider_wa.store.tables import metadata

PROJECT = Path(__file__).parent.parent
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("include_examples", PROJECT / "scripts" / "include_examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_includes_is_as_in_the_code(page: Path) -> None:
    text = page.read_text()
    assert _script().included(text) == text, "run: python scripts/include_examples.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_headings_lead_to_one(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text())
    assert [
        f"{path}#{name}" for path, name in links if name not in _anchors(page.parent / path if path else page)
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_imports_exists(page: Path) -> None:
    found = re.findall(r"^ *from (airflow_provider_wa[\w.]*) import ([\w, ]+)$", page.read_text(), re.MULTILINE)
    assert [
        f"{module}.{name}"
        for module, names in found
        for name in names.split(", ")
        if not hasattr(importlib.import_module(module), name)
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_classes_that_a_page_names_exist(page: Path) -> None:
    code = "\n".join(path.read_text() for path in sorted((PROJECT / "airflow_provider_wa").rglob("*.py")))
    named = set(re.findall(r"\bWa[A-Z]\w+\b", page.read_text()))
    assert [name for name in sorted(named) if f"class {name}(" not in code] == []


def test_the_tables_of_the_store_are_named() -> None:
    text = (PROJECT / "docs" / "waiting.md").read_text()
    (named,) = re.findall(r"^Its tables \(([^)]*)\)", text, re.MULTILINE)
    assert {name.strip(" `\n") for name in named.split(",")} == set(metadata.tables)


def test_every_extra_of_a_connection_is_explained() -> None:
    text = (PROJECT / "docs" / "connections.md").read_text()
    extras = {extra.name for form in FORMS.values() for extra in form.extras}
    assert [name for name in sorted(extras) if f"`{name}`" not in text] == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z]+)`|^make ([a-z]+)$", page.read_text(), re.M)}
    assert {name for pair in named for name in pair if name} <= targets
