# SPDX-License-Identifier: Apache-2.0
"""Kinds of incoming messages, and a table of their standing: message, signal or change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum

from airflow_provider_wa.api.errors import BadInput


class Standing(str, Enum):
    """Standing of a kind of incoming message.

    A ``message`` has content of its own, so that it may be the reply that a sensor waits for. A ``signal`` is in the
    inbox as well. A ``change`` is about another message, or has no readable content; it is not in the inbox.
    """

    MESSAGE = "message"
    SIGNAL = "signal"
    CHANGE = "change"


UNKNOWN = "unknown"
"""Kind of a message with unknown content. If it has a text, it becomes a ``text``; if it has a file, a ``document``."""

KINDS: Mapping[str, Standing] = {
    **dict.fromkeys(
        (
            *("text", "image", "video", "audio", "document", "sticker", "location", "contact"),
            *("button", "list", "poll", "vote", "order", "product", "invitation", "template", "event", "payment"),
        ),
        Standing.MESSAGE,
    ),
    **dict.fromkeys(("reaction", "unreadable"), Standing.SIGNAL),
    **dict.fromkeys(
        (
            *("edit", "deletion", "reaction_removed", "vote_removed", "pin", "keep", "encrypted", "placeholder"),
            *("keys", "album", "status", "channel", "call", "control", UNKNOWN),
        ),
        Standing.CHANGE,
    ),
}
"""Standing of each kind of ``InboxMessage`` (docs/receiver.md, "Kinds of messages")."""

MESSAGES = (Standing.MESSAGE.value,)
"""Default of the argument ``kinds``: all kinds that are messages, also those that are not in the table."""


def standing(kind: str, said: object) -> Standing:
    """Return the standing of a kind. One that is not in the table is a message if it has content, else a change.

    :param said: the message's text or file.
    """
    return KINDS.get(kind, Standing.MESSAGE if said else Standing.CHANGE)


def is_wanted(kind: str, its_standing: Standing, kinds: Collection[str]) -> bool:
    """Return whether an argument ``kinds`` takes a message of this kind."""
    return kind in kinds or (its_standing is Standing.MESSAGE and Standing.MESSAGE.value in kinds)


def as_kinds(value: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the kinds that an argument ``kinds`` names: a list, or a text with commas; all messages if it is empty.

    :raises BadInput: one of them is not in the table.
    """
    words = value.split(",") if isinstance(value, str) else list(value or ())
    given = tuple(dict.fromkeys(word for each in words if (word := str(each).strip())))
    if unknown := [kind for kind in given if kind not in KINDS and kind not in MESSAGES]:
        raise BadInput(
            f"kinds: unknown {', '.join(map(repr, unknown))}; expected message for all messages, or some of "
            f"{', '.join(KINDS)}"
        )
    return given or MESSAGES


def beyond_messages(kinds: Collection[str]) -> bool:
    """Return whether an argument ``kinds`` takes changes of messages as well, which are not in the inbox."""
    return any(KINDS.get(kind) is Standing.CHANGE for kind in kinds)
