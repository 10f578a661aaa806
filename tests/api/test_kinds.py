# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.kinds import KINDS, MESSAGES, Standing, as_kinds, beyond_messages, is_wanted, standing


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (None, MESSAGES),
        ("", MESSAGES),
        ([], MESSAGES),
        ("edit", ("edit",)),
        (" message, reaction,", ("message", "reaction")),
        (["edit", "edit", "vote"], ("edit", "vote")),
    ],
    ids=str,
)
def test_kinds_are_a_list_or_a_text_with_commas(given: Any, kinds: tuple[str, ...]) -> None:
    assert as_kinds(given) == kinds


@pytest.mark.parametrize("given", ["edits", ["message", "Edit"], "all"])
def test_a_kind_that_is_not_in_the_table_is_refused(given: Any) -> None:
    with pytest.raises(BadInput, match=r"kinds: unknown '.*'; expected message for all messages, or some of text,"):
        as_kinds(given)


def test_message_stands_for_all_that_are_messages() -> None:
    taken = {kind for kind, its in KINDS.items() if is_wanted(kind, its, MESSAGES)}
    assert taken == {kind for kind, its in KINDS.items() if its is Standing.MESSAGE}
    assert is_wanted("hologram", standing("hologram", "words"), MESSAGES)
    assert not is_wanted("hologram", standing("hologram", ""), MESSAGES)
    assert is_wanted("edit", Standing.CHANGE, ("message", "edit"))
    assert not is_wanted("text", Standing.MESSAGE, ("edit",))


@pytest.mark.parametrize(("kinds", "beyond"), [(MESSAGES, False), (("message", "reaction"), False), (("edit",), True)])
def test_only_changes_are_outside_the_inbox(kinds: tuple[str, ...], beyond: bool) -> None:
    assert beyond_messages(kinds) is beyond
