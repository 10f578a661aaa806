# SPDX-License-Identifier: Apache-2.0
"""The user routes of WuzAPI: checks, profiles, avatars and contacts."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import directory, magic_numbers, pictures
from airflow_provider_wa.sandbox.replies import base_url, json_reply
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wuzapi.account import DOCUMENT, NAME, State, account, generation, state
from airflow_provider_wa.sandbox.wuzapi.protocol import (
    NO_WEBSOCKET,
    Refused,
    authenticated,
    jid_of,
    payload,
    require_device,
    require_login,
    require_session,
    required,
    strings,
    success,
    typed,
)

LID = "/user/lid/"
PICTURES = "/v/"


def _phones(data: dict[str, Any]) -> list[str]:
    phones = strings(data, "Phone")
    if not phones:
        raise Refused(400, "missing Phone in Payload")
    return phones


@authenticated
async def check(request: Request, sandbox: Sandbox) -> Response:
    """Check numbers. A number that never resolves is missing from the reply."""
    require_session(sandbox)
    phones = _phones(await payload(request))
    require_login(sandbox, f"failed to check if users are on WhatsApp: failed to send usync query: {NO_WEBSOCKET}")
    users = []
    for query in (phone.removeprefix("+") for phone in phones):
        if magic_numbers.ending(query) == magic_numbers.UNRESOLVED:
            sandbox.record_check(NAME, query, "unknown")
            continue
        known = magic_numbers.exists(query)
        sandbox.record_check(NAME, query, "exists" if known else "absent")
        jid = directory.lid_of(query) if magic_numbers.is_hidden(query) else f"{query}@s.whatsapp.net"
        users.append({"IsInWhatsapp": known, "JID": jid, "Query": query, "VerifiedName": ""})
    return success({"Users": users})


@authenticated
async def info(request: Request, sandbox: Sandbox) -> Response:
    """Return the profiles of users by their full JIDs; a bare number is a plain 500, but not in the document."""
    require_session(sandbox)
    jids = _phones(await payload(request))
    require_login(sandbox, None)
    if generation(sandbox) == DOCUMENT:
        jids = [jid_of(jid) for jid in jids]
    elif not all(jid.partition("@")[2] for jid in jids):
        raise Refused(500)
    return success(
        {"Users": {jid: _user(jid) for jid in jids if magic_numbers.ending(jid) != magic_numbers.UNRESOLVED}}
    )


def _user(jid: str) -> dict[str, Any]:
    number, known = magic_numbers.digits(jid), magic_numbers.exists(jid)
    business = next((c.business_name for c in directory.CONTACTS if c.number == number), "")
    verified = {
        "Certificate": {"details": "U2FuZGJveA==", "signature": "U2FuZGJveA=="},
        "Details": {"issuer": "smb:wa", "serial": 1, "verifiedName": business},
    }
    return {
        "Devices": [f"{number}.0:0@s.whatsapp.net"] if known else [],
        "LID": directory.lid_of(number) if known else "",
        "PictureID": _picture_id(number) if magic_numbers.has_picture(number) else "",
        "Status": "Hello world" if known else "",
        "VerifiedName": verified if business else None,
    }


def _picture_id(number: str) -> str:
    return f"16{number[-8:]}"


@authenticated
async def avatar(request: Request, sandbox: Sandbox) -> Response:
    """Return the URL of an avatar, which the sandbox serves; only numbers that end in 03 have one."""
    return success(await _avatar(request, sandbox))


@authenticated
async def old_avatar(request: Request, sandbox: Sandbox) -> Response:
    """Return an avatar as the document has it: without the envelope, under names in upper case."""
    found = await _avatar(request, sandbox)
    names = {"url": "URL", "id": "ID", "type": "Type", "direct_path": "DirectPath"}
    return json_reply({shown: found[name] for name, shown in names.items()})


async def _avatar(request: Request, sandbox: Sandbox) -> dict[str, str]:
    require_session(sandbox)
    data = await payload(request)
    (phone,) = required(data, "Phone")
    preview = typed(data, "Preview", "bool")
    require_device(sandbox)
    if state(sandbox) is State.NO_WEBSOCKET:
        raise Refused(500, f"failed to get avatar: {NO_WEBSOCKET}")
    number = magic_numbers.digits(jid_of(phone))
    if not magic_numbers.has_picture(number):
        raise Refused(500, "failed to get avatar: that user or group does not have a profile picture")
    path = f"{PICTURES}{number}.png"
    return {
        "url": f"{base_url(request)}{path}",
        "id": _picture_id(number),
        "type": "preview" if preview else "image",
        "direct_path": path,
        "hash": base64.b64encode(hashlib.sha256(number.encode()).digest()).decode(),
    }


async def picture(request: Request, sandbox: Sandbox) -> Response:
    """Return the picture of an avatar's URL, without a token."""
    number = request.url.path.rpartition("/")[2].removesuffix(".png")
    return Response(pictures.photo_png(number), media_type="image/png")


@authenticated
async def contacts(request: Request, sandbox: Sandbox) -> Response:
    """List the contacts, which the device has without a connection, too."""
    require_device(sandbox)
    return success(
        {
            f"{contact.number}@s.whatsapp.net": {
                "Found": True,
                "FirstName": contact.name.partition(" ")[0],
                "FullName": contact.name,
                "PushName": contact.name,
                "BusinessName": contact.business_name,
                "RedactedPhone": "",
            }
            for contact in directory.CONTACTS
        }
    )


@authenticated
async def lid(request: Request, sandbox: Sandbox) -> Response:
    """Return the LID of a number."""
    require_device(sandbox)
    jid = jid_of(request.url.path.rpartition("/")[2])
    if not jid.endswith("@s.whatsapp.net"):
        reason = f"invalid GetLIDForPN call with non-PN JID {jid}"
        raise Refused(404, f"LID not found for this number: {reason}")
    if not magic_numbers.exists(jid):
        raise Refused(404, "LID not found for this number")
    return success({"jid": jid, "lid": directory.lid_of(magic_numbers.digits(jid))})


def _blocker(name: str, details: str, blocks: bool) -> Handler:
    @authenticated
    async def change(request: Request, sandbox: Sandbox) -> Response:
        require_session(sandbox)
        data = await payload(request)
        who = str(typed(data, "JID") or typed(data, "Phone")).strip()
        if not who:
            raise Refused(400, "missing Phone or JID in Payload")
        require_login(sandbox, f"failed to update blocklist: {NO_WEBSOCKET}")
        asked = jid_of(who)
        user, _, server = asked.partition("@")
        if server not in ("s.whatsapp.net", "lid"):
            raise Refused(500, f'failed to update blocklist: unsupported blocklist JID server "{server}"')
        jid = f"{directory.number_of(user)}@s.whatsapp.net" if server == "lid" else asked
        others = [blocked for blocked in account(sandbox).blocked if blocked != jid]
        account(sandbox).blocked = [*others, jid] if blocks else others
        sandbox.record_action(NAME, name, {"jid": jid})
        requested = {"RequestedJID": asked} if asked != jid else {}
        return success(
            {"Details": details, "JID": jid, "Blocklist": account(sandbox).blocked, "DHash": "sandbox", **requested}
        )

    return change


def route_of(path: str) -> str:
    """Return the path in `routes`: the folder for a path that ends in a JID or in the name of a picture."""
    folder = next((folder for folder in (LID, PICTURES) if path.startswith(folder) and path != folder), None)
    return path if folder is None else f"{folder}*"


ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "/user/check"): check,
    ("POST", "/user/info"): info,
    ("POST", "/user/avatar"): avatar,
    ("GET", "/user/contacts"): contacts,
    ("GET", f"{LID}*"): lid,
    ("POST", "/user/block"): _blocker("/user/block", "User blocked", blocks=True),
    ("POST", "/user/unblock"): _blocker("/user/unblock", "User unblocked", blocks=False),
    ("GET", f"{PICTURES}*"): picture,
}
