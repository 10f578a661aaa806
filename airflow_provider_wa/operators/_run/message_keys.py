# SPDX-License-Identifier: Apache-2.0
"""The names under which the store knows a task's run and each of its messages, the same over all tries."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from airflow.providers.common.compat.sdk import Context

from airflow_provider_wa.api import numbers
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.send_results import Identity, KeyOf
from airflow_provider_wa.store.batches import BatchInfo, BatchKind


def batch_name(context: Context, conn_id: str, *more: Any) -> str:
    """Return the name of a task's rows in the store: the same for all tries of a run on one connection.

    :param more: further values that make another batch.
    """
    run: Any = context
    ti = run.get("ti")
    if ti is None:
        return uuid.uuid4().hex  # outside of a DAG run there is no second try
    known = [ti.dag_id, ti.run_id, ti.task_id, ti.map_index, conn_id, *more]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]


def batch_info(context: Context, name: str, kind: BatchKind, conn_id: str) -> BatchInfo:
    """Return the record of a batch, with the task's run that it belongs to."""
    run: Any = context
    ti = run.get("ti")
    if ti is None:
        return BatchInfo(name=name, kind=kind, conn_id=conn_id)
    return BatchInfo(
        name=name,
        kind=kind,
        conn_id=conn_id,
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        task_id=ti.task_id,
        map_index=ti.map_index,
    )


class MessageKeys:
    """The keys of a run's messages.

    ``batch`` is the name of the run's rows in the store. A person gets one message of a run, with any text: if a
    retry reads another text, it is still the same message.

    :param resend: a task that is cleared by hand gets other keys; its automatic retries do not.
    :param retries: the task's number of retries.
    :param part: the list is a part of a longer one; a message has the same key in every part.
    :param duplicates: a person gets each different message of the run.
    """

    def __init__(
        self,
        context: Context,
        conn_id: str,
        *,
        resend: bool = False,
        retries: int = 0,
        part: bool = False,
        duplicates: bool = False,
    ) -> None:
        run: Any = context
        ti = run.get("ti")
        # Airflow raises max_tries by the retries at each Clear, and at nothing else.
        generation = [max(ti.max_tries - retries, 0)] if resend and ti is not None else []
        self.batch = batch_name(context, conn_id, *generation)
        run_id = [ti.dag_id, ti.task_id, ti.run_id, None if part else ti.map_index] if ti is not None else [self.batch]
        # All keys of a run begin alike: most of the work is done once.
        self._begin = key_begin([*run_id, *generation])
        self._duplicates = duplicates

    def identity(self, given: str | None = None) -> Identity:
        """Return the property by which two rows are the same message.

        :param given: the author's own key.
        """
        if given is not None:
            return Identity.KEY
        return Identity.MESSAGE if self._duplicates else Identity.RECIPIENT

    def lasting(self, recipient: str, given: str | None = None) -> str:
        """Return the key of a message if the key does not depend on the text; else the empty text.

        :raises BadInput: as for ``key``.
        """
        return "" if self.identity(given) is Identity.MESSAGE else self.key(recipient, None, given)

    def key(self, recipient: str, message: Any, given: str | None = None) -> str:
        """Return a message's key: the same over all tries of a run, or over all runs if the author gives one.

        It is the same for both forms that a recipient's number may have.

        :param message: the message as the author wrote it, rendered.
        :param given: the author's own key.
        :raises BadInput: the author's key is empty.
        """
        if given is not None and not given.strip():
            raise BadInput("idempotency_key: it is empty; expected a text of its own for each message")
        known = ["key", given] if given else [numbers.person(recipient), *([message] if self._duplicates else [])]
        text = _json(known)
        return hashlib.sha256((text if given else f"{self._begin}, {text[1:]}").encode()).hexdigest()

    def by_name(self, message: Any, given: str | None = None) -> KeyOf | None:
        """Return a function from a recipient's name to the message's key; None for the author's own key."""
        return None if given else lambda name: self.key(name, message)


def key_begin(run: list[Any]) -> str:
    """Return the text with which the JSON of all keys of a run begins."""
    return _json(run)[:-1]


def _digest(value: Any) -> str:
    """Return a text for a value that is not JSON, a message's file for instance."""
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)


# Made once: ``json.dumps`` would make an encoder for each key.
_json = json.JSONEncoder(sort_keys=True, default=_digest).encode
