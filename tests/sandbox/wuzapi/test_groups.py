# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from sandbox.calls import GROUP, PHONE, actions, data_url, refused, wuz
from starlette.testclient import TestClient

JPEG = data_url(b"\xff\xd8\xff\xe0 picture", "image/jpeg")
PLAIN = {"code": 500, "success": True}


def names(client: TestClient) -> list[str]:
    return [group["Name"] for group in wuz(client, "GET", "/group/list").json()["data"]["Groups"]]


def test_the_list_and_one_of_it(client: TestClient, sandbox: Any) -> None:
    groups = wuz(client, "GET", "/group/list").json()["data"]["Groups"]
    info = wuz(client, "GET", f"/group/info?groupJID={GROUP}").json()["data"]
    assert info == groups[0]
    assert (info["JID"], info["Name"]) == (GROUP, "Sandbox team")
    assert [member["IsAdmin"] for member in info["Participants"]] == [True, False, False]
    assert (info["AddressingMode"], info["ParticipantCount"]) == ("lid", 3)
    assert all(member["JID"].endswith("@lid") for member in info["Participants"])
    assert info["Participants"][1]["PhoneNumber"] == f"{PHONE}@s.whatsapp.net"
    assert (info["OwnerJID"].endswith("@lid"), info["OwnerPN"]) == (True, "51999000000@s.whatsapp.net")
    sandbox.groups.clear()
    assert wuz(client, "GET", "/group/list").json()["data"] == {"Groups": None}


def test_the_invite_link_and_a_new_one(client: TestClient) -> None:
    def link(reset: str = "") -> str:
        reply = wuz(client, "GET", f"/group/invitelink?groupJID={GROUP}{reset}")
        return str(reply.json()["data"]["InviteLink"])

    old = link()
    assert old.startswith("https://chat.whatsapp.com/")
    assert link() == old
    assert link("&reset=true") != old
    assert refused(wuz(client, "GET", f"/group/invitelink?groupJID={GROUP}&reset=maybe"))[0] == 400


@pytest.mark.parametrize("path", ["/group/info", "/group/invitelink"])
def test_the_documents_json_body_is_not_looked_at(client: TestClient, path: str) -> None:
    assert refused(wuz(client, "GET", path, {"GroupJID": GROUP})) == (400, "missing groupJID parameter")
    both = wuz(client, "GET", f"{path}?groupJID={GROUP}", {"GroupJID": GROUP})
    assert both.status_code == 200


@pytest.mark.parametrize("path", ["/group/info", "/group/invitelink"])
@pytest.mark.parametrize("jid", ["120362023605733675@g.us", "nonsense"])
def test_an_unknown_group_is_a_500_that_calls_itself_a_success(client: TestClient, path: str, jid: str) -> None:
    response = wuz(client, "GET", f"{path}?groupJID={jid}")
    assert (response.status_code, response.json()) == (500, PLAIN)


def test_name_and_photo(client: TestClient) -> None:
    reply = wuz(client, "POST", "/group/name", {"GroupJID": GROUP, "Name": "New Group Name"})
    assert reply.json()["data"] == {"Details": "Group Name set successfully"}
    assert names(client) == ["New Group Name", "Customers"]
    photo = wuz(client, "POST", "/group/photo", {"GroupJID": GROUP, "Image": JPEG}).json()["data"]
    assert photo["PictureID"]
    assert [action["name"] for action in actions(client)] == ["/group/name", "/group/photo"]
    client.post("/sandbox/reset")
    assert names(client) == ["Sandbox team", "Customers"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/group/name", {"GroupJID": GROUP}, 400),
        ("/group/name", {"Name": "x"}, 400),
        ("/group/name", {"GroupJID": "1@g.us", "Name": "x"}, 500),
        ("/group/photo", {"GroupJID": GROUP}, 400),
        ("/group/photo", {"GroupJID": GROUP, "Image": data_url(b"\x89PNG", "image/png")}, 400),
        ("/group/photo", {"GroupJID": GROUP, "Image": data_url(b"\x89PNG", "image/jpeg")}, 400),
        ("/group/photo", {"GroupJID": "1@g.us", "Image": JPEG}, 500),
    ],
)
def test_refusals(client: TestClient, path: str, body: Any, status: int) -> None:
    assert refused(wuz(client, "POST", path, body))[0] == status
    assert actions(client) == []


def test_a_list_without_a_login(scanned_later: TestClient) -> None:
    assert refused(wuz(scanned_later, "GET", "/group/list")) == (500, "no session")
    wuz(scanned_later, "POST", "/session/connect", {"Immediate": True})
    assert wuz(scanned_later, "GET", "/group/list").json() == PLAIN
