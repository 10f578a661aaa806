# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest
from helpers.connections import SECRETS, Answers, Connect, assert_no_secret

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.records import CheckStatus
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.checkwa import CheckWaHook

RECEIVER = {"callback_base_url": "https://airflow.test/", "webhook_secret": SECRETS["webhook_secret"]}


def test_queued_check_asks_for_a_callback_to_the_receivers_path_of_this_connection(
    connect: Connect, answers: Answers
) -> None:
    requests = answers({"code": 1, "queue": 3})
    hook = WaHook.for_connection(connect("checkwa", conn_id="checks", **RECEIVER))

    (result,) = hook.check("+34666666666")

    assert result.status is CheckStatus.PENDING
    (request,) = requests
    assert str(request.url) == "https://w2.checkwa.com/check/"
    body = json.loads(request.content)
    assert body["callback"] == f"https://airflow.test/wa/hooks/checks/{SECRETS['webhook_secret']}"
    assert (body["user"], body["apikey"]) == ("ana", SECRETS["password"])
    assert_no_secret(result)


def test_server_that_answers_at_once_needs_no_receiver(connect: Connect, answers: Answers) -> None:
    requests = answers({"code": 0})

    (result,) = WaHook.for_connection(connect("checkwa", mode=" SYNC ")).check("+34666666666")

    assert result.status is CheckStatus.ABSENT
    assert "callback" not in json.loads(requests[0].content)


def test_queued_check_without_a_receiver_is_refused_before_credit_is_spent(connect: Connect, answers: Answers) -> None:
    requests = answers({"code": 1})

    with pytest.raises(BadInput, match="mode: queue needs the connection's callback_base_url"):
        WaHook.for_connection(connect("checkwa")).check("+34666666666")
    assert requests == []


def test_receivers_address_without_its_secret_is_refused(connect: Connect) -> None:
    with pytest.raises(BadInput, match="connection 'my_wa': callback_base_url: needs webhook_secret"):
        WaHook.for_connection(connect("checkwa", callback_base_url="https://airflow.test"))


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, {"number": "34666666666"}),
        ({"server": 462}, {"number": "34666666666", "server": "462"}),
        ({"hide_image": True}, {"number": "34666666666", "hide_image": "1"}),
        ({"split_number": True}, {"num": "666666666", "cod": "34"}),
    ],
    ids=str,
)
def test_a_check_takes_the_requests_other_fields(
    connect: Connect, answers: Answers, options: dict[str, Any], sent: dict[str, str]
) -> None:
    requests = answers({"code": 1})
    hook = WaHook.for_connection(connect("checkwa", mode="sync"))
    assert isinstance(hook, CheckWaHook)

    hook.check("+34666666666", **options)
    hook.check("+34666666666")

    with_options, without = (json.loads(request.content) for request in requests)
    assert with_options == {"user": "ana", "apikey": SECRETS["password"], **sent}
    assert without == {"user": "ana", "apikey": SECRETS["password"], "number": "34666666666"}


def test_a_callback_is_read_without_a_connection() -> None:
    found = CheckWaHook.parse_callback(b'{"code": "2", "num": "34666666667", "token": "t"}')
    assert (found.status, found.reference) == (CheckStatus.ABSENT, "t")
