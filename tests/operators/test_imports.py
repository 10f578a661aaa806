# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from airflow_provider_wa.provider_info import get_provider_info

SHELLS = {"operators", "sensors", "arguments", "api", "connections", "waiting", "links", "templating"}
"""Rooms of which a DAG file loads a part; the light ones of ``connections`` and ``waiting`` are named below."""

LIGHT = {"connections", "connections.retry", "waiting", "waiting.patience", "waiting.reply_search", "waiting.source"}


@pytest.mark.system
def test_a_dag_file_loads_the_shells_and_neither_their_work_nor_its_libraries() -> None:
    info = get_provider_info()
    names = [name for kind in ("operators", "sensors") for group in info[kind] for name in group["python-modules"]]
    code = f"""
import importlib, sys
import airflow.sdk
_ = airflow.sdk.DAG, airflow.sdk.BaseOperator
before = set(sys.modules)
for name in {names}:
    importlib.import_module(name)
print(sorted(set(sys.modules) - before))
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    loaded = ast.literal_eval(run.stdout.splitlines()[-1])
    ours = {name.removeprefix("airflow_provider_wa.") for name in loaded if name.startswith("airflow_provider_wa.")}
    assert {name.split(".")[0] for name in ours} <= SHELLS
    assert {name for name in ours if name.split(".")[0] in ("connections", "waiting")} <= LIGHT
    assert not {name for name in ours if name.startswith("operators._run")}
    libraries = {name.split(".")[0] for name in loaded} - {"airflow", "airflow_provider_wa"}
    assert libraries & {"aiohttp", "alembic", "httpx", "httpx_aiohttp", "jinja2", "phonenumbers", "sqlalchemy"} == set()
