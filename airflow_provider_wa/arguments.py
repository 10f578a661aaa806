# SPDX-License-Identifier: Apache-2.0
"""Arguments of operators and sensors, and how they are read."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.json_fields import moment

XCOM_RESULTS = 1000
"""Maximum number of results in an XCom; more need a file."""


TRIGGERER_SECONDS = 60.0
"""Seconds that the triggerer has to end a wait by itself; after them Airflow's scheduler ends it."""


def execution_deadline(task: Any, context: Any) -> float | None:
    """Return the Unix time at which a task's ``execution_timeout`` is over; None without one.

    Airflow keeps to it in workers only, and by itself would let a task wait in the triggerer for ever. In Airflow 3.1
    the time begins again after each deferral.
    """
    if task.execution_timeout is None:
        return None
    began = getattr(context.get("ti"), "start_date", None)
    return (began.timestamp() if began else time.time()) + float(task.execution_timeout.total_seconds())


def time_left(ends: float | None, grace: float = 0.0) -> timedelta | None:
    """Return the time until a deadline, and ``grace`` seconds more, as ``defer()`` takes it."""
    return None if ends is None else timedelta(seconds=max(ends - time.time(), 0.0) + grace)


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """Return an argument that takes one of a few words.

    :raises BadInput: it is another word.
    """
    if value not in choices:
        *others, last = choices
        raise BadInput(f"{name}: unknown value {value!r}; expected {', '.join(others)} or {last}")
    return value


def names_of(argument: str, value: Any) -> list[str]:
    """Return the names that an argument gives: one or a list of them, or the text that a template makes of a list.

    :raises BadInput: it is something else.
    """
    if isinstance(value, str):
        value = _parsed_list(value) if value.lstrip().startswith("[") else [value]
    names = [] if value is None else value
    if not isinstance(names, Iterable) or isinstance(names, (bytes, Mapping)):
        names = [names]
    found = list(names)
    if wrong := [name for name in found if not isinstance(name, str)]:
        raise BadInput(f"{argument}: expected a name or a list of names, got {wrong[0]!r}")
    return list(dict.fromkeys(found))


def _parsed_list(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return [text]


def results_in(given: Any) -> tuple[Any, str | None]:
    """Return the results that a bulk operator's output has, or None and the path of the file that has them.

    Anything else is returned as it is.
    """
    if isinstance(given, Mapping) and {"results", "output", "total"} <= given.keys():
        results, path = given["results"], given["output"]
        return (None, path) if results is None and path else (results, None)
    return given, None


def as_list(value: Iterable[Any]) -> list[Any]:
    """Return the items of a list, or of the XComs of a mapped task, which a slice fetches in one call for all."""
    return list(value[:] if isinstance(value, Sequence) else value)


def as_moment(name: str, value: datetime | str | None) -> datetime | None:
    """Return the moment in an argument, a datetime or ISO 8601 text; None for an empty argument.

    :raises BadInput: it is something else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    # A date alone is its first moment.
    found = moment(value if "T" in str(value) or " " in str(value) else f"{value}T00:00:00")
    if found is None:
        raise BadInput(
            f"{name}: not a date or time: {value!r}; expected for example 2026-11-21 or 2026-11-21T08:00:00+05:30"
        )
    return found


def refuse_over_limit(count: int, what: str) -> None:
    """Raise ``BadInput`` if there are too many results for an XCom."""
    if count > XCOM_RESULTS:
        raise BadInput(
            f"output_path: more than {XCOM_RESULTS:,} {what} do not fit into an XCom; set a path for the results"
        )


def is_one_message(given: Any) -> bool:
    """Return True for a single message, whose task gives one answer and not a list."""
    return isinstance(given, str) or (isinstance(given, Mapping) and "batch" not in given)


def sent_messages(given: Any) -> dict[str, str | None]:
    """Return accepted messages: each id with its recipient, where that is known.

    :param given: an id or the output of ``WaSendMessageOperator``, one or many; or the output of
        ``WaBulkSendOperator``.
    :raises BadInput: it is something else.
    """
    if isinstance(given, Mapping) and "batch" in given:
        return _accepted(given)
    if isinstance(given, (str, Mapping)):
        return dict([message_and_recipient(given)])
    if not isinstance(given, Iterable):
        raise BadInput(f"message_id: expected an id or a list of ids, got {given!r}")
    return dict(map(message_and_recipient, as_list(given)))


def message_and_recipient(item: Any) -> tuple[str, str | None]:
    """Return a message's id, and its recipient if that is known.

    :param item: an id, or the output of ``WaSendMessageOperator``.
    :raises BadInput: it is something else.
    """
    known = item if isinstance(item, Mapping) else {"message_id": item}
    message_id, to = known.get("message_id"), known.get("to")
    if not isinstance(message_id, str) or not message_id.strip():
        raise BadInput(f"message_id: not a message id: {item!r}; expected a text")
    return message_id.strip(), str(to) if to else None


def _accepted(summary: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the accepted messages of a bulk send: those in its output, or in the store if they went to a file."""
    if (results := summary.get("results")) is not None:
        return dict(message_and_recipient(row) for row in results if row["status"] == "accepted")
    # DAG files import this module each time that they are parsed.
    from airflow_provider_wa.connections.store import get_store  # noqa: PLC0415 - loads sqlalchemy

    rows = get_store().sends.rows(summary["batch"])
    return dict(
        message_and_recipient({"message_id": row.message_id, "to": row.recipient})
        for row in rows
        if row.state.value == "accepted"
    )
