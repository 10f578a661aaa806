# SPDX-License-Identifier: Apache-2.0
"""Settings of an instance, and those of its webhook."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.script import play, reply

from airflow_provider_wa.api.errors import BadInput, UnexpectedReply
from airflow_provider_wa.vendors.green_api import settings
from airflow_provider_wa.vendors.green_api.client import GreenApi
from airflow_provider_wa.vendors.green_api.tables import DEFAULT_EVENTS, EVENT_SETTINGS

VENDOR = GreenApi(base_url="https://api.green-api.com", instance_id="1101000001", token="A-TOKEN")
OFF = dict.fromkeys(EVENT_SETTINGS, "no")
URL = "https://x.test/hook"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "settings: there are none"),
        ({"incomingWebhooks": "yes"}, "settings: 'incomingWebhooks' is unknown; expected one of autoTyping"),
        ({"incomingWebhook": "maybe"}, "incomingWebhook: got 'maybe'; expected yes or no"),
        ({"webhookUrl": None}, "webhookUrl: got NoneType; expected a text"),
        ({"delaySendMessagesMilliseconds": 499}, "expected 500 to 86400000"),
        ({"delaySendMessagesMilliseconds": "soon"}, "got 'soon'"),
    ],
)
def test_a_wrong_setting_is_refused_before_any_call(values: dict[str, Any], words: str) -> None:
    error = play(VENDOR.set_settings(values)).error
    assert type(error) is BadInput
    assert words in str(error)


def test_settings_go_out_in_the_vendors_values() -> None:
    wanted = {"incomingWebhook": True, "stateWebhook": "NO", "delaySendMessagesMilliseconds": "500", "webhookUrl": ""}
    assert settings.checked(wanted) == {
        "incomingWebhook": "yes",
        "stateWebhook": "no",
        "delaySendMessagesMilliseconds": 500,
        "webhookUrl": "",
    }


def test_without_events_the_useful_ones_are_on_and_the_others_stay() -> None:
    current = {**OFF, "outgoingMessageWebhook": "yes"}
    assert settings.of_webhook(URL, (), current) == {"webhookUrl": URL, **dict.fromkeys(DEFAULT_EVENTS, "yes")}


def test_a_server_is_not_given_switches_that_it_does_not_have() -> None:
    current = {"incomingWebhook": "no", "outgoingWebhook": "no"}
    wanted = {"webhookUrl": URL, "incomingWebhook": "yes", "outgoingWebhook": "yes"}
    assert settings.of_webhook(URL, (), current) == wanted


@pytest.mark.parametrize("name", ["stateWebhook", "STATEWEBHOOK", "stateInstanceChanged"])
def test_named_events_are_on_and_all_others_off(name: str) -> None:
    wanted = settings.of_webhook(URL, [name], OFF)
    assert [key for key, value in wanted.items() if value == "yes"] == ["stateWebhook"]
    assert wanted.keys() == {"webhookUrl", *EVENT_SETTINGS}


@pytest.mark.parametrize(
    ("url", "events", "words"),
    [
        ("ftp://x", (), "url: unknown scheme"),
        (URL, ["Message"], "events: 'Message' is unknown; expected some of incom"),
    ],
)
def test_a_webhook_that_is_none_is_refused_before_it_is_set(url: str, events: list[str], words: str) -> None:
    error = play(VENDOR.set_webhook(url, events), [reply(OFF)]).error
    assert type(error) is BadInput
    assert words in str(error)


def test_a_webhook_is_set_and_read_back() -> None:
    late = {**OFF, "webhookUrl": URL, "incomingWebhook": "yes"}
    played = play(
        VENDOR.set_webhook(URL, ["incomingWebhook", "stateWebhook"]),
        [reply({**OFF, "webhookUrl": ""}), reply({"saveSettings": True}), reply(late)],
    )
    assert played.requests[1].json == {"webhookUrl": URL, "incomingWebhook": "yes", "stateWebhook": "yes"}
    assert (played.result.url, played.result.events) == (URL, ("incomingWebhook",))
    assert "within 5 minutes; it does not report these yet: stateWebhook" in str(played.result.warning)


def test_a_webhook_that_is_set_already_restarts_nothing() -> None:
    played = play(VENDOR.set_webhook(URL, ["stateWebhook"]), [reply({**OFF, "webhookUrl": URL, "stateWebhook": "yes"})])
    assert (played.result.events, played.result.warning) == (("stateWebhook",), None)


def test_the_token_of_a_webhook_is_not_kept() -> None:
    found = play(VENDOR.webhook(), [reply({**OFF, "webhookUrl": URL, "webhookUrlToken": "SECRET"})]).result
    assert "SECRET" not in str(found.raw)
    assert URL not in repr(found)


@pytest.mark.parametrize("body", [{}, [], {"saveSettings": False}, {"saveSettings": None}], ids=str)
def test_settings_must_be_confirmed(body: Any) -> None:
    assert type(play(VENDOR.set_settings({"stateWebhook": "yes"}), [reply(body)]).error) is UnexpectedReply


def test_a_reply_without_settings_is_unexpected() -> None:
    assert type(play(VENDOR.webhook(), [reply({"saveSettings": True})]).error) is UnexpectedReply
