# SPDX-License-Identifier: Apache-2.0
"""An account at Green-API: session and login."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.script import play, reply

from airflow_provider_wa.api.errors import SessionDown, UnexpectedReply
from airflow_provider_wa.vendors.green_api.client import GreenApi

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")


def test_a_reply_without_a_state_is_unexpected() -> None:
    assert type(play(VENDOR.session(), [reply({"other": 1})]).error) is UnexpectedReply


@pytest.mark.parametrize(("word", "said"), [("authorized", "authorized"), (None, "starting")])
def test_a_probe_tells_the_state(word: str | None, said: str) -> None:
    assert play(VENDOR.probe(), [reply({"stateInstance": word})]).result.endswith(f"the instance is {said}")


def test_a_logged_in_account_has_no_qr_code() -> None:
    said = {"type": "alreadyLogged", "message": "instance account already authorized"}
    error = play(VENDOR.qr_code(), [reply(said)]).error
    assert type(error) is SessionDown
    assert "logged in already (instance account already authorized)" in str(error)


def test_why_there_is_no_qr_code_is_said() -> None:
    error = play(VENDOR.qr_code(), [reply({"type": "error", "message": "not now"})]).error
    assert type(error) is SessionDown
    assert "(not now)" in str(error)


@pytest.mark.parametrize("body", [{"type": "qrCode", "message": "SECRET"}, '{"type": "qrCode", "message": "SECRET', {}])
def test_half_a_qr_code_is_not_shown(body: Any) -> None:
    error = play(VENDOR.qr_code(), [reply(body)]).error
    assert type(error) is UnexpectedReply
    assert "SECRET" not in f"{error} {error.raw}"


NOT_AUTHORIZED = reply({"message": "instance is starting or not authorized"}, 400)


def test_logging_out_twice_is_fine() -> None:
    played = play(VENDOR.logout(), [NOT_AUTHORIZED, reply({"stateInstance": "notAuthorized"})])
    assert played.error is None


def test_an_instance_that_is_starting_cannot_tell_whether_it_is_logged_out() -> None:
    assert type(play(VENDOR.logout(), [NOT_AUTHORIZED, reply({"stateInstance": "starting"})]).error) is SessionDown


@pytest.mark.parametrize("body", [{"isLogout": False}, {}, [], {"isLogout": None}], ids=str)
def test_a_logout_must_be_confirmed(body: Any) -> None:
    assert type(play(VENDOR.logout(), [reply(body)]).error) is UnexpectedReply
