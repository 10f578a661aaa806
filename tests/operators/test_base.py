# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.operators.base import one_of


@pytest.mark.parametrize("value", ["wait", "skip"])
def test_one_of_a_few_words_is_taken(value: str) -> None:
    assert one_of("on_hold", value, ("wait", "skip")) == value


@pytest.mark.parametrize("value", ["", "Wait", "wait, skip"])
def test_another_word_is_refused_with_those_that_there_are(value: str) -> None:
    with pytest.raises(BadInput, match=f"on_hold: '{value}' is none of wait, skip"):
        one_of("on_hold", value, ("wait", "skip"))
