# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest
from sandbox.calls import GROUP, PHONE, actions, data_url, ledger, refused, wuz
from starlette.testclient import TestClient

from airflow_provider_wa.sandbox.pictures import photo_png

DOCUMENT_PHONE = "5491155554444"
PNG = photo_png("test")
VCARD = "BEGIN:VCARD\nVERSION:3.0\nN:Doe;John;;;\nFN:John Doe\nEND:VCARD"


def send(client: httpx.Client, kind: str, **fields: Any) -> Any:
    return wuz(client, "POST", f"/chat/send/{kind}", {"Phone": PHONE, **fields})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/send/text", {"Phone": DOCUMENT_PHONE, "Body": "Hi", "Id": "90B2F8B13FAC8A9CF6B06E99C7834DC5"}),
        ("/chat/send/text", {"Phone": DOCUMENT_PHONE, "Body": "Ditto",
                             "ContextInfo": {"StanzaId": "AA3D", "Participant": "5491155553935@s.whatsapp.net"}}),
        ("/chat/send/audio", {"Phone": DOCUMENT_PHONE, "Audio": "data:audio/ogg;base64,T2dnUw=="}),
        ("/chat/send/document", {"Phone": DOCUMENT_PHONE, "FileName": "hola.txt",
                                 "Document": "data:application/octet-stream;base64,aG9sYSBxdWUgdGFsCg=="}),
        ("/chat/send/video", {"Phone": DOCUMENT_PHONE, "Caption": "Look", "Video": "data:image/jpeg;base64,iVBORw0K"}),
        ("/chat/send/sticker", {"Phone": DOCUMENT_PHONE, "PngThumbnail": "VBORgoAANSU=",
                                "Sticker": "data:image/jpeg;base64,iVBORw0K"}),
        ("/chat/send/location", {"Latitude": 48.858370, "Longitude": 2.294481, "Phone": DOCUMENT_PHONE,
                                 "Name": "Paris"}),
        ("/chat/send/contact", {"Phone": DOCUMENT_PHONE, "Name": "Casa", "Vcard": VCARD}),
        ("/chat/presence", {"Phone": DOCUMENT_PHONE, "State": "composing", "Media": ""}),
        ("/chat/markread", {"Id": ["AABBCCDD112233", "IIOOPPLL43332"], "Chat": "5491155553934.0:1@s.whatsapp.net"}),
        ("/chat/react", {"Phone": DOCUMENT_PHONE, "Body": "❤️", "Id": "me:069EDE53E81CB5A4773587FB96CB3ED3"}),
    ],
)  # fmt: skip
def test_the_documents_own_samples_are_taken(client: TestClient, path: str, body: Any) -> None:
    response = wuz(client, "POST", path, body)
    assert response.status_code == 200, response.text


class TestMessages:
    def test_text(self, client: TestClient, clock: Any) -> None:
        reply = send(client, "text", Phone="+51987654321", Body="héllo").json()
        assert reply["data"]["Details"] == "Sent"
        assert reply["data"]["Timestamp"] == int(clock.now)
        (message,) = ledger(client, "wuzapi")
        assert message["message_id"] == reply["data"]["Id"]
        assert (message["to"], message["type"], message["text"]) == ("51987654321", "text", "héllo")

    def test_field_names_in_any_case(self, client: TestClient) -> None:
        assert wuz(client, "POST", "/chat/send/text", {"phone": "51987654321", "BODY": "x"}).status_code == 200

    def test_the_clients_id_is_kept_and_a_repeat_is_the_same_message(self, client: TestClient) -> None:
        for _ in range(2):
            assert send(client, "text", Body="x", Id="90B2").json()["data"]["Id"] == "90B2"
        (message,) = ledger(client, "wuzapi")
        assert (message["message_id"], message["repeats"]) == ("90B2", 1)

    def test_ids_of_the_server_differ(self, client: TestClient) -> None:
        ids = {send(client, "text", Body="x").json()["data"]["Id"] for _ in range(3)}
        assert len(ids) == len(ledger(client, "wuzapi")) == 3

    @pytest.mark.parametrize(
        ("kind", "fields", "shown"),
        [
            ("image", {"Image": data_url(PNG, "image/png"), "Caption": "look"}, {"caption": "look"}),
            ("audio", {"Audio": data_url(PNG, "audio/ogg; codecs=opus")}, {}),
            ("video", {"Video": data_url(PNG, "video/mp4"), "Caption": "see"}, {"caption": "see"}),
            ("document", {"Document": data_url(PNG, "application/octet-stream"), "FileName": "a.bin"},
             {"filename": "a.bin"}),
        ],
    )  # fmt: skip
    def test_media(self, client: TestClient, kind: str, fields: dict[str, str], shown: dict[str, str]) -> None:
        assert send(client, kind, **fields).status_code == 200
        (message,) = ledger(client, "wuzapi")
        expected = {"type": kind, "bytes": len(PNG), "sha256": hashlib.sha256(PNG).hexdigest(), **shown}
        assert expected.items() <= message.items()

    def test_a_link_that_leads_away_is_taken_but_not_followed(self, client: TestClient) -> None:
        assert send(client, "image", Image="https://example.com/a.png").status_code == 200
        (message,) = ledger(client, "wuzapi")
        assert message["link"] == "https://example.com/a.png"
        assert "bytes" not in message

    @pytest.mark.parametrize("host", ["127.0.0.1:8790", "localhost", "10.0.0.5", "192.168.1.1", "[::1]"])
    def test_a_link_into_a_private_network_is_not_followed(self, client: TestClient, host: str) -> None:
        status, error = refused(send(client, "document", Document=f"http://{host}/a.pdf", FileName="a.pdf"))
        assert (status, "failed to fetch document from url" in error, "ssrf attempt detected" in error) == (
            400,
            True,
            True,
        )
        assert "failed to fetch audio: Get" in refused(send(client, "audio", Audio=f"http://{host}/a.ogg"))[1]
        assert ledger(client, "wuzapi") == []

    def test_location_and_contact(self, client: TestClient) -> None:
        assert send(client, "location", Latitude=48.85, Longitude=2.29, Name="Paris").status_code == 200
        assert send(client, "contact", Name="Casa", Vcard="BEGIN:VCARD").status_code == 200
        location, contact = ledger(client, "wuzapi")
        assert {"latitude": 48.85, "longitude": 2.29, "name": "Paris"}.items() <= location.items()
        assert {"name": "Casa", "vcard": "BEGIN:VCARD"}.items() <= contact.items()

    @pytest.mark.parametrize(
        ("kind", "fields", "error"),
        [
            ("text", {}, "missing Body in Payload"),
            ("text", {"Phone": "", "Body": "x"}, "missing Phone in Payload"),
            ("text", {"Body": 5}, "could not decode Payload"),
            ("location", {"Latitude": 0, "Longitude": 2.29}, "missing Latitude in Payload"),
            ("location", {"Latitude": 48.85, "Longitude": 0.0}, "missing Longitude in Payload"),
            ("location", {"Latitude": "48.85", "Longitude": 2.29}, "could not decode Payload"),
            ("contact", {"Name": "Casa"}, "missing Vcard in Payload"),
            ("document", {"Document": "data:,x"}, "missing FileName in Payload"),
            ("image", {"Image": "aGVsbG8="}, 'Image data should start with "data:image/png;base64,"'),
            ("audio", {"Audio": "data:image/png;base64,AAAA"},
             "audio must be base64 (data:audio/) or valid HTTP URL"),
            ("video", {"Video": "data:video/mp4;base64,%%"}, "could not decode base64 encoded data from payload"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_refused(self, client: TestClient, kind: str, fields: dict[str, Any], error: str) -> None:
        assert refused(send(client, kind, **fields)) == (400, error)
        assert ledger(client, "wuzapi") == []

    def test_an_image_that_is_none_fails_at_its_thumbnail(self, client: TestClient) -> None:
        response = send(client, "image", Image=data_url(b"%PDF-1", "image/png"))
        assert response.status_code == 500
        assert response.json()["error"].startswith("could not decode image for thumbnail preparation")

    def test_a_number_that_is_absent_has_no_lid(self, client: TestClient) -> None:
        response = send(client, "text", Phone="51987654300", Body="x")
        assert response.status_code == 500
        assert "no LID found for 51987654300@s.whatsapp.net" in response.json()["error"]
        assert ledger(client, "wuzapi") == []

    def test_a_group_always_exists(self, client: TestClient) -> None:
        assert send(client, "text", Phone="120362023605733600@g.us", Body="x").status_code == 200


class TestSends:
    def test_a_reply_quotes_and_mentions(self, client: TestClient) -> None:
        context = {"StanzaId": "AA3D", "Participant": f"{PHONE}@s.whatsapp.net", "MentionedJID": ["1@s.whatsapp.net"]}
        assert send(client, "text", Body="x", ContextInfo=context).status_code == 200
        (message,) = ledger(client, "wuzapi")
        assert (message["quoted"], message["mentioned"]) == ("AA3D", ["1@s.whatsapp.net"])

    @pytest.mark.parametrize("missing", ["StanzaId", "Participant"])
    def test_half_a_context_is_refused(self, client: TestClient, missing: str) -> None:
        context = {"StanzaId": "A", "Participant": "1@s.whatsapp.net"}
        del context[missing]
        status, error = refused(send(client, "text", Body="x", ContextInfo=context))
        assert (status, error.lower()) == (400, f"missing {missing.lower()} in contextinfo")

    def test_buttons(self, client: TestClient) -> None:
        buttons = [
            {"title": "Yes", "id": "y"},
            {"type": "cta_url", "buttonText": "A text that is too long for a button", "url": "https://x"},
            {"Type": "cta_call", "text": "Call", "phone_number": "+51"},
            {"type": "copy", "title": "Copy", "copy_code": "SALE"},
            {"type": "unknown", "title": "Gone"},
            {"title": " "},
        ]
        assert send(client, "buttons", Body="Choose", Footer="f", Buttons=buttons).status_code == 200
        (message,) = ledger(client, "wuzapi")
        assert (message["type"], message["text"], message["footer"]) == ("buttons", "Choose", "f")
        assert message["buttons"] == [
            {"id": "y", "text": "Yes", "type": "reply"},
            {
                "id": "A text that is too l",
                "text": "A text that is too l",
                "type": "cta_url",
                "url": "https://x",
            },
            {"id": "Call", "text": "Call", "type": "cta_call", "phone": "+51"},
            {"id": "Copy", "text": "Copy", "type": "copy", "copy_code": "SALE"},
        ]
        missing = (400, "missing Phone, Body or Buttons")
        assert refused(send(client, "buttons", Body="Choose")) == missing
        assert refused(send(client, "buttons", Title="Choose", Buttons=buttons)) == missing
        assert refused(send(client, "buttons", Body="Choose", Buttons=buttons[4:])) == (400, "no valid buttons parsed")
        assert refused(send(client, "buttons", Body="Choose", Buttons=["B"]))[1] == "could not decode Payload"

    @pytest.mark.parametrize(
        ("picture", "kept"),
        [(data_url(PNG, "image/png"), True), ("https://example.com/a.png", True), ("http://127.0.0.1/a.png", False)],
    )
    def test_a_picture_over_buttons_that_cannot_be_fetched_is_left_out(
        self, client: TestClient, picture: str, kept: bool
    ) -> None:
        reply = send(client, "buttons", Body="Choose", Image=picture, Buttons=[{"title": "Yes"}])
        assert reply.json()["data"]["Details"] == "Sent"
        assert ("picture" in ledger(client, "wuzapi")[0]) is kept

    def test_a_list_in_sections_or_flat(self, client: TestClient) -> None:
        texts = {"ButtonText": "Open", "Desc": "What?", "TopText": "Menu", "FooterText": "Bye"}
        row = {"RowId": "r1", "Title": "Soup", "Desc": "Hot"}
        assert send(client, "list", **texts, Sections=[{"Title": "Food", "Rows": [row]}]).status_code == 200
        assert send(client, "list", **texts, List=[row]).status_code == 200
        assert send(client, "list", Body="What?", List=[{"Title": "Tea"}]).status_code == 200
        sections, flat, short = ledger(client, "wuzapi")
        rows = [{"id": "r1", "title": "Soup", "description": "Hot"}]
        assert sections["sections"] == [{"title": "Food", "rows": rows}]
        assert flat["sections"] == [{"title": "Menu", "rows": rows}]
        assert flat["footer"] == "Bye"
        assert short["button_text"] == "Select"
        assert short["sections"][0]["rows"][0]["id"] == "Tea"
        assert refused(send(client, "list", **texts)) == (400, "missing Sections (or List) in Payload")
        assert refused(send(client, "list", List=[row])) == (400, "missing Desc/Body in Payload")
        assert refused(send(client, "list", **texts, List=[{"RowId": "1"}]))[1].startswith("no valid sections/rows")

    @pytest.mark.parametrize(
        ("kind", "fields", "kept"),
        [
            ("document", {"Document": data_url(b"PK\x03\x04", "x/y"), "FileName": "a.xlsx"}, "application/zip"),
            ("document", {"Document": data_url(b"a;b", "x/y"), "FileName": "a.csv"}, "text/plain; charset=utf-8"),
            ("document", {"Document": data_url(b"a;b", "x/y"), "FileName": "a", "MimeType": "text/csv"}, "text/csv"),
            ("audio", {"Audio": data_url(b"?", "audio/mpeg"), "ptt": False, "mimetype": "audio/mpeg"}, "audio/mpeg"),
            ("audio", {"Audio": data_url(b"?", "audio/ogg")}, "audio/ogg"),
        ],
    )
    def test_a_file_goes_out_under_the_type_that_is_given_or_found(
        self, client: TestClient, kind: str, fields: dict[str, Any], kept: str
    ) -> None:
        assert send(client, kind, **fields).status_code == 200
        (message,) = ledger(client, "wuzapi")
        assert message["mimetype"] == kept
        assert message.get("ptt") == (fields.get("ptt", True) if kind == "audio" else None)

    def test_a_poll_goes_to_a_group(self, client: TestClient) -> None:
        poll = {"Group": GROUP, "Header": "Lunch?", "Options": ["yes", "no"]}
        reply = wuz(client, "POST", "/chat/send/poll", poll).json()["data"]
        assert reply["Details"] == "Poll sent successfully"
        (message,) = ledger(client, "wuzapi")
        assert message["message_id"] == reply["Id"]
        assert (message["to"], message["options"]) == ("120363020000000001", ["yes", "no"])
        assert refused(wuz(client, "POST", "/chat/send/poll", {**poll, "Options": ["yes"]}))[0] == 400
        assert "Timestamp" not in reply
        assert refused(wuz(client, "POST", "/chat/send/poll", {**poll, "Group": ""})) == (
            400,
            "missing Grouop in payload",
        )

    def test_a_sticker_that_is_no_data_url(self, client: TestClient) -> None:
        assert refused(send(client, "sticker", Sticker="AAAA"))[0] == 400

    def test_template_is_gone(self, client: TestClient) -> None:
        body = {"Content": "Template content", "Footer": "f", "Buttons": [{"DisplayText": "Yes", "Type": "quickreply"}]}
        assert send(client, "template", **body).status_code == 404

    def test_a_device_in_a_jid_is_left_out(self, client: TestClient) -> None:
        assert send(client, "text", Phone="51987654321.0:0@s.whatsapp.net", Body="x").status_code == 200
        assert ledger(client, "wuzapi")[0]["to"] == PHONE

    def test_an_unknown_server(self, client: TestClient) -> None:
        status, error = refused(send(client, "text", Phone="1@nowhere", Body="x"))
        assert (status, "unknown server nowhere" in error) == (500, True)


class TestActions:
    def sent(self, client: TestClient) -> str:
        return str(send(client, "text", Body="hello").json()["data"]["Id"])

    def test_an_edit(self, client: TestClient) -> None:
        found = self.sent(client)
        reply = wuz(client, "POST", "/chat/send/edit", {"Phone": PHONE, "Body": "bye", "Id": found}).json()["data"]
        assert (reply["Details"], reply["Id"]) == ("Sent", found)
        (message,) = ledger(client, "wuzapi")
        assert (message["text"], message["edited"]) == ("bye", True)

    def test_a_message_taken_back(self, client: TestClient) -> None:
        found = self.sent(client)
        reply = wuz(client, "POST", "/chat/delete", {"Phone": PHONE, "Id": found}).json()["data"]
        assert (reply["Details"], reply["Id"]) == ("Deleted", found)
        assert ledger(client, "wuzapi")[0]["deleted"] is True

    def test_somebody_elses_message_is_left_alone(self, client: TestClient) -> None:
        found = self.sent(client)
        assert wuz(client, "POST", "/chat/delete", {"Phone": "51987654322", "Id": found}).status_code == 200
        assert "deleted" not in ledger(client, "wuzapi")[0]

    def test_a_reaction_names_the_sender_of_anothers_message(self, client: TestClient) -> None:
        body = {"Phone": GROUP, "Body": "👍", "Id": "A1", "Participant": "1123@lid"}
        assert wuz(client, "POST", "/chat/react", body).status_code == 200
        assert wuz(client, "POST", "/chat/react", {**body, "Id": "me:A1"}).status_code == 200
        named, own = ledger(client, "wuzapi")
        assert named["participant"] == "1123@lid"
        assert "participant" not in own

    def test_reactions_and_their_removal(self, client: TestClient) -> None:
        for body in ("👍", "remove"):
            reply = wuz(client, "POST", "/chat/react", {"Phone": PHONE, "Body": body, "Id": "me:A1"}).json()["data"]
            assert (reply["Details"], reply["Id"]) == ("Sent", "A1")
        reactions = [(m["type"], m["reaction"], m["target"], m["target_is_own"]) for m in ledger(client, "wuzapi")]
        assert reactions == [("reaction", "👍", "A1", True), ("reaction", "", "A1", True)]

    def test_presence_and_read_marks_are_kept_as_actions(self, client: TestClient) -> None:
        wuz(client, "POST", "/chat/presence", {"Phone": PHONE, "State": "composing", "Media": "audio"})
        mark = {"Id": ["A1"], "ChatPhone": GROUP, "SenderPhone": PHONE}
        wuz(client, "POST", "/chat/markread", mark)
        presence, read = actions(client)
        jid = f"{PHONE}@s.whatsapp.net"
        assert presence["content"] == {"to": jid, "state": "composing", "media": "audio"}
        assert read["content"] == {"chat": GROUP, "sender": jid, "message_ids": ["A1"]}
        assert ledger(client, "wuzapi") == []

    @pytest.mark.parametrize(
        ("path", "body", "expected"),
        [
            ("/chat/send/edit", {"Phone": PHONE, "Body": "x"}, (400, "missing Id in Payload")),
            ("/chat/delete", {"Id": "A1"}, (400, "missing Phone in Payload")),
            ("/chat/react", {"Phone": PHONE, "Id": "A1"}, (400, "missing Body in Payload")),
            ("/chat/presence", {"Phone": PHONE}, (400, "missing State in Payload")),
            ("/chat/markread", {"Id": ["A1"]}, (400, "missing ChatPhone in Payload")),
            ("/chat/markread", {"Chat": PHONE}, (400, "missing Id in Payload")),
            ("/chat/markread", {"Chat": PHONE, "Id": "A1"}, (400, "could not decode Payload")),
            ("/chat/delete", {"Phone": "51987654300", "Id": "A1"},
             (500, "error sending message: no LID found for 51987654300@s.whatsapp.net from server")),
        ],
    )  # fmt: skip
    def test_refusals(self, client: TestClient, path: str, body: Any, expected: tuple[int, str | None]) -> None:
        assert refused(wuz(client, "POST", path, body)) == expected
        assert actions(client) == []


class TestDownload:
    MEDIA = b"OggS media"

    def keys(self, client: TestClient) -> dict[str, Any]:
        body = {"vendor": "wuzapi", "from": PHONE, "media": "T2dnUyBtZWRpYQ==", "mimetype": "audio/ogg; codecs=opus"}
        return dict(client.post("/sandbox/inbox", json=body).json()["download"])

    @pytest.mark.parametrize("kind", ["image", "video", "audio", "document"])
    def test_media_that_came_in(self, client: TestClient, kind: str) -> None:
        reply = wuz(client, "POST", f"/chat/download{kind}", self.keys(client)).json()["data"]
        assert reply == {
            "Mimetype": "audio/ogg; codecs=opus",
            "Data": data_url(self.MEDIA, "audio/ogg; codecs=opus"),
        }

    def test_media_that_were_sent(self, client: TestClient) -> None:
        keys = self.keys(client)
        client.post("/sandbox/reset")
        assert refused(wuz(client, "POST", "/chat/downloadaudio", keys))[0] == 500
        send(client, "audio", Audio=data_url(self.MEDIA, "audio/ogg"))
        assert wuz(client, "POST", "/chat/downloadaudio", keys).status_code == 200

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"FileSHA256": "nMthnfkUWQiMfNJpA6K9+ft+Dx9Mb1STs+9wMHjeo/M="}, 500),
            ({"FileLength": 1}, 500),
            ({"FileSHA256": "%"}, 400),
            ({"MediaKey": "x"}, 400),
            ({"FileLength": "10"}, 400),
        ],
    )
    def test_wrong_keys(self, client: TestClient, change: dict[str, Any], status: int) -> None:
        assert refused(wuz(client, "POST", "/chat/downloadaudio", {**self.keys(client), **change}))[0] == status
