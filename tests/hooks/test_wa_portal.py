# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from helpers.connections import SECRETS, Answers, Connect, assert_no_secret

from airflow_provider_wa.api.errors import Unauthorized
from airflow_provider_wa.hooks.base import WaHook


def test_token_travels_as_a_parameter_below_the_portals_address(connect: Connect, answers: Answers) -> None:
    requests = answers({"status": "success", "data": {"quota": 250}})

    assert WaHook.for_connection(connect("wa_portal", host="portal.test/wa")).balance().left == 250
    (request,) = requests
    assert str(request.url).startswith("https://portal.test/wa/api/checkBal?")
    assert dict(request.url.params) == {"token": SECRETS["password"]}


def test_token_that_is_refused_is_not_in_the_error_though_it_is_in_the_url(connect: Connect, answers: Answers) -> None:
    answers({"status": "error", "message": f"01 - Wrong token {SECRETS['password']}"}, 400)

    with pytest.raises(Unauthorized) as caught:
        WaHook.for_connection(connect("wa_portal")).balance()
    assert_no_secret(caught.value, caught.value.raw)
