# SPDX-License-Identifier: Apache-2.0
"""Suppressions: recipients who must not be written to, and the words by which people opt out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.identities import names
from airflow_provider_wa.store.sql import PARAMETERS, clean, pages
from airflow_provider_wa.store.tables import suppressions as table


@dataclass(frozen=True)
class Suppression:
    """A recipient who must not be written to, as digits or a JID, with the reason and the moment of suppression."""

    recipient: str
    reason: str
    since: datetime


class Suppressions:
    """The suppression list. Recipients are digits or JIDs.

    Both forms of a number are the same recipient, and so is every LID of it that the store knows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, recipients: Iterable[str], reason: str = "") -> int:
        """Suppress recipients, all or none. Return the number of new ones; others keep their first reason."""
        return self.put(dict.fromkeys(recipients, reason))

    def put(self, reasons: Mapping[str, str]) -> int:
        """Suppress recipients as ``add`` does, each for a reason of its own."""
        if not reasons:
            return 0
        with self._database.writing() as connection:
            return suppress(connection, reasons)

    def remove(self, recipients: Iterable[str]) -> int:
        """End the suppression of recipients, all or none. Return the number of suppressions that ended."""
        asked = list(recipients)
        if not asked:
            return 0
        with self._database.writing() as connection:
            parts = _parts(list(_by_name(names(connection, asked))))
            return sum(connection.execute(_REMOVE, {"recipients": part}).rowcount for part in parts)

    def among(self, recipients: Iterable[str]) -> set[str]:
        """Return the suppressed recipients among these."""
        with self._database.reading() as connection:
            return _among(connection, names(connection, recipients))

    def among_named(self, known_as: Mapping[str, Sequence[str]]) -> set[str]:
        """Return the suppressed recipients, from the result of ``Identities.names``."""
        with self._database.reading() as connection:
            return _among(connection, known_as)

    def all(self) -> Iterator[Suppression]:
        """Yield all suppressions in the order of the recipients, read in parts."""
        return pages(self._database, select(table), [table.c.recipient], _suppression)


def suppress(connection: Connection, reasons: Mapping[str, str]) -> int:
    """Suppress recipients, each for a reason, in the caller's transaction. Return the number of new ones."""
    known_as = names(connection, reasons)
    known, since = _among(connection, known_as), datetime.now(timezone.utc)
    new: dict[str, str] = {}
    for recipient, reason in reasons.items():
        if recipient not in known and not any(name in new for name in known_as[recipient]):
            new[known_as[recipient][0]] = reason
    if new:
        rows = [{"recipient": recipient, "reason": clean(reason), "since": since} for recipient, reason in new.items()]
        connection.execute(insert(table), rows)
    return len(new)


class OptOutWords:
    """The words by which people opt out. Without words the object is false.

    A message opts out if one of the words is all of its text. Capitals, accents and other marks, invisible characters,
    and blanks and punctuation around the word do not matter.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(filter(None, (_folded(_bare(word)) for word in words)))

    def __bool__(self) -> bool:
        return bool(self._words)

    def written(self, messages: Iterable[tuple[str | None, str | None]]) -> dict[str, str]:
        """Return the senders of messages that opt out, each with the reason."""
        texts = ((sender, _bare(text)) for sender, text in messages if sender and text)
        return {sender: f'wrote "{said}"' for sender, said in texts if _folded(said) in self._words}


def _bare(text: str) -> str:
    """Return a text without blanks and punctuation around it, with single blanks within."""
    # Full-width letters, which some keyboards write, become the plain ones.
    plain = "".join(each for each in unicodedata.normalize("NFKC", text) if not _is_hidden(each))
    begin, end = 0, len(plain)
    while begin < end and _is_around(plain[begin]):
        begin += 1
    while begin < end and _is_around(plain[end - 1]):
        end -= 1
    return " ".join(plain[begin:end].split())


def _is_around(character: str) -> bool:
    """Return True for blanks, punctuation, symbols (emojis) and invisible characters."""
    return unicodedata.category(character)[0] in "PSZC"


def _is_hidden(character: str) -> bool:
    """Return True for characters that are invisible, only change how another one looks, or frame a digit."""
    return unicodedata.category(character) in ("Cf", "Me") or character in "\ufe0e\ufe0f\u0640"


def _folded(text: str) -> str:
    """Return a text without capitals, accents and vowel points, in which people spell a word differently."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    # Marks of class 0, 7 and 9 are letters of their own in the scripts of India.
    plain = "".join(each for each in apart if unicodedata.combining(each) in (0, 7, 9))
    return plain.translate(_UNMARKED)


def _among(connection: Connection, known_as: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the recipients that are suppressed under any of their names."""
    asked = _by_name(known_as)
    found: set[str] = set()
    for part in _parts(list(asked)):
        for name in connection.execute(_SOME, {"recipients": part}).scalars():
            found.update(asked[name])
    return found


def _by_name(known_as: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return, for each name that a recipient may be stored under, the recipients as given."""
    found: dict[str, list[str]] = {}
    for recipient, all_names in known_as.items():
        for name in all_names:
            found.setdefault(name, []).append(recipient)
    return found


def _parts(spellings: Sequence[str]) -> Iterator[Sequence[str]]:
    return (spellings[start : start + PARAMETERS] for start in range(0, len(spellings), PARAMETERS))


# Letters whose mark is a part of them.
_UNMARKED = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h"})

_SOME = select(table.c.recipient).where(table.c.recipient.in_(bindparam("recipients", expanding=True)))
_REMOVE = delete(table).where(table.c.recipient.in_(bindparam("recipients", expanding=True)))


def _suppression(row: Row[Any]) -> Suppression:
    return Suppression(row.recipient, row.reason, row.since)
