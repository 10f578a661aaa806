# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hashlib import sha256

import pytest

from airflow_provider_wa.api.kept_messages import kept
from airflow_provider_wa.api.messages import Message, Poll, Text
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.api.webhooks import Event, EventKind
from airflow_provider_wa.store.events import NewEvent
from airflow_provider_wa.store.send_changes import Settle
from airflow_provider_wa.store.send_intents import Intend
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import SendRow
from airflow_provider_wa.store.store import Store

ANA = "51987654321"
POLL = Poll(question="When?", options=("Thursday", "Friday", "Sábado"))


def sent(store: Store, message_id: str, message: Message | None, conn_id: str = "my_wa") -> None:
    row = SendRow(key=message_id, row=1, given=ANA, recipient=ANA, state=SendState.INTENDED)
    content = kept(message) if message else None
    changes = [
        Intend(batch="b", conn_id=conn_id, row=row, content=content),
        Settle(key=message_id, state=SendState.ACCEPTED, message_id=message_id),
    ]
    store.sends.change(changes)


def voted(store: Store, *words: str, poll: str = "POLL1") -> tuple[str, list[str]]:
    """The text and the options of a vote that came as hashes, as the store has it."""
    hashes = tuple(sha256(word.encode()).hexdigest() for word in words)
    record = InboxMessage(message_id="V1", sender=ANA, kind="vote", target_id=poll, option_hashes=hashes)
    event = Event(kind=EventKind.INBOX, record=record, vendor_kind="Message")
    store.events.add([NewEvent(conn_id="my_wa", vendor="wuzapi", event=event)])
    (found,) = store.events.after(0, 10)
    assert found.content["option_hashes"] == list(hashes)
    return found.content["text"], found.content["options"]


@pytest.mark.parametrize("words", [("Friday",), ("Thursday", "Sábado")])
def test_a_vote_gets_its_words_from_the_poll_that_was_sent(store: Store, words: tuple[str, ...]) -> None:
    sent(store, "POLL1", POLL)
    assert voted(store, *words) == (", ".join(words), [*words])


@pytest.mark.parametrize(
    ("message", "conn_id"),
    [(None, "my_wa"), (Text("Friday"), "my_wa"), (POLL, "another")],
    ids=["its text is not kept", "no poll", "of another account"],
)
def test_without_the_poll_a_vote_keeps_its_hashes_and_says_nothing_wrong(
    store: Store, message: Message | None, conn_id: str
) -> None:
    sent(store, "POLL1", message, conn_id)
    assert voted(store, "Friday") == ("", [])


def test_half_of_a_choice_is_not_shown_as_the_whole(store: Store) -> None:
    sent(store, "POLL1", POLL)
    assert voted(store, "Friday", "Sunday") == ("", [])


def test_a_vote_for_an_opt_out_word_is_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('store')}/store.db", opt_out_words=["stop"])
    sent(store, "POLL1", Poll(question="Shall we go on?", options=("Yes", "Stop")))
    voted(store, "Stop")
    assert store.suppressions.among([ANA]) == {ANA}
