# SPDX-License-Identifier: Apache-2.0
"""Identities: the phone number of each known LID, so that both stand for the same person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select, update

from airflow_provider_wa.api import jids, numbers
from airflow_provider_wa.api.records import Record
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.database import Database
from airflow_provider_wa.store.sql import PARAMETERS, clean, replacing, upsert
from airflow_provider_wa.store.tables import NAME, events
from airflow_provider_wa.store.tables import identities as table


class Identities:
    """The known pairs of LID and number. A LID is the same for all accounts, and so for all connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def learn(self, pairs: Mapping[str, str]) -> int:
        """Store phone numbers by LID, and return how many were new or changed. The newest number of a LID counts.

        Pairs that are not a LID without a device and the digits of a number are left out.
        """
        with self._database.writing() as connection:
            return learn(connection, pairs)

    def learn_from(self, records: Iterable[Record]) -> int:
        """Store the pairs in a vendor's records, as ``learn`` does. Most records have none."""
        pairs = {lid: digits for record in records for lid, digits in record.known_lids.items()}
        return self.learn(pairs) if pairs else 0

    def names(self, recipients: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return all names of each recipient, digits or a JID; see the function ``names``."""
        with self._database.reading() as connection:
            return names(connection, recipients)


def learn(connection: Connection, pairs: Mapping[str, str]) -> int:
    """Store phone numbers as ``Identities.learn`` does, in the caller's transaction.

    Stored events with such a LID as their party get its number.
    """
    valid = {lid: digits for lid, digits in pairs.items() if _is_pair(lid, digits)}
    known = numbers_of(connection, valid)
    new = {lid: digits for lid, digits in valid.items() if known.get(lid) != digits}
    if new:
        now = datetime.now(timezone.utc)
        rows = [{"lid": lid, "number": digits, "learnt_at": now} for lid, digits in new.items()]
        connection.execute(_LEARN[connection.dialect.name], rows)
        connection.execute(_RENAME, [{"the_lid": lid, "the_number": digits} for lid, digits in new.items()])
    return len(new)


def numbers_of(connection: Connection, lids: Iterable[str]) -> dict[str, str]:
    """Return the phone number of each LID that is known, as digits."""
    found: dict[str, str] = {}
    for part in _parts(sorted(set(lids))):
        found |= {row.lid: row.number for row in connection.execute(_BY_LID, {"names": part})}
    return found


def name_by_number(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Replace known LIDs by their numbers: in the party of event rows, and in their content."""
    under_lid = [row for row in rows if row["kind"] != EventKind.CHECK.value and jids.is_lid(row["party"] or "")]
    known = numbers_of(connection, (row["party"] for row in under_lid))
    for row in under_lid:
        lid = row["party"]
        if number := known.get(lid):
            row["party"], row["content"] = number, _renamed(row["content"], lid, number)


def with_number(content: Mapping[str, Any], party: str | None) -> Mapping[str, Any]:
    """Return an event's content with the number of its party instead of a LID.

    If the number is learnt after the event is stored, only the stored party is renamed.
    """
    if not party or "@" in party:
        return content
    lid = next((value for name in _NAMED if jids.is_lid(value := str(content.get(name) or ""))), None)
    return _renamed(content, lid, party) if lid else content


def _renamed(content: Mapping[str, Any], lid: str, number: str) -> dict[str, Any]:
    return {**content, **{name: number for name in _NAMED if content.get(name) == lid}}


def names(connection: Connection, recipients: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return all names of each recipient: its own first, then both forms of the number, and every LID of it."""
    own = {recipient: as_stored(recipient) for recipient in recipients}
    number_of = numbers_of(connection, filter(jids.is_lid, own.values()))
    forms = {name: numbers.forms(number_of.get(name, name)) for name in own.values()}
    lids = _lids_of(connection, {form for each in forms.values() for form in each if _is_number(form)})
    known_as = {
        name: [name, *both, *(lid for form in both for lid in lids.get(form, ()))] for name, both in forms.items()
    }
    return {recipient: tuple(dict.fromkeys(known_as[name])) for recipient, name in own.items()}


def as_stored(recipient: str) -> str:
    """Return the digits of a number with its + or of a person's JID, a LID without its device, all else as it is."""
    text = clean(recipient)
    if "@" not in text:
        return text.removeprefix("+")[:NAME]
    jid = jids.parse(text)
    if jid and jid.kind is jids.JidKind.LID:
        return jid.plain
    return ((jid.phone if jid else "") or text)[:NAME]


def _lids_of(connection: Connection, digits: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in _parts(sorted(digits)):
        for row in connection.execute(_BY_NUMBER, {"names": part}):
            found.setdefault(row.number, []).append(row.lid)
    return found


def _is_pair(lid: str, digits: str) -> bool:
    user, _, server = lid.partition("@")
    return server == "lid" and user.isdecimal() and jids.parse(lid) is not None and _is_number(digits)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and jids.digits(text) == text


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + PARAMETERS] for start in range(0, len(values), PARAMETERS))


_NAMED = ("sender", "participant", "to")
"""Fields of a record that name the other person of a chat."""

_ASKED: BindParameter[Any] = bindparam("names", expanding=True)
_BY_LID = select(table.c.lid, table.c.number).where(table.c.lid.in_(_ASKED))
_BY_NUMBER = select(table.c.lid, table.c.number).where(table.c.number.in_(_ASKED)).order_by(table.c.lid)
_LEARN = upsert(table, replacing(table))
_RENAME = (
    update(events)
    .where(events.c.party == bindparam("the_lid"), events.c.kind != EventKind.CHECK.value)
    .values(party=bindparam("the_number"))
)
