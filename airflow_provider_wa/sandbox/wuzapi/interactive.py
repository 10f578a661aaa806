# SPDX-License-Identifier: Apache-2.0
"""Buttons, lists and polls of WuzAPI: what is read from a body, and what is refused."""

from __future__ import annotations

from typing import Any

from airflow_provider_wa.sandbox import loopback
from airflow_provider_wa.sandbox.wuzapi.media import is_private
from airflow_provider_wa.sandbox.wuzapi.protocol import Refused, objects, strings, typed

Content = dict[str, Any]

BUTTON_CHARACTERS = 20  # of a longer text the rest is cut off
MIN_OPTIONS = 2
OLD_MAX_BUTTONS = 3

# type of a button -> its fields for the ledger
BUTTON_TYPES = {
    "reply": {},
    "cta_url": {"url": "url"},
    "cta_call": {"phone_number": "phone"},
    "copy": {"copy_code": "copy_code"},
}


def _first(data: Content, *names: str) -> str:
    """Return the first of some fields that is not blank."""
    return next((value for name in names if (value := str(typed(data, name)).strip())), "")


def buttons(data: Content) -> Content:
    """Return the text and the buttons; a button without a text or of an unknown type is left out."""
    body = _first(data, "Body", "text")
    given = objects(data, "Buttons")
    if not typed(data, "Phone") or not body or not given:
        raise Refused(400, "missing Phone, Body or Buttons")
    found = [button for item in given if (button := _button(item))]
    if not found:
        raise Refused(400, "no valid buttons parsed")
    parts = {"footer": typed(data, "Footer"), "title": typed(data, "Title"), "picture": _picture(typed(data, "Image"))}
    return {"text": body, "buttons": found, **{name: value for name, value in parts.items() if value}}


def _button(item: Content) -> Content | None:
    title = _first(item, "title", "text", "buttonText")[:BUTTON_CHARACTERS]
    kind = _first(item, "type").lower() or "reply"
    if not title or kind not in BUTTON_TYPES:
        return None
    extra = {shown: typed(item, name) for name, shown in BUTTON_TYPES[kind].items()}
    return {"id": _first(item, "id", "buttonId") or title, "text": title, "type": kind, **extra}


def _picture(value: str) -> bool:
    """Return whether a picture comes with the buttons: a picture that cannot be fetched is omitted silently."""
    return value.startswith("data:image") or (loopback.is_http_url(value) and not is_private(value))


def _rows(items: list[Content]) -> list[Content]:
    return [
        {"id": _first(row, "RowId") or title, "title": title, "description": _first(row, "Desc")}
        for row in items
        if (title := _first(row, "Title"))
    ]


def list_message(data: Content) -> Content:
    """Return the texts and the sections; a flat list is one section."""
    body = _first(data, "Desc", "Body", "text")
    if not typed(data, "Phone"):
        raise Refused(400, "missing Phone in Payload")
    if not body:
        raise Refused(400, "missing Desc/Body in Payload")
    given, flat = objects(data, "Sections"), objects(data, "List")
    if not given and not flat:
        raise Refused(400, "missing Sections (or List) in Payload")
    header = _first(data, "TopText")
    sections = [{"title": _first(section, "Title"), "rows": _rows(objects(section, "Rows"))} for section in given]
    if not given:
        sections = [{"title": header or "Menu", "rows": _rows(flat)}]
    sections = [section for section in sections if section["rows"]]
    if not sections:
        raise Refused(400, "no valid sections/rows found in Payload")
    texts = {"header": header, "footer": _first(data, "FooterText")}
    shown = {name: value for name, value in texts.items() if value}
    return {"text": body, "button_text": _first(data, "ButtonText") or "Select", **shown, "sections": sections}


def poll(data: Content) -> Content:
    """Return the question and the options of a poll."""
    if not typed(data, "Group"):
        raise Refused(400, "missing Grouop in payload")
    if not typed(data, "Header"):
        raise Refused(400, "missing Header in payload")
    options = strings(data, "Options")
    if len(options) < MIN_OPTIONS:
        raise Refused(400, "at least 2 options are required")
    return {"text": typed(data, "Header"), "options": options}


def old_buttons(data: Content) -> Content:
    """Return the title and the buttons of servers whose buttons can only answer."""
    for name in ("Phone", "Title"):
        if not typed(data, name):
            raise Refused(400, f"missing {name} in Payload")
    found = [
        {"id": typed(button, "ButtonId"), "text": typed(button, "ButtonText")} for button in objects(data, "Buttons")
    ]
    if not found:
        raise Refused(400, "missing Buttons in Payload")
    if len(found) > OLD_MAX_BUTTONS:
        raise Refused(400, "buttons cant more than 3")
    return {"text": typed(data, "Title"), "buttons": found}


def old_list(data: Content) -> Content:
    """Return a list of servers that require a header."""
    for name in ("Phone", "ButtonText", "Desc", "TopText"):
        if not typed(data, name):
            raise Refused(400, f"missing {name} in Payload")
    return list_message(data)


def template(data: Content) -> Content:
    """Return a template of the document: its text, footer and buttons."""
    for name in ("Phone", "Content"):
        if not typed(data, name):
            raise Refused(400, f"missing {name} in Payload")
    found = [{"text": typed(item, "DisplayText"), "type": typed(item, "Type")} for item in objects(data, "Buttons")]
    if not found:
        raise Refused(400, "missing Buttons in Payload")
    footer = {"footer": typed(data, "Footer")} if typed(data, "Footer") else {}
    return {"text": typed(data, "Content"), "buttons": found, **footer}
