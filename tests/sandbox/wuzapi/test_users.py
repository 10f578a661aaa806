# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from sandbox.calls import PHONE, actions, ledger, refused, wuz
from starlette.testclient import TestClient

JID = f"{PHONE}@s.whatsapp.net"


class TestCheck:
    def test_many_numbers_in_one_call(self, client: TestClient) -> None:
        phones = ["+51987654321", "51987654300", "51987654304", "525512345607", "5215512345607"]
        users = wuz(client, "POST", "/user/check", {"Phone": phones}).json()["data"]["Users"]
        assert [(user["Query"], user["IsInWhatsapp"]) for user in users] == [
            ("51987654321", True),
            ("51987654300", False),
            ("525512345607", False),
            ("5215512345607", True),
        ]
        assert users[0]["JID"] == "51987654321@s.whatsapp.net"
        checks = client.get("/sandbox/ledger").json()["checks"]
        assert [check["answer"] for check in checks] == ["exists", "absent", "unknown", "absent", "exists"]

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({}, "missing Phone in Payload"),
            ({"Phone": []}, "missing Phone in Payload"),
            ({"Phone": "51987654321"}, "could not decode Payload"),
            ({"Phone": [51987654321]}, "could not decode Payload"),
            (["51987654321"], "could not decode Payload"),
        ],
    )
    def test_a_wrong_body_is_refused(self, client: TestClient, body: Any, error: str) -> None:
        assert refused(wuz(client, "POST", "/user/check", body)) == (400, error)


class TestInfo:
    def test_full_jids(self, client: TestClient) -> None:
        jids = [JID, "51987654300@s.whatsapp.net", "51987654303@s.whatsapp.net", "51987654304@s.whatsapp.net"]
        users = wuz(client, "POST", "/user/info", {"Phone": jids}).json()["data"]["Users"]
        assert list(users) == jids[:3]
        assert users[JID]["Devices"] == ["51987654321.0:0@s.whatsapp.net"]
        assert (users[JID]["PictureID"], users[JID]["VerifiedName"]) == ("", None)
        assert users[jids[1]]["Devices"] == []
        assert users[jids[2]]["PictureID"]

    def test_a_business_has_a_verified_name(self, client: TestClient) -> None:
        jid = "5215512345608@s.whatsapp.net"
        users = wuz(client, "POST", "/user/info", {"Phone": [jid]}).json()["data"]["Users"]
        assert users[jid]["VerifiedName"]["Details"]["verifiedName"] == "Casa Azul S.A."

    def test_the_documents_bare_numbers_are_a_500_that_calls_itself_a_success(self, client: TestClient) -> None:
        response = wuz(client, "POST", "/user/info", {"Phone": ["5491155554445", "5491155554444"]})
        assert (response.status_code, response.json()) == (500, {"code": 500, "success": True})

    def test_no_phone(self, client: TestClient) -> None:
        assert refused(wuz(client, "POST", "/user/info", {})) == (400, "missing Phone in Payload")


class TestAvatar:
    def test_03_has_one_and_it_can_be_fetched(self, client: TestClient) -> None:
        reply = wuz(client, "POST", "/user/avatar", {"Phone": "51987654303", "Preview": True}).json()
        assert reply["success"] is True
        assert set(reply["data"]) == {"url", "id", "type", "direct_path", "hash"}
        assert reply["data"]["type"] == "preview"
        picture = client.get(reply["data"]["url"])
        assert picture.content.startswith(b"\x89PNG")
        assert wuz(client, "POST", "/user/avatar", {"Phone": "51987654303"}).json()["data"]["type"] == "image"

    def test_others_have_none(self, client: TestClient) -> None:
        status, error = refused(wuz(client, "POST", "/user/avatar", {"Phone": PHONE, "Preview": False}))
        assert (status, "does not have a profile picture" in error) == (500, True)
        assert refused(wuz(client, "POST", "/user/avatar", {})) == (400, "missing Phone in Payload")

    def test_get_as_in_the_document_is_gone(self, client: TestClient) -> None:
        response = wuz(client, "GET", "/user/avatar", {"Phone": "5491155554445", "Preview": True})
        assert (response.status_code, response.text) == (404, "404 page not found\n")


class TestDirectory:
    def test_contacts(self, client: TestClient) -> None:
        contacts = wuz(client, "GET", "/user/contacts").json()["data"]
        assert contacts[JID]["FullName"] == "Ana Quispe"
        assert set(contacts[JID]) == {"Found", "FirstName", "FullName", "PushName", "BusinessName", "RedactedPhone"}

    @pytest.mark.parametrize("asked", [PHONE, f"+{PHONE}", JID])
    def test_a_hidden_id_can_be_sent_to(self, client: TestClient, asked: str) -> None:
        reply = wuz(client, "GET", f"/user/lid/{asked}").json()["data"]
        assert reply["jid"] == JID
        assert reply["lid"].endswith("@lid")
        assert wuz(client, "POST", "/chat/send/text", {"Phone": reply["lid"], "Body": "x"}).status_code == 200
        assert ledger(client, "wuzapi")[0]["to"] == PHONE

    def test_who_has_no_hidden_id(self, client: TestClient) -> None:
        assert refused(wuz(client, "GET", "/user/lid/51987654300"))[0] == 404
        for other in ("1@g.us", "1123@lid"):
            status, error = refused(wuz(client, "GET", f"/user/lid/{other}"))
            assert (status, error.startswith("LID not found for this number: invalid GetLIDForPN call")) == (404, True)
        assert wuz(client, "GET", "/user/lid/").status_code == 404

    def test_a_check_of_08_shows_the_hidden_id(self, client: TestClient) -> None:
        users = wuz(client, "POST", "/user/check", {"Phone": ["51987654308"]}).json()["data"]["Users"]
        assert (users[0]["Query"], users[0]["IsInWhatsapp"]) == ("51987654308", True)
        assert users[0]["JID"].endswith("@lid")
        sent = wuz(client, "POST", "/chat/send/text", {"Phone": users[0]["JID"], "Body": "x"})
        assert sent.status_code == 200
        assert ledger(client, "wuzapi")[0]["to"] == "51987654308"


class TestBlocking:
    def change(self, client: TestClient, path: str, **body: str) -> Any:
        return wuz(client, "POST", f"/user/{path}", body)

    def test_people_are_blocked_and_unblocked_by_number_or_lid(self, client: TestClient) -> None:
        reply = self.change(client, "block", Phone=PHONE).json()["data"]
        assert (reply["Details"], reply["JID"], reply["Blocklist"]) == ("User blocked", JID, [JID])
        lid = wuz(client, "GET", f"/user/lid/{PHONE}").json()["data"]["lid"]
        reply = self.change(client, "unblock", JID=lid).json()["data"]
        assert (reply["Details"], reply["RequestedJID"], reply["Blocklist"]) == ("User unblocked", lid, [])
        assert [action["name"] for action in actions(client)] == ["/user/block", "/user/unblock"]

    def test_refusals(self, client: TestClient) -> None:
        assert refused(self.change(client, "block")) == (400, "missing Phone or JID in Payload")
        status, error = refused(self.change(client, "block", JID="1@g.us"))
        assert (status, "unsupported blocklist JID server" in error) == (500, True)
