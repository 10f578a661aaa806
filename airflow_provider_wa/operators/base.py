# SPDX-License-Identifier: Apache-2.0
"""What the operators share: the connection, the output, and which errors Airflow retries."""

from __future__ import annotations

import hashlib
import json
import uuid
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator, Context, ObjectStoragePath

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.arguments import RendersOwnTemplates
from airflow_provider_wa.connections.retry import airflow_errors

if TYPE_CHECKING:
    from airflow_provider_wa.bulk.files import Write
    from airflow_provider_wa.hooks.base import WaHook

XCOM_RESULTS = 1000
"""How many results go into an XCom; more need a file."""


class WaOperator(RendersOwnTemplates, BaseOperator):
    """Base of the operators.

    :param wa_conn_id: the connection (templated); its type picks the vendor.
    """

    template_fields: Sequence[str] = ("wa_conn_id",)
    ui_color = "#dcf8c6"

    def __init__(self, *, wa_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wa_conn_id = wa_conn_id

    def execute(self, context: Context) -> Any:
        """Do the work; errors that must not be retried fail the task at once."""
        with airflow_errors():
            return self.work(context)

    @abstractmethod
    def work(self, context: Context) -> Any:
        """The operator's work. Whatever ``WaError`` it raises is sorted by ``execute``."""

    @cached_property
    def hook(self) -> WaHook:
        """The hook for the connection, by its type."""
        # DAG files load the operators each time that they are parsed: what only their work needs is loaded in it.
        from airflow_provider_wa.hooks.base import WaHook

        return WaHook.for_connection(self.wa_conn_id)

    @contextmanager
    def collected(
        self, output_path: str | None, columns: Sequence[str]
    ) -> Iterator[tuple[Write, list[dict[str, Any]]]]:
        """Where rows go: to the file, if there is one, else into the list beside it, for the XCom.

        :raises BadInput: the path cannot be written to; more rows than an XCom is to hold.
        """
        results: list[dict[str, Any]] = []
        if output_path:
            from airflow_provider_wa.bulk.files import row_writer

            with row_writer(ObjectStoragePath(output_path), columns) as write:
                yield write, results
            return

        def keep(row: Any) -> None:
            results.append(dict(row))

        yield keep, results


def batch_name(context: Context, conn_id: str, *more: Any) -> str:
    """The name under which a task's rows are in the store: the same for all tries of one run of it on a connection.

    :param more: what else tells one run from another.
    """
    run: Any = context
    ti = run.get("ti")
    if ti is None:
        return uuid.uuid4().hex  # outside of a DAG run there is no second try
    known = [ti.dag_id, ti.run_id, ti.task_id, ti.map_index, conn_id, *more]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]


def as_list(value: Iterable[Any]) -> list[Any]:
    """The items of a list, or of the XComs of a mapped task, which a slice fetches in one call instead of one each."""
    return list(value[:] if isinstance(value, Sequence) else value)


def refuse_over_limit(count: int, what: str) -> None:
    """Raise ``BadInput`` if so many results are too many for an XCom."""
    if count > XCOM_RESULTS:
        raise BadInput(
            f"more than {XCOM_RESULTS:,} {what} are too many for an XCom: give an output_path for the results"
        )


def sent_messages(given: Any) -> dict[str, str | None]:
    """Messages that were accepted, each id with whom it went to where that is known.

    :param given: an id or what ``WaSendMessageOperator`` returned, one or many; or what ``WaBulkSendOperator`` did.
    :raises BadInput: it is nothing of the kind.
    """
    if isinstance(given, Mapping) and "batch" in given:
        return dict(map(message_and_recipient, _accepted(given)))
    if isinstance(given, (str, Mapping)):
        return dict([message_and_recipient(given)])
    if not isinstance(given, Iterable):
        raise BadInput(f"message_id: expected an id or a list of ids, got {given!r}")
    return dict(map(message_and_recipient, as_list(given)))


def is_one_message(given: Any) -> bool:
    """Whether that is a single message, so that one answer is wanted and no list."""
    return isinstance(given, str) or (isinstance(given, Mapping) and "batch" not in given)


def _accepted(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The accepted messages of a bulk send: those in its summary, or in the store if they went to a file."""
    rows = summary.get("results")
    if rows is None:
        from airflow_provider_wa.bulk.send_results import as_result
        from airflow_provider_wa.connections.store import get_store

        rows = map(as_result, get_store().sends.rows(summary["batch"]))
    return [row for row in rows if row["status"] == "accepted"]


def message_and_recipient(item: Any) -> tuple[str, str | None]:
    """A message's id, and whom it went to if what is given tells: an id, or what ``WaSendMessageOperator`` returned.

    :raises BadInput: it is no id.
    """
    known = item if isinstance(item, Mapping) else {"message_id": item}
    message_id, to = known.get("message_id"), known.get("to")
    if not isinstance(message_id, str) or not message_id.strip():
        raise BadInput(f"message_id: {item!r} is no message id")
    return message_id.strip(), str(to) if to else None


def one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """An argument that takes one of a few words.

    :raises BadInput: it is none of them.
    """
    if value not in choices:
        raise BadInput(f"{name}: {value!r} is none of {', '.join(choices)}")
    return value
