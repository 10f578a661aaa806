# SPDX-License-Identifier: Apache-2.0
"""The samples themselves: as complete as their documents, and mended only where it is said why."""

from __future__ import annotations

import json
import re

import pytest
from contract import samples_checkwa, samples_green_api, samples_wa_portal, samples_wuzapi
from helpers.script import play, reply

from airflow_provider_wa.vendors.checkwa.events import CheckCallback, parse_callback
from airflow_provider_wa.vendors.green_api.tables import METHODS

PORTAL = samples_wa_portal.SAMPLES


def test_wuzapi_what_is_mended_says_why() -> None:
    samples = [sample for samples in samples_wuzapi.SAMPLES.values() for sample in samples]
    mended = [sample for sample in samples if sample.body and sample.request != json.loads(sample.body)]
    assert [sample for sample in mended if not sample.note] == []


def test_wa_portal_the_mended_samples_are_json() -> None:
    bodies = [answer.body for samples in PORTAL.values() for sample in samples for answer in sample.answers]
    assert all(not body or isinstance(json.loads(body), dict) for body in bodies)


@pytest.mark.parametrize("name", samples_wa_portal.URLS)
def test_wa_portal_the_samples_use_every_parameter_of_the_documents_url(name: str) -> None:
    sent = {"token"}
    for sample in PORTAL[name]:
        sent |= {*sample.parameters} | ({sample.upload.name} if sample.upload else set())
    url = samples_wa_portal.URLS[name]
    assert sent == set(re.findall(r"[?&](\w+)=", url)) - samples_wa_portal.NOT_SENT.get(name, set())
    assert f" {url.partition('?')[0]}" in name


def test_wa_portal_every_endpoint_has_its_url() -> None:
    assert set(samples_wa_portal.URLS) == set(PORTAL)


def test_wa_portal_all_16_codes_are_there() -> None:
    assert [words[:2] for words, _ in samples_wa_portal.CODES] == [f"{number:02}" for number in range(16)]


@pytest.mark.parametrize("words", [words for words, kind in samples_wa_portal.CODES if kind])
def test_wa_portal_a_documented_code_has_an_advice_of_its_own(words: str) -> None:
    answers = [reply({"status": "error", "message": words}, 400)] * 4
    error = play(samples_wa_portal.VENDOR.balance(), iter(answers)).error
    assert not str(error).startswith("wa_portal: refused")


@pytest.mark.parametrize(("text", "becomes"), samples_checkwa.CALLBACKS.values(), ids=samples_checkwa.CALLBACKS)
def test_checkwa_each_callback(text: str, becomes: CheckCallback) -> None:
    assert parse_callback(text) == becomes


def test_checkwa_the_url_is_the_documents() -> None:
    assert samples_checkwa.URL.endswith(" ".join(samples_checkwa.SAMPLES).partition(" ")[2])


def test_green_api_every_method_of_the_table_has_samples() -> None:
    assert [f"{verb} {method}" for method, (verb, _) in METHODS.items()] == list(samples_green_api.SAMPLES)
