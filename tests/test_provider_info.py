# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from dataclasses import fields
from importlib import import_module, metadata
from inspect import isabstract
from pathlib import Path
from typing import Any

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-info-"))

import airflow
import jsonschema
import pytest

import airflow_provider_wa
from airflow_provider_wa.config import Config
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.provider_info import FORMS, get_provider_info

DISTRIBUTION = "airflow-provider-wa"
ROOMS = ("hooks", "operators", "sensors", "triggers")


def airflow_schema(name: str) -> Any:
    (found,) = (path / name for path in map(Path, airflow.__path__) if (path / name).exists())
    return json.loads(found.read_text())


def mistakes(value: Any, schema: Any) -> list[str]:
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    return [error.message for error in validator(schema).iter_errors(value)]


def modules(room: str) -> list[str]:
    """The modules that the metadata lists for a kind of class."""
    return [module for entry in get_provider_info().get(room, ()) for module in entry["python-modules"]]


def test_metadata_is_valid_by_the_schema_that_airflow_checks_at_run_time() -> None:
    assert mistakes(get_provider_info(), airflow_schema("provider_info.schema.json")) == []


@pytest.mark.parametrize("key", ["connection-types", "integrations", *ROOMS])
def test_metadata_is_valid_by_the_stricter_schema_of_airflows_own_providers(key: str) -> None:
    schema = airflow_schema("provider.yaml.schema.json")["properties"][key]
    strict = json.loads(json.dumps(schema).replace('"additionalProperties": true', '"additionalProperties": false'))
    if key == "connection-types" and "conn-fields" not in schema["items"]["properties"]:
        pytest.skip("this Airflow does not know forms in metadata")

    assert mistakes(get_provider_info()[key], schema) == []
    if key == "connection-types":
        assert mistakes(get_provider_info()[key], strict) == []


def test_package_name_is_the_distributions_and_the_entry_point_leads_here() -> None:
    distribution = metadata.distribution(DISTRIBUTION)
    (entry_point,) = distribution.entry_points.select(group="apache_airflow_provider")

    assert get_provider_info()["package-name"] == distribution.metadata["Name"] == DISTRIBUTION
    assert entry_point.load() is get_provider_info
    assert distribution.version == airflow_provider_wa.__version__


@pytest.mark.system
def test_metadata_is_read_without_loading_airflow_or_anything_slow() -> None:
    program = "import sys, airflow_provider_wa.provider_info as p; p.get_provider_info(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert not {"airflow", "httpx", "pendulum", "phonenumbers", "wtforms"} & set(loaded)
    ours = {name.removeprefix("airflow_provider_wa").lstrip(".") for name in loaded if name.startswith("airflow_p")}
    rooms = {f"vendors.{conn_type}" for conn_type in FORMS}
    assert ours == {"", "provider_info", "vendors", "vendors.forms", *rooms}


@pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")
def test_airflow_discovers_the_provider_and_its_hooks() -> None:
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()

    assert manager.providers[DISTRIBUTION].data["connection-types"] == get_provider_info()["connection-types"]
    for entry in get_provider_info()["connection-types"]:
        hook = manager.hooks[entry["connection-type"]]
        assert hook is not None
        assert hook.hook_class_name == entry["hook-class-name"]
        assert hook.connection_id_attribute_name == "wa_conn_id"
        assert hook.connection_testable


def test_hook_class_names_import() -> None:
    for entry in get_provider_info()["connection-types"]:
        module, _, name = entry["hook-class-name"].rpartition(".")
        assert issubclass(getattr(import_module(module), name), WaHook)


@pytest.mark.parametrize("room", ROOMS)
def test_listed_modules_import(room: str) -> None:
    assert modules(room)
    for module in modules(room):
        import_module(module)


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_with_a_class_for_dag_authors_is_listed(room: str) -> None:
    package = import_module(f"airflow_provider_wa.{room}")
    suffix = room.removesuffix("s").capitalize()
    public = [
        name
        for name in (f"{package.__name__}.{found.name}" for found in pkgutil.iter_modules(package.__path__))
        if not name.endswith(".base")
        and any(
            thing.endswith(suffix) and not thing.startswith("_") and value.__module__ == name
            for thing, value in vars(import_module(name)).items()
            if isinstance(value, type) and not isabstract(value)
        )
    ]

    assert sorted(modules(room)) == sorted(public)


def test_integrations_are_declared_once_and_used() -> None:
    info = get_provider_info()
    declared = [entry["integration-name"] for entry in info["integrations"]]

    assert len(set(declared)) == len(declared)
    assert {entry["integration-name"] for room in ROOMS for entry in info.get(room, ())} == set(declared)


@pytest.mark.system
def test_the_options_that_are_read_are_declared_with_the_defaults_that_they_have(tmp_path: Path) -> None:
    program = (
        "from airflow.providers_manager import ProvidersManager; from airflow.configuration import conf\n"
        "ProvidersManager().initialize_providers_configuration()\n"
        "from airflow_provider_wa.config import read_config\n"
        "config = read_config()\n"
        "print(repr(conf.get('wa', 'media_path')), config.media_path, end=' ')\n"
        "print(config.receiver_max_body, config.opt_out_words)"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__WA__")}
    environ["AIRFLOW_HOME"] = str(tmp_path)
    run = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)

    assert run.stdout.splitlines()[-1] == f"'' file://{tmp_path}/wa_media {10 * 1024 * 1024} ('STOP',)"
    assert set(get_provider_info()["config"]["wa"]["options"]) == {field.name for field in fields(Config)}
