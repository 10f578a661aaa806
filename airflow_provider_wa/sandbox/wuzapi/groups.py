# SPDX-License-Identifier: Apache-2.0
"""The group routes of WuzAPI. Some real handlers fail with status 500 and `success` true, and so do these."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from airflow_provider_wa.sandbox import directory
from airflow_provider_wa.sandbox.simulated_vendor import Handler
from airflow_provider_wa.sandbox.state import Sandbox
from airflow_provider_wa.sandbox.wuzapi.account import DOCUMENT, NAME, generation
from airflow_provider_wa.sandbox.wuzapi.media import decode
from airflow_provider_wa.sandbox.wuzapi.protocol import (
    Refused,
    authenticated,
    payload,
    require_login,
    require_session,
    required,
    success,
    typed,
)

PICTURE = "data:image"
JPEG = b"\xff\xd8\xff"
NEVER = "0001-01-01T00:00:00Z"
BOOLEANS = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).isoformat()


def _jid(number: str) -> str:
    return f"{number}@s.whatsapp.net"


def _shown(group: directory.Group, sandbox: Sandbox) -> dict[str, Any]:
    """Return a group: as the document has it, or as today, when members are LIDs with their numbers beside them."""
    if generation(sandbox) == DOCUMENT:
        return _old(group)
    lid = directory.lid_of
    return {
        **_old(group),
        "OwnerJID": lid(group.owner),
        "OwnerPN": _jid(group.owner),
        "NameSetBy": lid(group.name_set_by),
        "NameSetByPN": _jid(group.name_set_by),
        "TopicSetByPN": "",
        "TopicDeleted": False,
        "IsIncognito": False,
        "IsParent": False,
        "DefaultMembershipApprovalMode": "",
        "LinkedParentJID": "",
        "IsDefaultSubGroup": False,
        "IsJoinApprovalRequired": False,
        "AddressingMode": "lid",
        "CreatorCountryCode": "",
        "ParticipantCount": len(group.participants),
        "MemberAddMode": "all_member_add",
        "Suspended": False,
        "Participants": [_member(number, group) for number in group.participants],
    }


def _member(number: str, group: directory.Group) -> dict[str, Any]:
    lid, owns = directory.lid_of(number), number == group.owner
    return {
        "JID": lid,
        "PhoneNumber": _jid(number),
        "LID": lid,
        "IsAdmin": owns,
        "IsSuperAdmin": owns,
        "DisplayName": "",
        "Error": 0,
        "AddRequest": None,
    }


def _old(group: directory.Group) -> dict[str, Any]:
    jid = _jid
    return {
        "AnnounceVersionID": str(int(group.created * 1e6)),
        "DisappearingTimer": 0,
        "GroupCreated": _time(group.created),
        "IsAnnounce": False,
        "IsEphemeral": False,
        "IsLocked": False,
        "JID": group.jid,
        "Name": group.name,
        "NameSetAt": _time(group.name_set_at),
        "NameSetBy": jid(group.name_set_by),
        "OwnerJID": jid(group.owner),
        "ParticipantVersionID": str(int(group.created * 1e6)),
        "Participants": [
            {"IsAdmin": number == group.owner, "IsSuperAdmin": number == group.owner, "JID": jid(number)}
            for number in group.participants
        ],
        "Topic": "",
        "TopicID": "",
        "TopicSetAt": NEVER,
        "TopicSetBy": "",
    }


def _known(sandbox: Sandbox, jid: str) -> directory.Group:
    """Return a group of the account; another JID is a plain 500."""
    require_login(sandbox, None)
    user, _, server = jid.partition("@")
    if server != "g.us" or user not in sandbox.groups:
        raise Refused(500)
    return sandbox.groups[user]


async def _asked(request: Request, sandbox: Sandbox) -> directory.Group:
    """Return the group in the query; a JSON body is ignored. The document's servers read the body."""
    require_session(sandbox)
    if generation(sandbox) == DOCUMENT:
        (jid,) = required(await payload(request), "GroupJID")
    elif not (jid := request.query_params.get("groupJID", "")):
        raise Refused(400, "missing groupJID parameter")
    return _known(sandbox, jid)


@authenticated
async def list_groups(request: Request, sandbox: Sandbox) -> Response:
    """List the groups; null without any."""
    require_login(sandbox, None)
    return success({"Groups": [_shown(group, sandbox) for group in sandbox.groups.values()] or None})


@authenticated
async def info(request: Request, sandbox: Sandbox) -> Response:
    """Return one group."""
    return success(_shown(await _asked(request, sandbox), sandbox))


@authenticated
async def invite_link(request: Request, sandbox: Sandbox) -> Response:
    """Return the invite link of a group; `reset=true` makes a new one."""
    reset = request.query_params.get("reset", "false").lower()
    group = await _asked(request, sandbox)
    if reset not in BOOLEANS:
        raise Refused(400, "invalid reset parameter, must be true or false")
    if BOOLEANS[reset]:
        group.reset_invite()
    return success({"InviteLink": group.invite_link})


async def _change(request: Request, sandbox: Sandbox) -> tuple[str, dict[str, Any]]:
    require_session(sandbox)
    data = await payload(request)
    jid = str(typed(data, "GroupJID"))
    if not jid:
        raise Refused(400, "could not parse Group JID")
    return jid, data


@authenticated
async def set_photo(request: Request, sandbox: Sandbox) -> Response:
    """Change the picture of a group; it must be a JPEG."""
    jid, data = await _change(request, sandbox)
    (image,) = required(data, "Image")
    if not image.startswith(PICTURE):
        raise Refused(400, 'image data should start with "data:image/" (supported formats: jpeg, png, gif, webp)')
    content, _ = decode(image)
    if not content:
        raise Refused(400, "no image data found in payload")
    if not content.startswith(JPEG):
        text = "image must be in JPEG format. WhatsApp only accepts JPEG images for group photos"
        raise Refused(400, text)
    group = _known(sandbox, jid)
    group.picture_id = str(int(sandbox.clock() * 1000))
    sandbox.record_action(NAME, "/group/photo", {"group": group.jid, "bytes": len(content)})
    return success({"Details": "Group Photo set successfully", "PictureID": group.picture_id})


@authenticated
async def set_name(request: Request, sandbox: Sandbox) -> Response:
    """Change the name of a group."""
    jid, data = await _change(request, sandbox)
    (name,) = required(data, "Name")
    group = _known(sandbox, jid)
    group.rename(name, sandbox.clock())
    sandbox.record_action(NAME, "/group/name", {"group": group.jid, "name": name})
    return success({"Details": "Group Name set successfully"})


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "/group/list"): list_groups,
    ("GET", "/group/info"): info,
    ("GET", "/group/invitelink"): invite_link,
    ("POST", "/group/photo"): set_photo,
    ("POST", "/group/name"): set_name,
}
