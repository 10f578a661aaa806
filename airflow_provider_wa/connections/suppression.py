# SPDX-License-Identifier: Apache-2.0
"""Suppressions: people who get no messages, because an author has listed them or they have opted out."""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.number_text import given_text
from airflow_provider_wa.api.numbers import NumberRules, region
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.config import read_config
from airflow_provider_wa.connections.input_list import InputList
from airflow_provider_wa.connections.lookup import get_connected
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.store.suppressions import OptOutWords

Numbers = Iterable[str | int | Mapping[str, Any]] | str | int | os.PathLike[str]

ON_INVALID = ("fail", "skip")
"""Choices for rows that are not a recipient."""

ROWS_NAMED = 20
"""Maximum number of invalid rows that a message names."""

log = logging.getLogger(__name__)

_FILE = re.compile(r"(?:[a-z][a-z0-9+]*://.*|[^@\n]*)\.[A-Za-z][A-Za-z0-9]*")
"""A text that names a file, not a recipient: it ends with a suffix, and has no @ but in a URI."""


def suppress(
    numbers: Numbers | None = None,
    reason: str = "",
    *,
    input_path: str | None = None,
    sql: str | None = None,
    sql_conn_id: str | None = None,
    column: str = "phone",
    delimiter: str | None = None,
    encoding: str | None = None,
    on_invalid: str = "fail",
    wa_conn_id: str | None = None,
    default_region: str | None = None,
    international_without_plus: bool | None = None,
) -> int:
    """Suppress these recipients, on all connections; return the number of those not suppressed before.

    The others keep their first reason. A number of Mexico, Argentina or Brazil stands for both its forms.

    :param numbers: phone numbers in any common spelling, or JIDs: one, many, or rows with one under ``column``; or the
        path of a file.
    :param input_path: instead, a file, and ``sql`` with ``sql_conn_id`` a query, as the bulk operators take them, with
        ``column``, ``delimiter`` and ``encoding``.
    :param on_invalid: ``fail``: if a row is not a recipient, nobody is suppressed. ``skip``: the others are suppressed,
        and the invalid rows are logged.
    :param wa_conn_id: a connection whose default region is the country of numbers without + and country code.
    :param default_region: that country itself, for example ``"PE"``.
    :param international_without_plus: as for the bulk operators.
    :raises BadInput: a row is not a recipient (the message names the first 20 of them), or an argument is wrong.
    """
    if on_invalid not in ON_INVALID:
        raise BadInput(f"on_invalid: unknown value {on_invalid!r}; expected one of {', '.join(ON_INVALID)}")
    if input_path is None and _is_file(numbers):
        numbers, input_path = None, str(numbers)
    listed = InputList(
        items=numbers,
        input_path=input_path,
        sql=sql,
        sql_conn_id=sql_conn_id,
        delimiter=delimiter,
        encoding=encoding,
    )
    rules = NumberRules(_region(wa_conn_id, default_region), international_without_plus)
    wrong: list[str] = []
    found = dict.fromkeys(_recipients(listed.values(column), rules, wrong), reason)
    if wrong:
        _refuse_or_log(wrong, fail=on_invalid == "fail")
    return get_store().suppressions.put(found)


def unsuppress(
    numbers: Iterable[str | int] | str | int, *, default_region: str | None = None, wa_conn_id: str | None = None
) -> int:
    """Unsuppress these recipients, so that they get messages again; return the number of those suppressed before.

    A text that ``suppressed()`` returns is always accepted; any other text must be a phone number or a JID.

    :raises BadInput: one of the other texts is neither a phone number nor a JID; then nobody is unsuppressed.
    """
    store = get_store().suppressions
    texts = [given_text(each).strip() for each in ([numbers] if isinstance(numbers, (str, int)) else numbers)]
    rules, as_stored = NumberRules(_region(wa_conn_id, default_region)), store.among(texts)
    return store.remove([text if text in as_stored else rules.recipient(text) for text in texts])


def suppressed() -> list[dict[str, Any]]:
    """Return all suppressed recipients as ``{"recipient", "reason", "since"}``: digits or a JID, ISO 8601 in UTC."""
    return [
        {"recipient": found.recipient, "reason": found.reason, "since": found.since.isoformat(timespec="seconds")}
        for found in get_store().suppressions.all()
    ]


def refuse_suppressed(recipient: str) -> None:
    """Raise ``BadInput`` if a recipient (digits or a JID) is suppressed."""
    if get_store().suppressions.among([recipient]):
        raise BadInput(f"to: {recipient} is suppressed; call unsuppress() first to send them messages again")


def heed_opt_outs(messages: Sequence[InboxMessage]) -> int:
    """Suppress people who sent one of ``[wa] opt_out_words``; return the number of those not suppressed before."""
    said = ((message.sender, text) for message in messages for text in (message.text, message.selected_id))
    reasons = OptOutWords(read_config().opt_out_words).written(said)
    # Without opt-outs no store is needed: an installation that only pulls its inbox may have none.
    return get_store().suppressions.put(reasons) if reasons else 0


def _is_file(numbers: Any) -> bool:
    return isinstance(numbers, os.PathLike) or (isinstance(numbers, str) and _FILE.fullmatch(numbers) is not None)


def _region(wa_conn_id: str | None, default_region: str | None) -> str | None:
    known = region(default_region)
    return get_connected(wa_conn_id).settings.default_region if wa_conn_id and not known else known


def _recipients(values: Iterable[Any], rules: NumberRules, wrong: list[str]) -> Iterator[str]:
    """Yield the valid recipients; for each other row, add the reason to a list."""
    assumed: Counter[str] = Counter()
    for place, value in enumerate(values, 1):
        try:
            recipient = rules.recipient(value)
        except BadInput as error:
            wrong.append(f"row {place:,}: {error}")
            continue
        assumed.update(filter(None, [rules.remark(value)]))
        yield recipient
    if assumed:
        listed = ", ".join(f"{count:,} {remark}" for remark, count in assumed.most_common(ROWS_NAMED))
        log.warning("Numbers that have neither + nor a country, suppressed all the same: %s", listed)


def _refuse_or_log(wrong: Sequence[str], *, fail: bool) -> None:
    more = f" | and {len(wrong) - ROWS_NAMED:,} more" if len(wrong) > ROWS_NAMED else ""
    named = f"{' | '.join(wrong[:ROWS_NAMED])}{more}"
    if fail:
        raise BadInput(
            f"numbers: {len(wrong):,} rows are invalid, and nobody was suppressed; correct them, or call it with "
            f"on_invalid='skip'. {named}"
        )
    log.warning("%s rows are invalid and were skipped: %s", f"{len(wrong):,}", named)
