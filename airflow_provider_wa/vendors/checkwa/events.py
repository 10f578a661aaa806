# SPDX-License-Identifier: Apache-2.0
"""CheckWA's callbacks, the results of queued checks (vendor-docs/checkwa; field-notes, CheckWA)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_provider_wa.api import jids
from airflow_provider_wa.api.errors import UnexpectedReply
from airflow_provider_wa.api.json_fields import base64_bytes, pick, text, truth
from airflow_provider_wa.api.media_types import sniff
from airflow_provider_wa.api.records import CheckResult, CheckStatus, MediaFile
from airflow_provider_wa.api.webhooks import Event, Post, event, posted_object
from airflow_provider_wa.vendors.checkwa.tables import CALLBACK_STATUSES, NAME, PICTURES


@dataclass(frozen=True, kw_only=True)
class CheckCallback(CheckResult):
    """The result of a queued check, from its callback; ``reference`` is the check's own.

    With ``has_picture`` and no ``picture`` a second callback with the picture follows, or came before. ``picture`` is
    the bytes of the account's picture.
    """

    has_picture: bool | None = None
    picture: bytes | None = field(default=None, repr=False)


def events(post: Post) -> list[Event]:
    """Return the event of a callback, with the picture as its file if there is one (see ``parse_callback``).

    The document has JSON; a form with the same names is read as well.

    :raises UnexpectedReply: the callback has neither a number nor a reference.
    """
    callback = parse_callback(post.fields or post.data)
    file = None
    if callback.picture:
        found = sniff(callback.picture)
        media_type = found if found in PICTURES else "application/octet-stream"
        file = MediaFile(vendor=NAME, content=callback.picture, media_type=media_type)
    return [event(replace(callback, picture=None), file=file, raw=callback.raw)]


def parse_callback(payload: Any) -> CheckCallback:
    """Return the result in a callback: its JSON as text or bytes, or the decoded object (vendor-docs/checkwa).

    A check has one callback, or two if the account has a picture that can be seen. They may come in any order, twice
    or never, and only the reference proves who sent them (field-notes, CheckWA).

    :raises UnexpectedReply: the callback is not an object, or has neither a number nor a reference.
    """
    data = posted_object(NAME, payload)
    given = text(pick(data, "num", "number")).removeprefix("+")
    number = given if re.fullmatch(r"[0-9]{5,20}", given) else ""
    reference = text(pick(data, "token"))
    if not number and not reference:
        raise UnexpectedReply("a callback with neither a number nor a token", vendor=NAME)
    code, encoded = text(pick(data, "code")), text(pick(data, "picture"))
    status = CALLBACK_STATUSES.get(code, CheckStatus.UNKNOWN)
    picture = base64_bytes(encoded) or None
    details = []
    if status is CheckStatus.UNKNOWN:
        details.append(f"the callback has code {code or 'none'}, which is not documented")
    if encoded and picture is None:
        details.append("its picture cannot be decoded")
    return CheckCallback(
        vendor=NAME,
        number=number,
        status=status,
        jid=jids.of_person(number) if number and status is CheckStatus.EXISTS else None,
        detail="; ".join(details),
        reference=reference or None,
        has_picture=truth(pick(data, "has_picture")),
        picture=picture,
        raw=_without_picture(data),
    )


def _without_picture(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the callback without the bytes of the picture, which are in a field of their own."""
    return {name: value for name, value in data.items() if str(name).casefold() != "picture"}
