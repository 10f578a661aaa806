# SPDX-License-Identifier: Apache-2.0
"""The message of each row of a list, made of the author's templates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_wa.api import jids, numbers
from airflow_provider_wa.api.errors import BadInput, UnsupportedByVendor, WaError
from airflow_provider_wa.api.number_text import given_text
from airflow_provider_wa.bulk.send_results import Addressed, Unaddressed
from airflow_provider_wa.operators._run.list_numbers import ListNumbers
from airflow_provider_wa.operators._run.row_template import RowTemplate
from airflow_provider_wa.operators._run.send_once import SendOnce
from airflow_provider_wa.operators._run.status_filter import StatusFilter
from airflow_provider_wa.store.send_states import SendState

MESSAGES_PROVED = 1000
"""Maximum number of different messages to try before a list is refused because none of them can be sent."""


@dataclass(frozen=True)
class RowMessages:
    """Makes the messages of a list.

    :param numbers: reader of the list's recipients.
    :param message: template of the message; ``key`` is the template of the author's own key.
    :param unbounded: templates of the message's files, which must not use the row; None if ``files_under`` limits them.
    :param only: filter of the rows.
    """

    sender: SendOnce
    numbers: ListNumbers
    message: RowTemplate
    key: RowTemplate
    unbounded: RowTemplate | None = None
    only: StatusFilter = field(default_factory=StatusFilter)

    def address(self, place: int, row: Mapping[str, Any]) -> Addressed | Unaddressed:
        """Return the message of a row, or the reason why the row makes none."""
        given, to, name, lasting = given_text(row.get(self.numbers.column)), "", None, ""
        left_out = reason = self.only.reason(row)
        try:
            to = form_on_whatsapp(self.numbers.read(row), row)
            known = recipient_names(to)
            name = self.key.render(row, known)
            lasting = self.sender.keys.lasting(to, name)
            if not left_out:
                return self.sender.address(place, given, to, self.message.render(row, known), name, None, lasting)
        except (BadInput, UnsupportedByVendor) as error:
            reason = left_out or str(error)
        state = SendState.SKIPPED if left_out else SendState.FAILED
        keys = self.sender.keys
        return Unaddressed(
            place,
            given,
            reason,
            to,
            state,
            key=lasting,
            identity=keys.identity(name),
            name=name or "",
            key_of=keys.by_name(None, name) if lasting else None,
        )

    def prove(self, rows: Iterable[Mapping[str, Any]], columns: Collection[str], repeated: Collection[str]) -> None:
        """Find all mistakes in the templates that can be found before anything is sent.

        The first row that makes a message proves them: rows before it may lack what others have.

        :param columns: names that some row may have; ``repeated`` are those of several columns each.
        :raises BadInput: a name is not known or not clear, or there is no row whose message can be sent.
        :raises UnsupportedByVendor: the vendor does not send this kind of message.
        """
        for template in (self.message, self.key):
            template.prove(columns, repeated)
        self._prove_files(columns, repeated)
        failure: WaError | None = None
        tried = 0
        last: Any = self
        for row in rows:
            if self.only.reason(row):
                continue
            try:
                spec = self._rendered(row)
                if spec == last:
                    continue
                last, tried = spec, tried + 1
                self.sender.prove(spec)
                return
            except (BadInput, UnsupportedByVendor) as error:
                failure = failure or error
            if tried == MESSAGES_PROVED:
                break
        if failure:
            raise failure

    def _prove_files(self, columns: Collection[str], repeated: Collection[str]) -> None:
        if self.unbounded is None:
            return
        self.unbounded.prove(columns, repeated)
        if self.unbounded.takes_from_row:
            raise BadInput(
                "files_under: the message's path or url takes values from the rows, which may then name any file; "
                "expected the folder of these files, such as s3://bucket/media/, or the beginning of their URLs "
                "(https:// for every public host)"
            )

    def _rendered(self, row: Mapping[str, Any]) -> Any:
        try:
            known = recipient_names(self.numbers.read(row))
        except BadInput:
            known = _SOMEBODY  # that row fails for its recipient, and says nothing of the message
        return self.message.render(row, known)


def form_on_whatsapp(to: str, row: Mapping[str, Any]) -> str:
    """Return the form of a number under which a check found it: that of the row's ``jid``, if it is the same number.

    WhatsApp knows some numbers of Mexico, Argentina and Brazil only in the form that the list does not have.
    """
    found = jids.digits(str(row.get("jid", "")))
    return found if found in numbers.forms(to) else to


def recipient_names(to: str) -> dict[str, str]:
    """Return a recipient as templates name it: ``to`` in E.164, or the JID of a group or a LID; and ``jid``.

    :param to: digits or a JID.
    """
    return {"to": to, "jid": to} if "@" in to else {"to": f"+{to}", "jid": jids.of_person(to)}


_SOMEBODY = recipient_names("12025550100")
