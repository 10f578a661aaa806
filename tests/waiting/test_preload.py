# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import importlib.util
import threading

import pytest

from airflow_provider_wa.waiting import preload as module
from airflow_provider_wa.waiting.preload import MODULES, preload


def test_modules_are_imported_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: dict[str, threading.Thread] = {}

    def note(name: str) -> None:
        imported[name] = threading.current_thread()

    monkeypatch.setattr(module, "import_module", note)
    asyncio.run(preload())
    assert list(imported) == [f"airflow_provider_wa.waiting.{name}" for name in MODULES]
    assert threading.main_thread() not in imported.values()


@pytest.mark.parametrize("name", MODULES)
def test_the_modules_exist(name: str) -> None:
    assert importlib.util.find_spec(f"airflow_provider_wa.waiting.{name}") is not None
