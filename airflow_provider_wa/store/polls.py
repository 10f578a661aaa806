# SPDX-License-Identifier: Apache-2.0
"""Votes that arrive as hashes get their words, from the stored text of the poll."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select

from airflow_provider_wa.store.sql import PARAMETERS
from airflow_provider_wa.store.tables import sends


def name_votes(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Add the words of votes to the content of event rows, if the store has the text of their poll.

    A vote with a hash of no option of the poll stays unchanged: a part of the choice would mislead.
    """
    for (conn_id, poll_id), votes in _by_poll(rows).items():
        words = _words(connection, conn_id, poll_id)
        for row in votes:
            chosen = [words.get(each) for each in row["content"]["option_hashes"]]
            if None not in chosen:
                row["content"] = {**row["content"], "options": chosen, "text": ", ".join(map(str, chosen))}


def _by_poll(rows: Iterable[dict[str, Any]]) -> Mapping[tuple[str, str], Sequence[dict[str, Any]]]:
    found: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        content = row["content"]
        if content.get("option_hashes") and not content.get("options") and content.get("target_id"):
            found[row["conn_id"], content["target_id"]].append(row)
    return found


def _words(connection: Connection, conn_id: str, poll_id: str) -> Mapping[str, str]:
    """Return the options of a sent poll, by their hash."""
    statement = select(sends.c.content).where(sends.c.conn_id == conn_id, sends.c.message_id == poll_id)
    kept = connection.execute(statement.limit(PARAMETERS)).scalars()
    options = (str(word) for content in kept if content for word in content.get("options") or ())
    return {sha256(word.encode()).hexdigest(): word for word in options}
