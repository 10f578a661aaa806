# SPDX-License-Identifier: Apache-2.0
"""WuzAPI's groups: changes of them."""

from __future__ import annotations

import pytest
from contract.samples_wuzapi import VENDOR, envelope
from helpers.script import GARBAGE, HTML, play, reply

from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.flow import Effect
from airflow_provider_wa.api.messages import Media

GROUP = "120362023605733675@g.us"


def test_a_change_to_a_group_is_harmless_twice() -> None:
    for flow in (VENDOR.set_group_name(GROUP, "x"), VENDOR.set_group_photo(GROUP, Media(b"\xff\xd8\xff"))):
        played = play(flow, iter([reply(HTML, 502), envelope({"PictureID": "1"})]))
        assert played.error is None
        assert {request.effect for request in played.requests} == {Effect.READ}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_a_change_to_a_group_with_an_unclear_answer_is_an_error(body: str | bytes) -> None:
    for flow in (VENDOR.set_group_name(GROUP, "x"), VENDOR.set_group_photo(GROUP, Media(b"\xff\xd8\xff"))):
        assert type(play(flow, [reply(body)]).error) is UnexpectedReply
