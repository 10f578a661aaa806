# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from helpers.connections import Answers, Connect

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.forms import FORMS
from airflow_provider_wa.hooks.settings import Settings


@pytest.mark.parametrize(
    ("host", "base"),
    [("", "https://api.green-api.com"), ("https://7103.api.greenapi.com/", "https://7103.api.greenapi.com")],
)
def test_calls_go_to_the_instances_own_server_or_the_common_one(
    connect: Connect, answers: Answers, host: str, base: str
) -> None:
    requests = answers({"stateInstance": "authorized"})

    WaHook.for_connection(connect("green_api", host=host, password="token-1234")).session()

    assert [str(request.url) for request in requests] == [f"{base}/waInstance1101000001/getStateInstance/token-1234"]


def test_id_and_token_are_both_needed() -> None:
    for field in ("login", "password"):
        settings = Settings(form=FORMS["green_api"], conn_id="ga", **{"login": "1", "password": "t", field: " "})
        with pytest.raises(BadInput, match=rf"connection 'ga': .* \({field}\) is missing"):
            settings.required(field)
