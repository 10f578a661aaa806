# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from airflow_provider_wa.plugin.pages import csrf
from airflow_provider_wa.plugin.pages.errors import Refused

NOW = 1_790_000_000.0
OWN = {"host": "airflow.example.com", "origin": "https://airflow.example.com", "sec-fetch-site": "same-origin"}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__SECRET_KEY", "a key of this test")


def is_taken(headers: dict[str, str]) -> bool:
    """Return whether a form with these headers and the user's own token is taken."""
    try:
        csrf.require_own_form(headers, csrf.new_token("ana", NOW), "ana", NOW)
    except Refused:
        return False
    return True


def test_a_token_is_good_for_its_user_until_it_is_too_old() -> None:
    token = csrf.new_token("ana", NOW)
    csrf.require_own_form(OWN, token, "ana", NOW + csrf.VALID_SECONDS)
    with pytest.raises(Refused, match="expired"):
        csrf.require_own_form(OWN, token, "ana", NOW + csrf.VALID_SECONDS + 1)


def test_a_token_from_before_the_clock_was_set_back_is_refused() -> None:
    token = csrf.new_token("ana", NOW)
    csrf.require_own_form(OWN, token, "ana", NOW - csrf.SKEW_SECONDS)
    with pytest.raises(Refused):
        csrf.require_own_form(OWN, token, "ana", NOW - csrf.SKEW_SECONDS - 1)


@pytest.mark.parametrize("token", ["", ".", "1790000000.", "1790000000.0", "x.y"])
def test_a_forged_token_is_refused(token: str) -> None:
    with pytest.raises(Refused):
        csrf.require_own_form(OWN, token, "ana", NOW)


def test_a_token_with_a_character_more_is_refused() -> None:
    token = csrf.new_token("ana", NOW)
    csrf.require_own_form(OWN, token, "ana", NOW)
    with pytest.raises(Refused):
        csrf.require_own_form(OWN, f"{token}0", "ana", NOW)


def test_the_token_of_another_user_is_refused() -> None:
    with pytest.raises(Refused):
        csrf.require_own_form(OWN, csrf.new_token("vic", NOW), "ana", NOW)


def test_a_token_of_another_installation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    token = csrf.new_token("ana", NOW)
    monkeypatch.setenv("AIRFLOW__API__SECRET_KEY", "another key")
    with pytest.raises(Refused):
        csrf.require_own_form(OWN, token, "ana", NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {**OWN, "sec-fetch-site": "cross-site"},
        {**OWN, "sec-fetch-site": "same-site"},
        {**OWN, "origin": "https://evil.example.com"},
        {**OWN, "origin": "null", "sec-fetch-site": "cross-site"},
        {"host": "airflow.example.com", "origin": ""},
    ],
)
def test_a_form_of_another_site_is_refused_whatever_its_token(headers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        csrf.require_own_form(headers, csrf.new_token("ana", NOW), "ana", NOW)


def test_the_public_address_behind_a_proxy_is_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://public.example.com/airflow")
    behind = {"host": "10.0.0.7:8080", "origin": "https://public.example.com"}
    assert is_taken(behind)


def test_a_page_that_passes_no_referrer_on_sends_no_origin_either() -> None:
    assert is_taken({**OWN, "origin": "null"})


def test_a_program_that_is_no_browser_needs_the_token_alone() -> None:
    assert is_taken({"host": "airflow.example.com"})
