# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.log import mask_secret
from helpers.refusals import refusal

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.messages import (
    Button,
    Buttons,
    ContactCard,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    Poll,
    Text,
)
from airflow_provider_wa.connections.secrets import refuse_secrets

SECRET = "tok-7f3a9c-of-another-connection"
LEAK = f"look: {SECRET}"


@pytest.fixture(autouse=True)
def known_to_airflow() -> None:
    mask_secret(SECRET)


@pytest.mark.parametrize(
    "message",
    [
        Text(LEAK),
        Image(Media(url=f"https://example.com/a.png?key={SECRET}")),
        Image(Media(content=b"png", filename=SECRET)),
        Image(Media(url="https://example.com/a.png"), caption=LEAK),
        Location(1.0, 2.0, name=LEAK),
        ContactCard(LEAK, "+12025550110"),
        Buttons("text", (Button(LEAK),)),
        ListMessage("text", "open", (ListRow(LEAK),)),
        Poll("question", ("yes", LEAK)),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_with_a_secret_anywhere_is_refused_and_the_error_hides_it(message: Any) -> None:
    with pytest.raises(BadInput, match="contains a secret") as caught:
        refuse_secrets(message)
    assert SECRET not in str(caught.value)


def test_other_messages_pass() -> None:
    assert refusal(refuse_secrets, Text("look: tok-7f3a9c")) is None
    assert refusal(refuse_secrets, Image(Media(content=SECRET.encode()), caption="bytes are not searched")) is None
