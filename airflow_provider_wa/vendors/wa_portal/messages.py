# SPDX-License-Identifier: Apache-2.0
"""The portal's endpoint and parameters for each type of message, within the portal's limits.

A button's parameters are spelt as in the document's URLs; its tables spell them in lower case (field-notes, Portal).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_wa.api import media_types
from airflow_provider_wa.api.capabilities import unsupported
from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.flow import Parameters, Upload
from airflow_provider_wa.api.messages import (
    Audio,
    Button,
    Buttons,
    ContactCard,
    Document,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    MediaMessage,
    Message,
    Text,
    Video,
)
from airflow_provider_wa.vendors.wa_portal.tables import (
    ACTION_BUTTONS,
    FILES_WITH_BUTTONS,
    LIMITS,
    NAME,
    REPLY_BUTTONS,
    UNKNOWN_TYPE,
)


@dataclass(frozen=True)
class Outgoing:
    """A message as the portal takes it: endpoint, parameters, file to upload, and a warning to the sender."""

    path: str
    parameters: Parameters
    uploads: tuple[Upload, ...] = ()
    warning: str | None = None


def outgoing(message: Message) -> Outgoing:
    """Return ``message`` as the portal takes it.

    :raises BadInput: a field is over the portal's limit; the error names field, limit and length.
    :raises UnsupportedByVendor: the portal does not have this type of message.
    """
    make = SENDS.get(type(message))
    if make is None:
        raise unsupported(NAME, f"send messages of the type {message.type}", ())
    return make(message)


def _refused(what: str) -> BadInput:
    return BadInput(what, vendor=NAME)


def _check(field: str, length: int) -> None:
    most, unit = LIMITS[field]
    if length > most:
        raise _refused(f"{field}: {length:,} {unit}; the portal takes at most {most:,}")


def _fitting(field: str, value: str) -> str:
    """Return ``value``, checked against the limit of ``field``."""
    _check(field, len(value.encode()) if LIMITS[field][1] == "bytes" else len(value))
    return value


def _text(message: Text) -> Outgoing:
    if message.quoted_id:
        raise _refused("text: quoted_id is not possible; the portal cannot answer a message, only send a new one")
    return Outgoing("/api/sendText", {"message": _fitting("text: body", message.body)})


def _file(message: MediaMessage) -> Outgoing:
    link, uploads = _link_or_upload(message.media)
    if not message.caption:
        return Outgoing("/api/sendFiles", link, uploads)
    # Section 1.3: of a document with a caption only the document is delivered.
    warning = "the portal delivers documents without their caption" if isinstance(message, Document) else None
    caption = {"message": _fitting("caption", message.caption)}
    return Outgoing("/api/sendFileWithCaption", {**link, **caption}, uploads, warning)


def _location(message: Location) -> Outgoing:
    optional = {"address": message.address, "url": message.url}
    return Outgoing("/api/sendLocation", {**_place(message), **_set(optional)})


def _contact(message: ContactCard) -> Outgoing:
    return Outgoing(
        "/api/sendContact",
        {
            "contactName": _fitting("contact: name", message.name),
            "contactPhone": re.sub(r"\D", "", message.phone),
            **_set({"contactOrganization": message.organization}),
        },
    )


def _buttons(message: Buttons) -> Outgoing:
    parameters = {
        "message": _fitting("buttons: body", message.body),
        **_set({"footer": _fitting("buttons: footer", message.footer)}),
        **_button_parameters(message.buttons),
    }
    if message.media is not None:
        _check_file_with_buttons(message.media)
        link, uploads = _link_or_upload(message.media)
        return Outgoing("/api/sendFilesButton", {**link, **parameters}, uploads)
    if message.location is not None:
        if message.location.address or message.location.url:
            raise _refused("buttons: location has an address or url; the portal shows only a name above buttons")
        return Outgoing("/api/sendLocationButton", {**_place(message.location), **parameters})
    return Outgoing("/api/sendTextButton", parameters)


def _button_parameters(buttons: tuple[Button, ...]) -> dict[str, str]:
    """Return the parameters of buttons: up to three that answer, or one each that calls, opens a page and answers."""
    kinds = [button.kind for button in buttons]
    if "copy" in kinds:
        raise _refused("buttons: copy_code is not possible; the portal's buttons answer, call or open a page")
    _check("buttons: buttons", len(kinds))
    _check("buttons: buttons that call", kinds.count("call"))
    _check("buttons: buttons that open a page", kinds.count("url"))
    if kinds.count("reply") < len(kinds):
        _check("buttons: buttons that answer, with one that calls or opens a page", kinds.count("reply"))
    answers = iter(REPLY_BUTTONS)
    parameters: dict[str, str] = {}
    for button in buttons:
        text = _fitting("buttons: text of a button", button.text)
        if button.kind == "reply":
            parameters[next(answers)] = text
        else:
            text_name, value_name = ACTION_BUTTONS[button.kind]
            parameters |= {text_name: text, value_name: button.url or _dialled(button.phone)}
    return parameters


def _list(message: ListMessage) -> Outgoing:
    return Outgoing(
        "/api/sendList",
        {
            **_set({"header": _fitting("list: header", message.header)}),
            "message": _fitting("list: body", message.body),
            **_set({"footer": _fitting("list: footer", message.footer)}),
            "buttonText": _fitting("list: button", message.button),
            "rows": tuple(_row(row) for row in message.rows),
        },
    )


def _row(row: ListRow) -> str:
    """Return ``section:title:description``, with both colons even where a part is empty (section 1.9)."""
    parts = {"section": row.section, "title": row.title, "description": row.description}
    for name, value in parts.items():
        if ":" in _fitting(f"list: {name}", value):
            raise _refused(f"list: {name} {value!r} has a colon, the portal's separator of a row's parts")
    return ":".join(parts.values())


def _place(location: Location) -> dict[str, str]:
    if not location.name:
        raise _refused("location: name is missing; the portal requires one")
    return {
        "degreesLatitude": repr(location.latitude),
        "degreesLongitude": repr(location.longitude),
        "name": location.name,
    }


def _link_or_upload(media: Media) -> tuple[dict[str, str], tuple[Upload, ...]]:
    """Return the parameter with a file's link, or the file itself."""
    if media.content is None:
        return {"link": media.url or ""}, ()
    _check("upload", len(media.content))
    return {}, (Upload("file", media.filename, media.content, media.media_type),)


def _check_file_with_buttons(media: Media) -> None:
    kind = media_types.media_type(media)
    if kind != UNKNOWN_TYPE and not kind.startswith(FILES_WITH_BUTTONS):
        raise _refused(f"buttons: media: {media.filename!r} is {kind}; it must be an image, video, PDF or Office file")


def _dialled(phone: str) -> str:
    """Return a phone number without separators. A leading + stays: by it a phone knows the country code."""
    number = re.sub(r"[\s().-]", "", phone)
    if not re.fullmatch(r"\+?[0-9]{3,15}", number):
        raise _refused(f"buttons: phone {phone!r} is not a number that can be dialled; expected 3 to 15 digits")
    return number


def _set(optional: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that are not empty."""
    return {name: value for name, value in optional.items() if value}


SENDS: Mapping[type[Message], Callable[[Any], Outgoing]] = {
    Text: _text,
    Image: _file,
    Audio: _file,
    Video: _file,
    Document: _file,
    Location: _location,
    ContactCard: _contact,
    Buttons: _buttons,
    ListMessage: _list,
}
"""Function that makes the request of each type of message."""
