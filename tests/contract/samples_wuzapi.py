# SPDX-License-Identifier: Apache-2.0
"""Every request and reply of vendor-docs/wuzapi as data, and those of newer servers by the field notes.

``SAMPLES`` has them by the endpoint's name in ``WuzApi.endpoints``. Where a sample of the document is broken, or a
newer server takes something else, what goes out instead is in ``mended`` and ``note`` says why.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from contract.exchange import Exchange, Incoming

from airflow_provider_wa.api.flow import Effect, Flow, Reply, Request
from airflow_provider_wa.api.messages import (
    Audio,
    Button,
    Buttons,
    ContactCard,
    Document,
    Edit,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    Poll,
    Reaction,
    Sticker,
    Text,
    Video,
)
from airflow_provider_wa.api.numbers import PhoneNumber
from airflow_provider_wa.api.records import (
    Avatar,
    CheckResult,
    CheckStatus,
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    LinkingCode,
    MediaFile,
    QrCode,
    SentMessage,
    Session,
    SessionState,
    UserInfo,
    Webhook,
)
from airflow_provider_wa.api.webhooks import Post
from airflow_provider_wa.vendors.wuzapi.client import WuzApi
from airflow_provider_wa.vendors.wuzapi.tables import EVENTS


@dataclass(frozen=True)
class Sample:
    """A call, the request that it makes, the replies to all that it asks, and what becomes of them.

    ``body`` is the request's JSON as documented, in which ``mended`` takes the place of what cannot go out like that;
    ``at`` is which of the call's requests it is. ``becomes`` is compared without ``raw``.
    """

    call: Callable[[WuzApi], Flow[Any]]
    replies: tuple[Reply | str, ...]
    becomes: Any
    body: str = ""
    mended: dict[str, Any] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    path: str = ""
    at: int = 0
    note: str = ""

    @property
    def request(self) -> Any:
        """The JSON that goes out; None where there is no body."""
        return {**json.loads(self.body), **self.mended} if self.body else None

    @property
    def answers(self) -> list[Reply]:
        return [reply if isinstance(reply, Reply) else Reply(200, reply.encode()) for reply in self.replies]


HMAC_KEY = "0123456789abcdef0123456789abcdef"
KEPT = {
    "id": 1,
    "user_id": "u1",
    "chat_jid": "51987654321@s.whatsapp.net",
    "sender_jid": "51987654321:12@s.whatsapp.net",
    "message_id": "3EB06F9067F80BAB89FF",
    "timestamp": "2025-09-22T03:39:48.123456789Z",
    "message_type": "text",
    "text_content": "Hello",
    "media_link": "",
    "data_json": "",
}
VENDOR = WuzApi(base_url="http://localhost:8080", token="1234ABCD")

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAQAAAAEAAQMAAABmvDolAAAABlBMVEX///8AAABVwtN+AAAEw0lEQVR42uyZ")
JPEG = b"\xff\xd8\xff\xe0"
MP4 = b"\x00\x00\x00\x18ftypisom"
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "
OGG = b"OggS"

TO = "5491155554444"
BRASILIA = timezone(timedelta(hours=-3))
GONE = Reply(404, b"404 page not found", {"content-type": "text/plain; charset=utf-8"})


def url_of(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


# Replies, as the document has them

SENT = """{
"code": 200,
"data": {
"Details": "Sent",
"Id": "90B2F8B13FAC8A9CF6B06E99C7834DC5",
"Timestamp": "2022-04-20T12:49:08-03:00"
},
"success": true
}"""
STATUS = """{
"code": 200,
"data": {
"Connected": true,
"LoggedIn": true
},
"success": true
}"""
CONNECTED = """{
"code": 200,
"data": {
"details": "Connected!",
"events": "Message",
"jid": "5491155554444.0:52@s.whatsapp.net",
"webhook": "http://some.site/webhook?token=123456"
},
"success": true
}"""
# The document cuts the picture off with dots.
QR = """{
"code": 200,
"data": {
"QRCode": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAQAAAAEAAQMAAABmvDolAAAABlBMVEX///8AAABVwtN+AAAEw0lEQVR42uyZ"
},
"success": true
}"""
CHECKED = """{
"code": 200,
"data": {
"Users": [
{
"IsInWhatsapp": true,
"JID": "5491155554445@s.whatsapp.net",
"Query": "5491155554445",
"VerifiedName": "Company Name"
},
{
"IsInWhatsapp": false,
"JID": "5491155554444@s.whatsapp.net",
"Query": "5491155554444",
"VerifiedName": ""
}
]
},
"success": true
}"""
INFO = """{
"code": 200,
"data": {
"Users": {
"5491155554445@s.whatsapp.net": {
"Devices": [],
"PictureID": "",
"Status": "",
"VerifiedName": null
},
"5491155554444@s.whatsapp.net": {
"Devices": [
"5491155554444.0:0@s.whatsapp.net",
"5491155554444.0:11@s.whatsapp.net"
],
"PictureID": "",
"Status": "",
"VerifiedName": {
"Certificate": {
"details": "CP7t782FIRIGc21iOndeshIghUcml4b2NvbQ==",
"signature": "e35Fd320dccNmaBdNw+Yqtz1Q5545XpT9PpSlntqwaXpj1boOrQUnq9TNhYzGtgPWznTjRl7kHEBQ=="
},
"Details": {
"issuer": "smb:wa",
"serial": 23810327841439764000,
"verifiedName": "Great Company"
}
}
}
}
},
"success": true
}"""
PICTURE_PATH = (
    "/v/t61.24694-24/227295214_112447507729487_4643695328050510566_n.jpg"
    "?stp=dst-jpg_s96x96&ccb=11-4&oh=ja432434a91e8f41d86d341bx889c217&oe=543222A4"
)
AVATAR = f"""{{
"URL": "https://pps.whatsapp.net{PICTURE_PATH}",
"ID": "1645308319",
"Type": "preview",
"DirectPath": "{PICTURE_PATH}"
}}"""
CONTACTS = """{
"code": 200,
"data": {
"5491122223333@s.whatsapp.net": {
"BusinessName": "",
"FirstName": "",
"Found": true,
"FullName": "",
"PushName": "FOP2"
},
"549113334444@s.whatsapp.net": {
"BusinessName": "",
"FirstName": "",
"Found": true,
"FullName": "",
"PushName": "Asternic"
}
}
}"""
GROUP = """{
"AnnounceVersionID": "1650572126123738",
"DisappearingTimer": 0,
"GroupCreated": "2022-04-21T17:15:26-03:00",
"IsAnnounce": false,
"IsEphemeral": false,
"IsLocked": false,
"JID": "120362023605733675@g.us",
"Name": "Super Group",
"NameSetAt": "2022-04-21T17:15:26-03:00",
"NameSetBy": "5491155554444@s.whatsapp.net",
"OwnerJID": "5491155554444@s.whatsapp.net",
"ParticipantVersionID": "1650234126145738",
"Participants": [
{
"IsAdmin": true,
"IsSuperAdmin": true,
"JID": "5491155554444@s.whatsapp.net"
},
{
"IsAdmin": false,
"IsSuperAdmin": false,
"JID": "5491155553333@s.whatsapp.net"
},
{
"IsAdmin": false,
"IsSuperAdmin": false,
"JID": "5491155552222@s.whatsapp.net"
}
],
"Topic": "",
"TopicID": "",
"TopicSetAt": "0001-01-01T00:00:00Z",
"TopicSetBy": ""
}"""
GROUPS = f'{{"code": 200, "data": {{"Groups": [{GROUP}]}}, "success": true}}'


def done(**data: Any) -> str:
    """A success, as short as the document has most of them."""
    return json.dumps({"code": 200, "data": data, "success": True})


def envelope(data: Any) -> Reply:
    """A success with any data at all."""
    return Reply(200, json.dumps({"code": 200, "data": data, "success": True}).encode())


def failure(status: int, error: str) -> Reply:
    return Reply(status, json.dumps({"code": status, "error": error, "success": False}).encode())


# What becomes of them


def sent(message_id: str = "90B2F8B13FAC8A9CF6B06E99C7834DC5", to: str = TO) -> SentMessage:
    moment = datetime(2022, 4, 20, 12, 49, 8, tzinfo=BRASILIA)
    return SentMessage(vendor="wuzapi", message_id=message_id, to=to, timestamp=moment)


SUPER_GROUP = Group(
    vendor="wuzapi",
    jid="120362023605733675@g.us",
    name="Super Group",
    participants=("5491155554444@s.whatsapp.net", "5491155553333@s.whatsapp.net", "5491155552222@s.whatsapp.net"),
    owner="5491155554444@s.whatsapp.net",
    created_at=datetime(2022, 4, 21, 17, 15, 26, tzinfo=BRASILIA),
)
PICTURE = Avatar(
    vendor="wuzapi", url=f"https://pps.whatsapp.net{PICTURE_PATH}", picture_id="1645308319", kind="preview"
)
LOGGED_IN = Session(vendor="wuzapi", state=SessionState.LOGGED_IN, detail="connected")
CARD = ContactCard("Casa", "+1 617 555 1212", "Example.com Inc.")
FILE = b"hello"


def download(kind: str, media_type: str) -> Sample:
    reference = {
        "Url": "https://mmg.whatsapp.net/d/f/Apah954sUug5I9GnQsmXKPUdUn3ZPKGYFnscJU02dpuD.enc",
        "Mimetype": media_type,
        "FileSHA256": "nMthnfkUWQiMfNJpA6K9+ft+Dx9Mb1STs+9wMHjeo/M=",
        "FileLength": 2039,
        "MediaKey": "vq0RR0nYGkxm2HrpwUp3sK8A7Nr1KUcOiBHrT1hg+PU=",
        "FileEncSHA256": "6bMVZ5dRf9JKxJSUgg4w1h3iSYA3dM8gEQxaMPwoONc=",
    }
    return Sample(
        lambda vendor: vendor.download(kind, reference),
        (done(Mimetype=media_type, Data=url_of(FILE, media_type)),),
        MediaFile(vendor="wuzapi", content=FILE, media_type=media_type),
        body=json.dumps(reference),
        note="the reply is of the field notes: the document shows none",
    )


SAMPLES: dict[str, list[Sample]] = {
    "POST /webhook": [
        Sample(
            lambda vendor: vendor.set_webhook("https://example.net/webhook"),
            (
                done(webhook="https://example.net/webhook"),
                done(webhook="https://example.net/webhook", subscribe=[*EVENTS]),
            ),
            Webhook(vendor="wuzapi", url="https://example.net/webhook", events=EVENTS),
            body='{"webhookURL":"https://some.server/webhook"}',
            mended={"webhookURL": "https://example.net/webhook", "events": [*EVENTS]},
            note="without events newer servers blank the subscriptions; the document answers with another URL",
        ),
    ],
    "GET /webhook": [
        Sample(
            lambda vendor: vendor.webhook(),
            (done(subscribe=["Message"], webhook="https://example.net/webhook"),),
            Webhook(vendor="wuzapi", url="https://example.net/webhook", events=("Message",)),
        ),
        Sample(
            lambda vendor: vendor.webhook(),
            (done(subscribe=[""], webhook=""),),
            Webhook(vendor="wuzapi", url=""),
            note="field notes: no subscription is one empty text",
        ),
    ],
    "PUT /webhook": [
        Sample(
            lambda vendor: vendor.update_webhook("https://some.server/webhook", ["Message"]),
            (
                done(webhook="https://some.server/webhook", events=["Message"], active=True),
                done(webhook="https://some.server/webhook", subscribe=["Message"]),
            ),
            Webhook(vendor="wuzapi", url="https://some.server/webhook", events=("Message",)),
            body='{"webhook":"https://some.server/webhook","events":["Message"],"active":true}',
        ),
        Sample(
            lambda vendor: vendor.update_webhook("https://some.server/webhook", active=False),
            (done(webhook="", events=[*EVENTS], active=False), done(webhook="", subscribe=[""])),
            Webhook(vendor="wuzapi", url=""),
            body='{"webhook":"https://some.server/webhook","active":false}',
            mended={"events": [*EVENTS]},
            note="events are always sent",
        ),
    ],
    "DELETE /webhook": [
        Sample(lambda vendor: vendor.delete_webhook(), (done(Details="Webhook and events deleted successfully"),), None)
    ],
    "POST /session/connect": [
        Sample(
            lambda vendor: vendor.connect(["Message"], immediate=False),
            (CONNECTED, STATUS),
            LOGGED_IN,
            body='{"Subscribe":["Message"],"Immediate":false}',
        ),
    ],
    "POST /session/hmac/config": [
        Sample(
            lambda vendor: replace(vendor, hmac_secret=HMAC_KEY).set_webhook("https://x", ["Message"]),
            (
                '{"Details":"HMAC configuration saved successfully"}',
                done(webhook="https://x"),
                done(webhook="https://x", subscribe=["Message"]),
            ),
            Webhook(vendor="wuzapi", url="https://x", events=("Message",)),
            body=json.dumps({"hmac_key": HMAC_KEY}),
            note="the newest server's source; the answer has no envelope",
        )
    ],
    "POST /session/history": [
        Sample(
            lambda vendor: vendor.keep_history(50),
            (done(Details="History configured successfully", History=50),),
            None,
            body='{"history":50}',
            note="the newest server's source",
        )
    ],
    "GET /health": [
        Sample(
            lambda vendor: vendor.server_version(),
            ('{"status":"ok","timestamp":"2026-05-19T12:00:00Z","total_users":1,"version":"1.0.6"}',),
            "1.0.6",
        ),
        Sample(lambda vendor: vendor.server_version(), (GONE,), None),
    ],
    "POST /session/disconnect": [
        Sample(
            lambda vendor: vendor.disconnect(),
            (done(Details="Disconnected"),),
            None,
            body="{}",
            note="the document sends no body; an empty one is read as the same",
        )
    ],
    "POST /session/logout": [
        Sample(
            lambda vendor: vendor.logout(),
            (done(Details="Logged out"),),
            None,
            body="{}",
            note="the document sends no body; an empty one is read as the same",
        )
    ],
    "GET /session/status": [
        Sample(lambda vendor: vendor.session(), (STATUS,), LOGGED_IN),
        Sample(
            lambda vendor: vendor.session(),
            (done(connected=True, loggedIn=False, jid="", name="me", events="Message", qrcode="data:...", token="x"),),
            Session(
                vendor="wuzapi",
                state=SessionState.LOGGED_OUT,
                name="me",
                detail="connected, its QR code is not scanned yet",
            ),
            note="field notes: newer servers, lower case",
        ),
    ],
    "GET /session/qr": [Sample(lambda vendor: vendor.qr_code(), (QR,), QrCode(vendor="wuzapi", png=PNG))],
    "POST /session/pairphone": [
        Sample(
            lambda vendor: vendor.pair_phone(TO),
            (done(LinkingCode="9H3J-H3J8"),),
            LinkingCode(vendor="wuzapi", code="9H3J-H3J8"),
            body='{"Phone":"5491155554444"}',
        )
    ],
    "POST /user/info": [
        Sample(
            lambda vendor: vendor.user_info(["5491155554445", "5491155554444"]),
            (INFO,),
            [
                UserInfo(vendor="wuzapi", jid="5491155554445@s.whatsapp.net"),
                UserInfo(
                    vendor="wuzapi",
                    jid="5491155554444@s.whatsapp.net",
                    business_name="Great Company",
                    devices=("5491155554444.0:0@s.whatsapp.net", "5491155554444.0:11@s.whatsapp.net"),
                ),
            ],
            body='{"Phone":["5491155554445","5491155554444"]}',
            mended={"Phone": ["5491155554445@s.whatsapp.net", "5491155554444@s.whatsapp.net"]},
            note="newer servers take nothing but full JIDs",
        ),
    ],
    "POST /user/check": [
        Sample(
            lambda vendor: vendor.check([PhoneNumber("5491155554445", "54"), PhoneNumber("5491155554444", "54")]),
            (CHECKED,),
            [
                CheckResult(
                    vendor="wuzapi",
                    number="5491155554445",
                    status=CheckStatus.EXISTS,
                    jid="5491155554445@s.whatsapp.net",
                    detail="Company Name",
                ),
                CheckResult(vendor="wuzapi", number="5491155554444", status=CheckStatus.ABSENT),
            ],
            body='{"Phone":["5491155554445","5491155554444"]}',
        ),
    ],
    "GET /user/avatar": [
        Sample(
            lambda vendor: vendor.avatar("5491155554445", preview=True),
            (GONE, AVATAR),
            PICTURE,
            body='{"Phone":"5491155554445","Preview":true}',
            at=1,
            note="the document's body has a stray bracket; POST is tried first",
        ),
    ],
    "POST /user/avatar": [
        Sample(
            lambda vendor: vendor.avatar("5491155554445", preview=True),
            (done(url=PICTURE.url, id="1645308319", type="preview", direct_path=PICTURE_PATH),),
            PICTURE,
            body='{"Phone":"5491155554445","Preview":true}',
        ),
    ],
    "GET /user/contacts": [
        Sample(
            lambda vendor: vendor.contacts(),
            (CONTACTS,),
            [
                Contact(vendor="wuzapi", jid="5491122223333@s.whatsapp.net", name="FOP2"),
                Contact(vendor="wuzapi", jid="549113334444@s.whatsapp.net", name="Asternic"),
            ],
        ),
    ],
    "GET /user/lid/{jid}": [
        Sample(
            lambda vendor: vendor.lid(TO),
            (done(jid="5491155554444@s.whatsapp.net", lid="123456789012345@lid"),),
            "123456789012345@lid",
            path="/user/lid/5491155554444@s.whatsapp.net",
        )
    ],
    "POST /user/block": [
        Sample(
            lambda vendor: vendor.block(TO),
            (done(Details="User blocked", JID=f"{TO}@s.whatsapp.net", Blocklist=[f"{TO}@s.whatsapp.net"], DHash="1"),),
            None,
            body='{"Phone":"5491155554444@s.whatsapp.net"}',
            note="the newest server's source",
        )
    ],
    "POST /user/unblock": [
        Sample(
            lambda vendor: vendor.unblock(TO),
            (done(Details="User unblocked", JID=f"{TO}@s.whatsapp.net", Blocklist=[], DHash="1"),),
            None,
            body='{"Phone":"5491155554444@s.whatsapp.net"}',
            note="the newest server's source",
        )
    ],
    "POST /chat/send/text": [
        Sample(
            lambda vendor: vendor.send(TO, Text("Hellow Meow"), message_id="90B2F8B13FAC8A9CF6B06E99C7834DC5"),
            (SENT,),
            sent(),
            body='{"Phone":"5491155554444","Body":"Hellow Meow", "Id": "90B2F8B13FAC8A9CF6B06E99C7834DC5"}',
        ),
        Sample(
            lambda vendor: vendor.send(TO, Text("Ditto", "AA3DSE28UDJES3", "5491155553935@s.whatsapp.net")),
            (SENT,),
            sent(),
            body="""{"Phone":"5491155554444","Body":"Ditto",
                "ContextInfo":{"StanzaId":"AA3DSE28UDJES3","Participant":"5491155553935@s.whatsapp.net"}}""",
        ),
        Sample(
            lambda vendor: vendor.send(TO, Text("Hellow Meow")),
            (done(Details="Sent", Id="90B2F8B13FAC8A9CF6B06E99C7834DC5", Timestamp=1650469748),),
            sent(),
            body='{"Phone":"5491155554444","Body":"Hellow Meow"}',
            note="field notes: the time is a Unix one since 2025",
        ),
    ],
    "POST /chat/send/template": [
        Sample(
            lambda vendor: vendor.send(
                TO,
                Buttons(
                    "Template content",
                    (
                        Button("Yes"),
                        Button("No"),
                        Button("Visit Site", url="https://www.fop2.com"),
                        Button("Llamame", phone="1155554444"),
                    ),
                    "Some footer text",
                ),
            ),
            (SENT,),
            sent(),
            body="""{"Phone":"5491155554444","Content":"Template content","Footer":"Some footer text","Buttons":[
                {"DisplayText":"Yes","Type":"quickreply"},{"DisplayText":"No","Type":"quickreply"},
                {"DisplayText":"Visit Site","Type":"url","Url":"https://www.fop2.com"},
                {"DisplayText":"Llamame","Type":"call","PhoneNumber":"1155554444"}]}""",
        ),
    ],
    "POST /chat/send/buttons": [
        Sample(
            lambda vendor: vendor.send(
                TO,
                Buttons(
                    "Tea?", (Button("Yes"), Button("Menu", url="https://x.example"), Button("Call", phone="+34600"))
                ),
            ),
            (GONE, SENT),
            sent(),
            body="""{"Phone":"5491155554444","Body":"Tea?","Buttons":[
                {"Type":"reply","ButtonId":"1","ButtonText":"Yes"},
                {"Type":"cta_url","ButtonId":"2","ButtonText":"Menu","url":"https://x.example"},
                {"Type":"cta_call","ButtonId":"3","ButtonText":"Call","phone_number":"+34600"}]}""",
            at=1,
            note="the newest server's source; Go reads field names in any case",
        ),
        Sample(
            lambda vendor: vendor.send(TO, Buttons("Tea?", (Button("Yes"), Button("No")))),
            (GONE, Reply(400, b'{"code":400,"error":"missing Title in Payload","success":false}'), SENT),
            sent(),
            body="""{"Phone":"5491155554444","Title":"Tea?",
                "Buttons":[{"ButtonId":"1","ButtonText":"Yes"},{"ButtonId":"2","ButtonText":"No"}]}""",
            at=2,
            note="the source of servers in between",
        ),
    ],
    "POST /chat/send/list": [
        Sample(
            lambda vendor: vendor.send(
                TO, ListMessage("Choose", "Open", (ListRow("Tea"), ListRow("Pie", "apple", "Food")), "Menu", "Enjoy")
            ),
            (SENT,),
            sent(),
            body="""{"Phone":"5491155554444","Desc":"Choose","ButtonText":"Open","TopText":"Menu","FooterText":"Enjoy",
                "Sections":[{"Title":"","Rows":[{"RowId":"1","Title":"Tea"}]},
                {"Title":"Food","Rows":[{"RowId":"2","Title":"Pie","Desc":"apple"}]}]}""",
            note="the newest server's source",
        ),
    ],
    "POST /chat/send/poll": [
        Sample(
            lambda vendor: vendor.send("120362023605733675@g.us", Poll("Tea?", ("yes", "no")), message_id="A1"),
            (done(Details="Poll sent successfully", Id="A1"),),
            SentMessage(vendor="wuzapi", message_id="A1", to="120362023605733675@g.us"),
            body='{"Group":"120362023605733675@g.us","Header":"Tea?","Options":["yes","no"],"Id":"A1"}',
            note="the newest server's source",
        ),
    ],
    "POST /chat/send/edit": [
        Sample(
            lambda vendor: vendor.send(TO, Edit("90B2F8B13FAC8A9CF6B06E99C7834DC5", "Hello Meow")),
            (SENT,),
            sent(),
            body='{"Phone":"5491155554444","Body":"Hello Meow","Id":"90B2F8B13FAC8A9CF6B06E99C7834DC5"}',
            note="the newest server's source",
        ),
    ],
    "POST /chat/send/audio": [
        Sample(
            lambda vendor: vendor.send(TO, Audio(Media(OGG))),
            (SENT,),
            sent(),
            body='{"Phone":"5491155554444","Audio":"data:audio/ogg;base64,T2dnUw..."}',
            mended={"Audio": "data:audio/ogg;base64,T2dnUw==", "ptt": True, "mimetype": "audio/ogg; codecs=opus"},
            note="the document cuts the file off with dots; newer servers go by ptt and mimetype",
        ),
        Sample(
            lambda vendor: vendor.send(TO, Audio(Media(b"ID3"))),
            (SENT,),
            sent(),
            body='{"Phone":"5491155554444","Audio":"data:audio/mpeg;base64,SUQz","ptt":false,"mimetype":"audio/mpeg"}',
            note="the newest server's source: music, not a voice note",
        ),
    ],
    "POST /chat/send/image": [
        Sample(
            lambda vendor: vendor.send(TO, Image(Media(PNG), "Look at this")),
            (SENT,),
            sent(),
            body="""{"Phone":"5491155554444","Caption":"Look at this",
                "Image":"data:image/jpeg;base64,iVBORw0KGgoAAAANSU..."}""",
            mended={"Image": url_of(PNG, "image/png")},
            note="the document calls a PNG a JPEG and cuts it off with dots",
        ),
    ],
    "POST /chat/send/document": [
        Sample(
            lambda vendor: vendor.send(TO, Document(Media(b"hola que tal\n", filename="hola.txt"))),
            (SENT,),
            sent(),
            body="""{"Phone":"5491155554444","FileName":"hola.txt",
                "Document":"data:application/octet-stream;base64,aG9sYSBxdWUgdGFsCg=="}""",
            mended={"MimeType": "text/plain"},
            note="newer servers take a spreadsheet for a ZIP archive without the type",
        ),
    ],
    "POST /chat/send/video": [
        Sample(
            lambda vendor: vendor.send(TO, Video(Media(MP4), "Look at this")),
            (SENT,),
            sent(),
            body="""{"Phone":"5491155554444","Caption":"Look at this",
                "Video":"data:image/jpeg;base64,iVBORw0KGgoAAAANSU..."}""",
            mended={"Video": url_of(MP4, "video/mp4"), "MimeType": "video/mp4"},
            note="the document's video is a PNG under a JPEG's name, cut off with dots",
        ),
        Sample(
            lambda vendor: vendor.send(TO, Video(Media(MP4), thumbnail=JPEG)),
            (SENT,),
            sent(),
            body='{"Phone":"5491155554444","JpegThumbnail":"/9j/4A=="}',
            mended={"Video": url_of(MP4, "video/mp4"), "MimeType": "video/mp4"},
            note="the document names the thumbnail but has no sample of it",
        ),
    ],
    "POST /chat/send/sticker": [
        Sample(
            lambda vendor: vendor.send(TO, Sticker(Media(WEBP), thumbnail=PNG)),
            (SENT,),
            sent(),
            body="""{"Phone":"5491155554444","PngThumbnail":"VBORgoAANSU=",
                "Sticker":"data:image/jpeg;base64,iVBORw0KGgoAAAANSU..."}""",
            mended={"Sticker": url_of(WEBP, "image/webp"), "PngThumbnail": base64.b64encode(PNG).decode()},
            note="the document's sticker is a PNG under a JPEG's name, and its thumbnail is no PNG",
        ),
    ],
    "POST /chat/send/location": [
        Sample(
            lambda vendor: vendor.send(TO, Location(48.858370, 2.294481, "Paris")),
            (SENT,),
            sent(),
            body='{"Latitude":48.858370,"Longitude":2.294481,"Phone":"5491155554444","Name":"Paris"}',
        ),
    ],
    "POST /chat/send/contact": [
        Sample(
            lambda vendor: vendor.send(TO, CARD),
            (SENT,),
            sent(),
            body='{"Phone":"5491155554444","Name":"Casa","Vcard":"BEGIN:VCARD..."}',
            mended={"Vcard": CARD.vcard},
            note="the document's vCard has lines run together; ours is built from name, number and organization",
        ),
    ],
    "POST /chat/presence": [
        Sample(
            lambda vendor: vendor.presence(TO, "composing"),
            (done(Details="Chat presence set successfuly"),),
            None,
            body='{"Phone":"5491155554444","State":"composing","Media":""}',
        ),
        Sample(
            lambda vendor: vendor.presence(TO, "paused", audio=True),
            (done(Details="Chat presence set successfuly"),),
            None,
            body='{"Phone":"5491155554444","State":"paused","Media":"audio"}',
        ),
    ],
    "POST /chat/markread": [
        Sample(
            lambda vendor: vendor.mark_read(["AABBCCDD112233", "IIOOPPLL43332"], "5491155553934.0:1@s.whatsapp.net"),
            (done(Details="Message(s) marked as read"),),
            None,
            body='{"Id":["AABBCCDD112233","IIOOPPLL43332"],"Chat":"5491155553934.0:1@s.whatsapp.net"}',
            note="the document's list has a stray quotation mark",
        ),
        Sample(
            lambda vendor: vendor.mark_read(["A1"], "120362023605733675@g.us", "5491155553934"),
            (done(Details="Message(s) marked as read"),),
            None,
            body='{"Id":["A1"],"Chat":"120362023605733675@g.us","Sender":"5491155553934@s.whatsapp.net"}',
        ),
    ],
    "POST /chat/react": [
        Sample(
            lambda vendor: vendor.send(TO, Reaction("069EDE53E81CB5A4773587FB96CB3ED3", "❤️", own=True)),
            (done(Details="Sent", Id="069EDE53E81CB5A4773587FB96CB3ED3", Timestamp="2022-04-20T12:49:08-03:00"),),
            sent("069EDE53E81CB5A4773587FB96CB3ED3"),
            body='{"Phone":"5491155554444","Body":"❤️","Id":"me:069EDE53E81CB5A4773587FB96CB3ED3"}',
        ),
        Sample(
            lambda vendor: vendor.send(TO, Reaction("A1", "")),
            (done(Details="Sent", Id="A1", Timestamp=1650469748),),
            sent("A1"),
            body='{"Phone":"5491155554444","Body":"remove","Id":"A1"}',
            note="field notes: how a reaction is taken back",
        ),
    ],
    "POST /chat/delete": [
        Sample(
            lambda vendor: vendor.delete_message(TO, "A1"),
            (done(Details="Deleted", Id="A1", Timestamp=1650469748),),
            sent("A1"),
            body='{"Phone":"5491155554444","Id":"A1"}',
            note="the newest server's source",
        ),
    ],
    "POST /chat/downloadimage": [download("image", "image/jpeg")],
    "POST /chat/downloadvideo": [download("video", "video/mp4")],
    "POST /chat/downloadaudio": [download("audio", "audio/ogg; codecs=opus")],
    "POST /chat/downloaddocument": [download("document", "application/pdf")],
    "POST /chat/downloadsticker": [download("sticker", "image/webp")],
    "GET /chat/history": [
        Sample(
            lambda vendor: vendor.inbox(),
            (
                done(connected=True, loggedIn=True, id="u1", history="20"),
                done(u1=[{"chat_jid": KEPT["chat_jid"], "last_updated": KEPT["timestamp"]}], u2=[{"chat_jid": "2@x"}]),
                json.dumps({"code": 200, "data": [{**KEPT, "id": 2, "sender_jid": "me"}, KEPT], "success": True}),
            ),
            [
                InboxMessage(
                    vendor="wuzapi",
                    message_id="3EB06F9067F80BAB89FF",
                    wa_message_id="3EB06F9067F80BAB89FF",
                    sender="51987654321",
                    chat="51987654321@s.whatsapp.net",
                    kind="text",
                    text="Hello",
                    received_at=datetime(2025, 9, 22, 3, 39, 48, 123456, tzinfo=timezone.utc),
                )
            ],
            params={"chat_jid": "51987654321@s.whatsapp.net", "limit": "20"},
            at=2,
            note="the newest server's source",
        )
    ],
    "GET /group/list": [
        Sample(lambda vendor: vendor.groups(), (GROUPS,), [SUPER_GROUP]),
        Sample(lambda vendor: vendor.groups(), (done(Groups=None),), [], note="field notes: no group at all is null"),
    ],
    "GET /group/invitelink": [
        Sample(
            lambda vendor: vendor.invite_link("120362023605733675@g.us"),
            (done(InviteLink="https://chat.whatsapp.com/HffXhYmzzyJGec61oqMXiz"),),
            "https://chat.whatsapp.com/HffXhYmzzyJGec61oqMXiz",
            body='{"GroupJID":"120362023605733675@g.us"}',
            params={"groupJID": "120362023605733675@g.us"},
            note="newer servers read the query, not the body",
        ),
    ],
    "GET /group/info": [
        Sample(
            lambda vendor: vendor.group_info("120362023605733675@g.us"),
            (f'{{"code": 200, "data": {GROUP}, "success": true}}',),
            SUPER_GROUP,
            body='{"GroupJID":"120362023605733675@g.us"}',
            params={"groupJID": "120362023605733675@g.us"},
            note="newer servers read the query, not the body",
        ),
    ],
    "POST /group/photo": [
        Sample(
            lambda vendor: vendor.set_group_photo("120362023605733675@g.us", Media(JPEG)),
            (done(Details="Group Photo set successfully", PictureID="122233212312"),),
            "122233212312",
            body='{"GroupJID":"120362023605733675@g.us","Image":"data:image/jpeg;base64,AABB00DD-"}',
            mended={"Image": url_of(JPEG, "image/jpeg")},
            note="the document's picture is neither base64 nor a JPEG",
        ),
    ],
    "POST /group/name": [
        Sample(
            lambda vendor: vendor.set_group_name("120362023605733675@g.us", "New Group Name"),
            (done(Details="Group Name set successfully"),),
            None,
            body='{"GroupJID":"120362023605733675@g.us","Name":"New Group Name"}',
        ),
    ],
}


def _posted(kind: str, event: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": kind, "event": event, **more}


TOLD_AT = datetime(2025, 9, 22, 3, 39, 48, tzinfo=timezone.utc)
INFO: dict[str, Any] = {
    "ID": "3EB06F9067F80BAB89FF",
    "Chat": "51987654321@s.whatsapp.net",
    "Sender": "51987654321:12@s.whatsapp.net",
    "IsFromMe": False,
    "IsGroup": False,
    "Timestamp": "2025-09-22T03:39:48Z",
    "Type": "text",
    "PushName": "Ana",
}
RECEIVED = InboxMessage(
    vendor="wuzapi",
    message_id="3EB06F9067F80BAB89FF",
    wa_message_id="3EB06F9067F80BAB89FF",
    sender="51987654321",
    chat="51987654321@s.whatsapp.net",
    kind="text",
    text="Hello",
    received_at=TOLD_AT,
    sender_name="Ana",
)
RECEIPT: dict[str, Any] = {
    "Chat": "51987654321@s.whatsapp.net",
    "Sender": "51987654321@s.whatsapp.net",
    "IsFromMe": False,
    "IsGroup": False,
    "MessageIDs": ["A1", "A2"],
    "Timestamp": "2025-09-22T03:39:48Z",
    "Type": "read",
}
READ = tuple(
    DeliveryStatus(
        vendor="wuzapi",
        message_id=message_id,
        state=DeliveryState.READ,
        to="51987654321",
        code="Read",
        read_at=TOLD_AT,
    )
    for message_id in ("A1", "A2")
)

POSTS: dict[str, tuple[dict[str, Any], tuple[DeliveryStatus | InboxMessage | None, ...]]] = {
    "a text": (_posted("Message", {"Info": INFO, "Message": {"conversation": "Hello"}}), (RECEIVED,)),
    "a picture": (
        _posted(
            "Message",
            {"Info": {**INFO, "Type": "media"}, "Message": {"imageMessage": {"caption": "Hello"}}},
            base64=base64.b64encode(JPEG).decode(),
            mimeType="image/jpeg",
            fileName="3EB06F9067F80BAB89FF.jpg",
        ),
        (replace(RECEIVED, kind="image"),),
    ),
    "from somebody whose number is hidden": (
        _posted(
            "Message",
            {"Info": {**INFO, "Sender": "1528:3@lid", "Chat": "1528@lid"}, "Message": {"conversation": "Hello"}},
        ),
        (replace(RECEIVED, sender="1528@lid", chat="1528@lid", lid="1528@lid"),),
    ),
    "a message of our own": (
        _posted("Message", {"Info": {**INFO, "IsFromMe": True}, "Message": {"conversation": "Hello"}}),
        (None,),
    ),
    "a receipt for two": (_posted("ReadReceipt", RECEIPT, state="Read"), READ),
    "a receipt of arrival": (
        _posted("ReadReceipt", {**RECEIPT, "MessageIDs": ["A1"], "Type": ""}, state="Delivered"),
        (replace(READ[0], state=DeliveryState.DELIVERED, code="Delivered", read_at=None, delivered_at=TOLD_AT),),
    ),
    "what we read ourselves": (_posted("ReadReceipt", {**RECEIPT, "Type": "read-self"}, state="ReadSelf"), (None,)),
    "the history": (_posted("HistorySync", {"Data": {"syncType": 3, "conversations": []}}), (None,)),
    "somebody is writing": (
        _posted("ChatPresence", {"Chat": INFO["Chat"], "State": "composing"}, state="composing"),
        (None,),
    ),
}
"""The JSON of posts to a webhook by the field notes, and the records of the events that they tell (without ``raw``)."""

UNDOCUMENTED = {"timeout"}
"""Fields of requests that are ours."""
SECRETS = ("1234ABCD", "9H3J-H3J8", HMAC_KEY)

# What happens twice in the world if the request is repeated.
SENDING = {name for name in SAMPLES if name.startswith("POST /chat/send/")} | {
    "POST /chat/react",
    "POST /chat/delete",
    "POST /session/connect",
}


def _exchange(name: str, sample: Sample) -> Exchange:
    method, _, path = name.partition(" ")
    request = Request(
        method,
        sample.path or path,
        Effect.SEND if name in SENDING else Effect.READ,
        params=sample.params,
        headers={"Token": "1234ABCD"},
        json=sample.request,
    )
    answers = tuple(sample.answers)
    return Exchange(name, lambda: sample.call(VENDOR), answers, sample.becomes, request, sample.at)


ACCOUNT = {"userID": "4e4942c7dee1deef99ab8fd9f7350de5", "instanceName": "shop"}


def _incoming(name: str, body: dict[str, Any], records: tuple[Any, ...]) -> Incoming:
    posts = Post(fields={"jsonData": json.dumps(body), **ACCOUNT}), Post(data={**body, **ACCOUNT})
    kept = {key: value for key, value in body.items() if key not in ("base64", "mimeType", "fileName")}
    picture = MediaFile(vendor="wuzapi", content=JPEG, media_type="image/jpeg", filename="3EB06F9067F80BAB89FF.jpg")
    told = {"raw": kept, "vendor_kind": body["type"], "file": picture if name == "a picture" else None}
    return Incoming(posts, tuple({"record": record, **told} for record in records))


EXCHANGES = [_exchange(name, sample) for name, samples in SAMPLES.items() for sample in samples]
INCOMING = {name: _incoming(name, *post) for name, post in POSTS.items()}
