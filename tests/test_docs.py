# SPDX-License-Identifier: Apache-2.0
"""The documentation says what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from airflow_provider_wa.provider_info import FORMS
from airflow_provider_wa.vendors.forms import COMMON_EXTRAS

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


def test_every_extra_of_a_connection_is_explained() -> None:
    text = (PROJECT / "docs" / "connections.md").read_text()
    extras = {extra.name for form in FORMS.values() for extra in form.own_extras} | {e.name for e in COMMON_EXTRAS}
    assert [name for name in sorted(extras) if f"`{name}`" not in text] == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z]+)`|^make ([a-z]+)$", page.read_text(), re.M)}
    assert {name for pair in named for name in pair if name} <= targets
