# SPDX-License-Identifier: Apache-2.0
"""The account of Green-API: state, settings, QR code, checks, contacts and groups."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import directory, magic_numbers, pictures
from airflow_provider_wa.sandbox.green_api import notifications
from airflow_provider_wa.sandbox.green_api.protocol import (
    BAD_NUMBER,
    NAME,
    NOT_AUTHORIZED,
    NOT_ONE,
    Refused,
    authenticated,
    body,
    chat,
    number_of,
    person_id,
    spend_check,
    whole,
)
from airflow_provider_wa.sandbox.replies import base_url, json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox

PICTURES = "/pictures/"

_NUMBER = re.compile(r"\d{11,16}")
_CHECKED_CHAT = re.compile(r"(\d+)(@c\.us|@lid)?")


@authenticated
async def get_state_instance(request: Request, sandbox: Sandbox) -> Response:
    """Return the state of the instance; the state "null", which a test can set, is JSON's null."""
    sandbox.expect_scan(NAME)
    session = sandbox.session(NAME)
    state: str | None = session.state or ("authorized" if session.logged_in else "notAuthorized")
    return json_reply({"stateInstance": None if state == "null" else state})


@authenticated
async def qr(request: Request, sandbox: Sandbox) -> Response:
    """Return the QR code to scan."""
    sandbox.expect_scan(NAME)
    session = sandbox.session(NAME)
    if session.logged_in:
        return json_reply({"type": "alreadyLogged", "message": "instance account already authorized"})
    if session.state not in ("", "notAuthorized"):
        return json_reply({"type": "error", "message": "instance is starting, try again later"})
    png = pictures.qr_png(pictures.qr_seed(NAME, sandbox.clock()))
    return json_reply({"type": "qrCode", "message": base64.b64encode(png).decode()})


@authenticated
async def logout(request: Request, sandbox: Sandbox) -> Response:
    """Log the account out."""
    sandbox.log_out(NAME)
    return json_reply({"isLogout": True})


@authenticated
async def check_whatsapp(request: Request, sandbox: Sandbox) -> Response:
    """Check a number."""
    data = await body(request)
    if ("phoneNumber" in data) == ("chatId" in data):
        raise Refused(NOT_ONE)
    number = _number(data)
    if number is None:
        raise Refused(BAD_NUMBER)
    if not sandbox.session(NAME).logged_in:
        raise Refused(NOT_AUTHORIZED)
    refusal = spend_check(number, sandbox.quotas[NAME], sandbox)
    if refusal is not None:
        return refusal
    known = magic_numbers.exists(number)
    sandbox.record_check(NAME, number, "exists" if known else "absent")
    return json_reply({"existsWhatsapp": known, **(_whose(sandbox, number) if known else {"chatId": ""})})


def _whose(sandbox: Sandbox, number: str) -> dict[str, Any]:
    """Return the chat of a number; of a hidden one (08), the LID and the number."""
    chat_id = person_id(sandbox, number)
    return {"chatId": chat_id, **({"phoneNumber": int(number)} if chat_id.endswith("@lid") else {})}


def _number(data: dict[str, Any]) -> str | None:
    """Return the number of a check; None if it is invalid. It may be text, as in the document's samples."""
    given = data.get("phoneNumber", data.get("chatId"))
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        return None
    if "chatId" in data:
        found = _CHECKED_CHAT.fullmatch(given) if isinstance(given, str) else None
        given = number_of(*found.groups()) if found else ""
    return str(given) if _NUMBER.fullmatch(str(given)) else None


def _require_login(sandbox: Sandbox) -> None:
    if not sandbox.session(NAME).logged_in:
        raise Refused(NOT_AUTHORIZED)


@authenticated
async def get_contacts(request: Request, sandbox: Sandbox) -> Response:
    """List contacts and groups; `group` (true, false) selects groups or contacts, `count` is the limit."""
    _require_login(sandbox)
    people = [
        {"id": person_id(sandbox, contact.number), "name": contact.name, "contactName": contact.name, "type": "user"}
        for contact in directory.CONTACTS
    ]
    groups = [
        {"id": group.jid, "name": group.name, "contactName": "", "type": "group"} for group in sandbox.groups.values()
    ]
    found = {"true": groups, "false": people}.get(request.query_params.get("group", ""), [*people, *groups])
    return json_reply(found[: whole(request, "count", 0) or None])


@authenticated
async def get_group_data(request: Request, sandbox: Sandbox) -> Response:
    """Return one group."""
    user, server = chat(await body(request), "groupId")
    _require_login(sandbox)
    group = sandbox.groups.get(user)
    if server != "g.us" or group is None:
        raise Refused("item-not-found")
    return json_reply(
        {
            "groupId": group.jid,
            "owner": person_id(sandbox, group.owner),
            "subject": group.name,
            "creation": int(group.created),
            "participants": [
                {
                    "id": person_id(sandbox, number),
                    "isAdmin": number == group.owner,
                    "isSuperAdmin": number == group.owner,
                }
                for number in group.participants
            ],
            "subjectTime": int(group.name_set_at),
            "subjectOwner": person_id(sandbox, group.name_set_by),
            "groupInviteLink": group.invite_link,
        }
    )


@authenticated
async def get_avatar(request: Request, sandbox: Sandbox) -> Response:
    """Return the URL of an avatar, which the sandbox serves; only numbers that end in 03 have one."""
    user, server = chat(await body(request))
    _require_login(sandbox)
    number = number_of(user, f"@{server}")
    shown = server != "g.us" and magic_numbers.has_picture(number)
    return json_reply(
        {
            "urlAvatar": f"{base_url(request)}{PICTURES}{number}.png" if shown else "",
            "available": shown,
            "existsWhatsapp": server == "g.us" or magic_numbers.exists(number),
        }
    )


async def picture(request: Request, sandbox: Sandbox) -> Response:
    """Return the picture of an avatar's URL."""
    number = request.url.path.rpartition("/")[2].removesuffix(".png")
    return Response(pictures.photo_png(number), media_type="image/png")


def _setter(state: str, change: Callable[[Sandbox], None] | None = None) -> Callable[[Sandbox], None]:
    """Return what sets a state, and queues the notification of it."""

    def set_state(sandbox: Sandbox) -> None:
        if change is not None:
            change(sandbox)
        else:
            sandbox.session(NAME).state = state
        notifications.queue(sandbox, {"typeWebhook": "stateInstanceChanged", "stateInstance": state})

    return set_state


# state that the control API can set -> how it is set
STATES: dict[str, Callable[[Sandbox], None]] = {
    "authorized": _setter("authorized", lambda sandbox: sandbox.scan(NAME)),
    "notAuthorized": _setter("notAuthorized", lambda sandbox: sandbox.log_out(NAME)),
    **{state: _setter(state) for state in ("blocked", "sleepMode", "starting", "yellowCard", "suspended", "null")},
}

ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "getStateInstance"): get_state_instance,
    ("GET", "qr"): qr,
    ("GET", "logout"): logout,
    ("POST", "checkWhatsapp"): check_whatsapp,
    ("GET", "getContacts"): get_contacts,
    ("POST", "getGroupData"): get_group_data,
    ("POST", "getAvatar"): get_avatar,
    ("GET", PICTURES): picture,
}
