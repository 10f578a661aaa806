# SPDX-License-Identifier: Apache-2.0
"""Every request and reply sample of vendor-docs/wa_portal, as data: what must go out, and what a reply must become.

Mended throughout: the columns of the document break lines in the middle of words and numbers, and its Markdown puts
backslashes before underscores and spaces. Digits that it hides behind stars stay hidden. What else had to be mended
stands beside the sample.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from contract.exchange import Exchange, Incoming
from helpers.script import reply

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    QuotaExceeded,
    SessionDown,
    Unauthorized,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Request, Upload
from airflow_provider_wa.api.messages import (
    Button,
    Buttons,
    ContactCard,
    Document,
    Image,
    ListMessage,
    ListRow,
    Location,
    Media,
    Message,
    Text,
)
from airflow_provider_wa.api.records import (
    Balance,
    Contact,
    DeliveryState,
    DeliveryStatus,
    Group,
    InboxMessage,
    MediaFile,
    QrCode,
    SentMessage,
    Session,
    SessionState,
)
from airflow_provider_wa.api.webhooks import Post
from airflow_provider_wa.vendors.wa_portal.client import QrLink, WaPortal

TOKEN = "62b32c76758e0afb0d390793"
TO = "919300000001"
INDIA = timezone(timedelta(hours=5, minutes=30))
TODAY = datetime(2022, 6, 26, 9, tzinfo=INDIA)
VENDOR = WaPortal(base_url="https://portal.example", token=TOKEN, clock=lambda: TODAY)

# Replies

# 1.1 and most others; 1.3 (a), 1.4, 1.7 and 1.9 spell it messageIds.
SENT = """{"status":"success","message":"00-Success","data":{"connStatus":true,
"messageIDs":["62b32db5758e0afb0d3907e1"]},"responsetime":0.001561498}"""
SENT_IDS = SENT.replace("messageIDs", "messageIds")
EXPIRED = """{"status":"error","message":"05-Quota expiry","request":{"message":["hello"],"phone":["9193*****1"],
"token":["62b32c76758e0afb0d390793"]},"responsetime":0.00049408}"""
EXPIRED_PLACE = EXPIRED.replace("hello", "location name")
EXPIRED_LIST = """{"status":"error","message":"05-Quota expiry","request":{"buttonText":["Button_Text"],
"description":["Text_Message"],"footer":["Footer_Text"],"phone":["9***1"],
"rows":["Section_Text:Menu_Item_Text:Menu_Item_Description"],"title":["Header_Text"],
"token":["62b32c76758e0afb0d390793"]},"responsetime":0.001408399}"""
INCOMPLETE = """{"status":"error",
"message":"please check request required header/message/buttonText/ at least one row",
"request":{"phone":["9***1"],"token":["5f21868ad1a8239cc335ccf3"]},"responsetime":0.00000826}"""
NOT_SAVED = '{"status":"error","message":"08-Save file / document failed","responsetime":0.941790251}'
NO_LINK = '{"status":"error","message":"09-Link not valid","responsetime":0.00001772}'
NOT_DOWNLOADED = '{"status":"error","message":"10-Download file failed","responsetime":0.941790251}'
NOTHING_FOUND = '{"status":"error","message":"14-Data not found","responsetime":0.088298881}'
REFUSED = '{"status":"error","message":"invalid object id","responsetime":0.00002883}'

# 2.1
FARES = """{"status":"success","message":"00-Success","data":{"messageID":"62*****35","clientID":"5f*****c8",
"instanceID":"5f*****f3","creditID":"","phone":"919*****1","full_push_name":"","text":"test_message","link":"",
"serverSend":false,"isMedia":false,"mediaType":"","mediaPath":"","isLocation":false,"location":null,"isContact":false,
"contact":null,"isButton":false,"button":null,"isList":false,"list":null,"wacheck":false,"waID":"919***0",
"waMessageID":"EC***22","status":1,"timedOut":0,"statusInfo":"Sent","statusMessage":3,"statusMessageInfo":"Delivered",
"mode":"Panel","deliveredAt":"2022-06-25T14:36:16.546+05:30","readAt":null,
"createdAt":"2022-06-25T14:36:01.025+05:30","updatedAt":"2022-06-25T14:36:01.474+05:30","value":null},
"responsetime":0.000954181}"""

# 2.2
REPORT = """{"status":"success","message":"00-Success","data":[{"messageID":"62***35","clientId":"5f***c8",
"instanceID":"5f***f3","creditID":"","phone":"919***1","full_push_name":"","text":"test_message","link":"",
"serverSend":false,"isMedia":false,"mediaType":"","mediaPath":"","isLocation":false,"location":null,"isContact":false,
"contact":null,"isButton":false,"button":null,"isList":false,"list":null,"wacheck":false,"waID":"919***0",
"waMessageID":"EC***22","status":1,"timedOut":0,"statusInfo":"Sent","statusMessage":3,"statusMessageInfo":"Delivered",
"mode":"Panel","deliveredAt":"2022-06-25T14:36:16.546+05:30","readAt":null,
"createdAt":"2022-06-25T14:36:01.025+05:30","updatedAt":"2022-06-25T14:36:01.474+05:30","value":null}],
"total":1,"offset":0,"limit":0,"responsetime":0.237454041}"""

# 3.1. The picture is damaged in the document (its IHDR lacks two letters) and stays so: it is still base64.
QR_PICTURE = (
    "iVBORw0KGgoAAAANSUgAAQAAAAEAAQMAAABmvdolAAAABIBMVEX///8AAABVwtN+AAAEkIEQVR42uyZPY7rMBKEi2DAzLyAIV7DgQBeyaEyMIOoK"
    "xFQ4GtQ8AXojAHBWrQ8nvc2tq1g9zEQ5ufDDNHqn6o2/p3/r6NlzgsUm4nyBK6qQ1dTSKaDgAw9s/Sz5gzVdQqL4r2ZuWT0o4CNawSzTjpsacALL"
    "Ox6JcvG9XPAHOEyTKVi8hKUO1kPBmJAPvtblfCzXjG4hoADgQwdrXVtvlCPrg/xWlQbTcVfL+vbwJ6TdjIPI6k8tvU2L6fhPE7TfyftO4AcxTVdA"
    "2QO8xR8Z6mqfxVfI8G1NZ8IS98NcWSjJbbPSEgDz4dAwA+hWIHyZYyWZTiuPKaPunAJU1qy2u6QrJOM6LYvOcwW3/A0cAHaOJZYBPE1QfDaPNuk3"
    "A9pMw3wfgkp+J7b4mY09Sc9LIWE3pgz4IUExjYHFZOu3JpYthUfeVxIARHwGk9uq1dLdW2O6amRfV4WsoUO0oYABCRHfpElBc89zb7hS49fEoQDU"
    "/L2XLo5ntY5O5AzjGYB3bhwcXEBZ0xwTavdSZNaOh2l4p921A5VH6G1yTRJCrLmXQjBO6W48CpOvs4UdggU+mdGI5k2X/yZevA1Bc54KueYs8qXS"
    "zBfFZzxVZreKjgGlbcbXuvlZjT8MIUxSzrrDb1nAUslIGOPLGcnJkDA/eV86FfTwK2BqmgE26fRHhWq/A2TMWvkTOuWAAxa92OPtqCJUQykNU8cT"
    "fQfd1QHXdprB3GGPh1jTZRwZMxTA843AEAM8FWfM2y4U5x8dGRIPUTz58H8Cgk1moMkwsRSo+2lwxzHbLz6n3NqC2IVy4ScrZXRxbIj3WkN0fBPx"
    "c0smPrBVBA25tnExRBwJ+nQsHzTrhsa11snB5BF4O5X1AxoZZAlx+tirrFGizYORRr+r+PkB5F2UTz1HU/i7Y4WeSP0Pt+8BTNoPZs0pCpN1wr3M"
    "s/UdHvQ2o7Nd4FaGCyRaMCHxIHewZDgP2X4XiMjxRVPPxamWgyDh/xuH7gJRetchnQBwKbzWcHKXxDeooQIRpINQ9+WpV9zXwBMLIMuTc+AigJwG"
    "IHx1vFo+sbl0c+6zj9kWpfByA+fqGYwVAebAgFjqulxqe1PwIYRk9KCyKtyqOPKJAXg1fhvA0oqetis05mJIQzc3ymPYanATkC6JoxIMPfjq1hfG"
    "JSCfkn7Q8A8jjiyu7aBaUrMI77Ij63vGTzAcAmspm8p4vMMWAKpwFPsT5+BthPKFm3i5ig9VaDzWdxZYP73SZ9G3BJz+R2b4bPzYp9bA2hlkEIHA"
    "TsBWal01aeBhguUhemPv3hR4DBr/UqitRUq7bmZz6kmRtJBBwEqDWFyA59i1ZIXBBOiikQ24EAd7m4SycM8IxdnjN/lwNfB5QoNlvybyAqktBSKD"
    "i9GcX9D7QNEsRZV7Lg6wID8p/52tx933gZ0/bNdO+p2W8qo3NzKLb0jHAvq8mXMPFPK0CxZDGUF4O5X0gQ8/FuqbFgGR9i6EomZsv8X8EsHGNV9t"
    "1g/hu3iJOKut5JvNvMz8A2L8ZYyplu8gdxRnS5d8Pmw4BCnRDAHftqLpbY/hds7wPZOgYxGylAdl2sbSxYeJLkBA47DIJd2cVkdYuZoG6y12ZfTo"
    "G+Hf+d85/AgAA//tjTW13quhRgAAAABJRu5ErkJggg=="
)
QR = f"""{{"data":"{QR_PICTURE}","message":"success","responsetime":0.669900836,"status":"qrcode"}}"""

# 3.2. Mended: {base_url}.
QR_URL = "https://portal.example/assets/qrcode/qrcode_62b32c76758e0afb0d390793_bltkpT.png"
QR_LINK = f'{{"status":"qrcode","message":"00-Success","data":"{QR_URL}","responsetime":0.806042572}}'

# 3.1 and 3.2
INSTANCE = """{"status":"success","message":"00-Success","data":{"instanceID":"5f***f3","clientID":"5f***c8",
"name":"ABC","login":true,"status":true,"creditID":"62***f0","creditReadID":"62***4d","isUnlimited":false,
"quotaLimit":100,"quota":5000,"todayUsage":0,"todayUsageUpdate":"0001-01-01T00:00:00Z","usage":699,
"quotaUpdate":"2022-06-14T09:35:15.477+05:30","expired":"2023-05-04T22:29:59+05:30","isRead":true,"chatbotID":"",
"readExpired":"2022-07-14T22:29:59+05:30","webHook":"","info":{"Battery":0,"Platform":"MD","Connected":true,
"Pushname":"wa_profile_name","Wid":"919***0","Lc":"","Phone":{"Mcc":"N/A","Mnc":"N/A","OsVersion":"N/A",
"DeviceManufacturer":"N/A","DeviceModel":"N/A","OsBuildNumber":"N/A","WaVersion":"N/A"},"Plugged":false,"Tos":0,
"Lg":"","Is24h":false},"backup":null,"backupRead":null,"client":null,"voucher":null,"voucherRead":null,
"isValid":false,"virtualCredit":false,"virtualCreditLvl2":false,"autoRecharge":false,"autoRechargeVoucherID":"",
"autoRechargeVoucherInfo":""},"responsetime":0.000030551}"""

# 4.1 and 4.2: an object, though a report may have many rows.
INBOX = """{"status":"success","message":"00-Success","data":{"messageID":"62***44","clientId":"5f***c8",
"instanceID":"5f***f3","creditID":"","phone":"1***3","full_push_name":"","text":"Let_me_check_the_status","link":"",
"serverSend":false,"isMedia":false,"mediaType":"","mediaPath":"","isLocation":false,"location":null,"isContact":false,
"contact":null,"isButton":false,"button":null,"isList":false,"list":null,"wacheck":false,"waID":"1***3@g.us",
"waMessageID":"7C***CE","status":3,"timedOut":0,"statusInfo":"Delivered","statusMessage":0,"statusMessageInfo":"",
"mode":"","deliveredAt":null,"readAt":null,"createdAt":"2022-06-24T13:04:25+05:30",
"updatedAt":"2022-06-24T13:03:53.545+05:30","webhookURL":"","webhookStatus":500,"value":null},
"total":16,"offset":0,"limit":1,"responsetime":0.180671707}"""

# 5
BALANCE = """{"status":"success","message":"00-Success","data":{"backup":null,
"expiryDate":"2023-05-04 22:29:59 +0530 IST","quota":4300,"status":"active"},"responsetime":0.001125932}"""

# 6
GROUPS = """{"status":"success","message":"00-Success","data":[{"id":"918***389","name":"Techsona",
"participants":["918***100","919***450"]},{"id":"919***263","name":"29 May AI Batch",
"participants":["919***866","917***404","917***211"]}],"responsetime":0.322406625}"""

# 7
CONTACTS = """{"status":"success","message":"00-Success","data":[{"id":"9***4","name":"$Abc$"},
{"id":"9***5","name":"👑SANDEEP 🙏"},{"id":"9***6","name":"😁😁😁"}],"responsetime":0.05100678}"""

# 9: what each code is to a caller; 00 is a success.
CODES: list[tuple[str, type[WaError] | None]] = [
    ("00-Success", None),
    ("01-Access token failed", Unauthorized),
    ("02-Client id not found", Unauthorized),
    ("03-Instance id not found", Unauthorized),
    ("04-Phone number not registered on whatsapp or your instance not connected", BadInput),
    ("05-Quota expiry", QuotaExceeded),
    ("06-Not enough quota", QuotaExceeded),
    ("07-Quota limit", QuotaExceeded),
    ("08-Save file / document failed", BadInput),
    ("09-Link not valid", BadInput),
    ("10-Download file failed", BadInput),
    ("11-Unknown file type", BadInput),
    ("12-Parsing parameter failed", BadInput),
    ("13-Parameter required", BadInput),
    ("14-Data not found", BadInput),
    ("15-QrCode failed", VendorUnavailable),
]
HTTP_STATUSES = (200, 400, 401, 403, 500, 502, 503)

# What the replies become

ACCEPTED = SentMessage(vendor="wa_portal", message_id="62b32db5758e0afb0d3907e1", to=TO)
FARED = DeliveryStatus(
    vendor="wa_portal",
    message_id="62***35",
    state=DeliveryState.DELIVERED,
    to="919***1",
    code="3",
    detail="Delivered",
    sent_at=datetime(2022, 6, 25, 14, 36, 1, 25000, INDIA),
    delivered_at=datetime(2022, 6, 25, 14, 36, 16, 546000, INDIA),
    text="test_message",
)
RECEIVED = InboxMessage(
    vendor="wa_portal",
    message_id="62***44",
    sender="1***3@g.us",
    kind="text",
    text="Let_me_check_the_status",
    chat="1***3@g.us",
    wa_message_id="7C***CE",
    received_at=datetime(2022, 6, 24, 13, 4, 25, 0, INDIA),
)
LOGGED_IN = Session(vendor="wa_portal", state=SessionState.LOGGED_IN, jid="919***0", name="ABC", detail="connected")


@dataclass(frozen=True)
class Answer:
    """A reply, and what it must become: a record, a list of them, or a kind of error.

    ``then`` is what the session says if it is asked after the reply.
    """

    status: int
    body: str
    becomes: Any
    then: str = ""


@dataclass(frozen=True)
class Sample:
    """What a caller asks for, the request that must go out (beside the token), and the document's replies."""

    ask: Callable[[], Flow[Any]]
    method: str
    parameters: dict[str, str | tuple[str, ...]]
    answers: tuple[Answer, ...] = ()
    upload: Upload | None = None


NO_CREDIT = Answer(400, EXPIRED, QuotaExceeded)
WRONG_TOKEN = Answer(401, REFUSED, Unauthorized)
BAD_GATEWAY = Answer(502, "", VendorUnavailable)
BY_LINK = (
    Answer(200, SENT, ACCEPTED),
    NO_CREDIT,
    Answer(400, NOT_DOWNLOADED, BadInput),
    Answer(400, NO_LINK, BadInput),
    WRONG_TOKEN,
    BAD_GATEWAY,
)
BY_UPLOAD = (
    Answer(200, SENT, ACCEPTED),
    NO_CREDIT,
    Answer(400, NOT_SAVED, BadInput),
    WRONG_TOKEN,
    BAD_GATEWAY,
)


def _sent(
    message: Message,
    parameters: dict[str, str | tuple[str, ...]],
    answers: tuple[Answer, ...] = (),
    upload: Upload | None = None,
) -> Sample:
    return Sample(lambda: VENDOR.send(TO, message), "POST", {"phone": TO, **parameters}, answers, upload)


def _answers(sent: str = SENT, expired: str = EXPIRED, *more: Answer) -> tuple[Answer, ...]:
    return (Answer(200, sent, ACCEPTED), Answer(400, expired, QuotaExceeded), *more, WRONG_TOKEN, BAD_GATEWAY)


URL = "https://example.com/files/price%20list.pdf?id=1&v=2"
LINK = Media(url=URL)
JPEG = Media(b"\xff\xd8\xff\xe0", filename="a b.jpg")
FILE = Upload("file", "a b.jpg", b"\xff\xd8\xff\xe0", "image/jpeg")
# 1.1: *bold*, _italic_, ~strikethrough~, a line feed, an emoji.
FORMATTED = "*Sale* _today_ ~100~ 50\n👑 & more"

ANSWERS = (Button("Yes"), Button("No"), Button("Later"))
ACTIONS = (Button("Call us", phone="+91 93000-00002"), Button("Visit", url="https://example.com/?a=b&c"))
ANSWERS_SENT = {"button1": "Yes", "button2": "No", "button3": "Later"}
ACTIONS_SENT = {
    "callButtonText": "Call us",
    "callButtonValue": "+919300000002",
    "urlButtonText": "Visit",
    "urlButtonValue": "https://example.com/?a=b&c",
}
PARIS = Location(48.85837, 2.294481, "Paris")
PARIS_SENT = {"degreesLatitude": "48.85837", "degreesLongitude": "2.294481", "name": "Paris"}
QUESTION = {"message": "Are you coming?", "footer": "Acme"}


def _with_buttons(
    answers: tuple[Answer, ...],
    extra: dict[str, str],
    media: Media | None = None,
    location: Location | None = None,
    upload: Upload | None = None,
) -> list[Sample]:
    """The document's URLs have all buttons at once, which its own rules forbid: so each combination that they allow."""
    combinations: list[tuple[tuple[Button, ...], dict[str, str]]] = [
        (ANSWERS, ANSWERS_SENT),
        (ACTIONS, ACTIONS_SENT),
        ((*ACTIONS, ANSWERS[0]), {**ACTIONS_SENT, "button1": "Yes"}),
    ]
    return [
        _sent(
            Buttons(QUESTION["message"], buttons, QUESTION["footer"], media, location),
            {**extra, **QUESTION, **sent},
            answers if buttons is ANSWERS else (),
            upload,
        )
        for buttons, sent in combinations
    ]


JUNE_24, JUNE_26 = datetime(2022, 6, 24, tzinfo=INDIA), datetime(2022, 6, 26, tzinfo=INDIA)
DAYS: dict[str, str | tuple[str, ...]] = {"start_date": "24-06-2022", "end_date": "25-06-2022"}

SAMPLES: dict[str, list[Sample]] = {
    "GET/POST /api/sendText": [_sent(Text(FORMATTED), {"message": FORMATTED}, _answers())],
    "GET/POST /api/sendFiles": [_sent(Document(LINK), {"link": URL}, BY_LINK)],
    "POST /api/sendFiles (local files)": [_sent(Image(JPEG), {}, BY_UPLOAD, FILE)],
    "GET/POST /api/sendFileWithCaption": [_sent(Image(LINK, FORMATTED), {"link": URL, "message": FORMATTED}, BY_LINK)],
    "POST /api/sendFileWithCaption (local files)": [
        _sent(Image(JPEG, "hi"), {"message": "hi"}, (Answer(200, SENT_IDS, ACCEPTED), *BY_UPLOAD[1:]), FILE)
    ],
    "GET/POST /api/sendLocation": [
        _sent(
            Location(48.85837, 2.294481, "Paris", "Champ de Mars", "https://example.com/paris"),
            {**PARIS_SENT, "address": "Champ de Mars", "url": "https://example.com/paris"},
            _answers(SENT_IDS, EXPIRED_PLACE),
        ),
        _sent(PARIS, {**PARIS_SENT}),
    ],
    "GET/POST /api/sendContact": [
        _sent(
            ContactCard("Ana Núñez", "+34 666 666 666", "Acme"),
            {"contactName": "Ana Núñez", "contactPhone": "34666666666", "contactOrganization": "Acme"},
            _answers(SENT, EXPIRED_PLACE),
        ),
        _sent(ContactCard("Ana", "34666666666"), {"contactName": "Ana", "contactPhone": "34666666666"}),
    ],
    "GET/POST /api/sendTextButton": _with_buttons(_answers(), {}),
    "GET/POST /api/sendFilesButton": _with_buttons(
        (Answer(200, SENT_IDS, ACCEPTED), *BY_LINK[1:]), {"link": URL}, media=LINK
    ),
    "POST /api/sendFilesButton (local files)": _with_buttons(BY_UPLOAD, {}, media=JPEG, upload=FILE),
    "GET/POST /api/sendLocationButton": _with_buttons(_answers(SENT, EXPIRED_PLACE), PARIS_SENT, location=PARIS),
    "GET/POST /api/sendList": [
        _sent(
            ListMessage(
                "Text_Message",
                "Button_Text",
                (
                    ListRow("Menu_Item_Text", "Menu_Item_Description", "Section_Text"),
                    ListRow("Tea"),
                    ListRow("Coffee", "black"),
                    ListRow("Milk", section="Cold"),
                ),
                "Header_Text",
                "Footer_Text",
            ),
            {
                "header": "Header_Text",
                "message": "Text_Message",
                "footer": "Footer_Text",
                "buttonText": "Button_Text",
                "rows": (
                    "Section_Text:Menu_Item_Text:Menu_Item_Description",
                    ":Tea:",
                    ":Coffee:black",
                    "Cold:Milk:",
                ),
            },
            _answers(SENT_IDS, EXPIRED_LIST, Answer(400, INCOMPLETE, BadInput)),
        ),
        _sent(
            ListMessage("Which?", "Choose", (ListRow("Tea"),)),
            {"message": "Which?", "buttonText": "Choose", "rows": (":Tea:",)},
        ),
    ],
    "GET/POST /api/campaignStatus": [
        Sample(
            lambda: VENDOR.message_status("62*****35"),
            "GET",
            {"msg_id": "62*****35"},
            (
                Answer(
                    200,
                    FARES,
                    DeliveryStatus(
                        vendor="wa_portal",
                        message_id="62*****35",
                        state=DeliveryState.DELIVERED,
                        to="919*****1",
                        code="3",
                        detail="Delivered",
                        sent_at=FARED.sent_at,
                        delivered_at=FARED.delivered_at,
                        text=FARED.text,
                    ),
                ),
                WRONG_TOKEN,
                Answer(500, "", BadInput),
            ),
        )
    ],
    "GET/POST /api/campaignReport": [
        Sample(
            lambda: VENDOR.delivery_report(since=JUNE_24, until=JUNE_26, limit=5),
            "GET",
            {**DAYS, "limit": "5"},
            (Answer(200, REPORT, [FARED]), Answer(400, NOTHING_FOUND, []), WRONG_TOKEN),
        ),
        Sample(VENDOR.delivery_report, "GET", {}, (Answer(200, REPORT, [FARED]),)),
        Sample(lambda: VENDOR.delivery_report(since=JUNE_24, until=JUNE_26), "GET", DAYS),
        Sample(lambda: VENDOR.delivery_report(limit=5), "GET", {"limit": "5"}),
    ],
    "GET/POST /api/qrCode": [
        Sample(
            VENDOR.qr_code,
            "GET",
            {},
            (
                Answer(200, QR, QrCode(vendor="wa_portal", png=base64.b64decode(QR_PICTURE))),
                Answer(200, INSTANCE, SessionDown),
                WRONG_TOKEN,
            ),
        ),
        Sample(
            VENDOR.session,
            "GET",
            {},
            (
                Answer(
                    200,
                    QR,
                    Session(
                        vendor="wa_portal",
                        state=SessionState.LOGGED_OUT,
                        detail="waiting for its QR code to be scanned",
                    ),
                ),
                Answer(200, INSTANCE, LOGGED_IN),
                WRONG_TOKEN,
            ),
        ),
    ],
    "GET/POST /api/qrCodeLink": [
        Sample(
            VENDOR.qr_link,
            "GET",
            {},
            (
                Answer(200, QR_LINK, QrLink(vendor="wa_portal", address=QR_URL.encode())),
                Answer(200, INSTANCE, SessionDown),
                WRONG_TOKEN,
            ),
        )
    ],
    "GET/POST /api/inboxReport": [
        Sample(
            lambda: VENDOR.inbox(since=JUNE_24, until=JUNE_26, limit=5),
            "GET",
            {**DAYS, "limit": "5"},
            (Answer(200, INBOX, [RECEIVED]), Answer(400, NOTHING_FOUND, []), WRONG_TOKEN),
        ),
        Sample(VENDOR.inbox, "GET", {}),
        Sample(lambda: VENDOR.inbox(limit=5), "GET", {"limit": "5"}),
    ],
    # Its limit is left out on purpose: which end of the list the portal would cut is not known.
    "GET/POST /api/inboxReportOffset": [
        Sample(
            lambda: VENDOR.inbox(after="62***43", limit=5),
            "GET",
            {"offset": "62***43"},
            (Answer(200, INBOX, [RECEIVED]), Answer(400, NOTHING_FOUND, []), WRONG_TOKEN),
        )
    ],
    "GET/POST /api/checkBal": [
        Sample(
            VENDOR.balance,
            "GET",
            {},
            (
                Answer(
                    200,
                    BALANCE,
                    Balance(
                        vendor="wa_portal",
                        left=4300,
                        expires_at=datetime(2023, 5, 4, 22, 29, 59, 0, INDIA),
                        state="active",
                    ),
                ),
                WRONG_TOKEN,
                Answer(500, "", QuotaExceeded),
            ),
        )
    ],
    "GET/POST /api/groups": [
        Sample(
            VENDOR.groups,
            "GET",
            {},
            (
                Answer(
                    200,
                    GROUPS,
                    [
                        Group(
                            vendor="wa_portal",
                            jid="918***389",
                            name="Techsona",
                            participants=("918***100", "919***450"),
                        ),
                        Group(
                            vendor="wa_portal",
                            jid="919***263",
                            name="29 May AI Batch",
                            participants=("919***866", "917***404", "917***211"),
                        ),
                    ],
                ),
                Answer(400, NOTHING_FOUND, SessionDown, then=QR),
                Answer(400, NOTHING_FOUND, [], then=INSTANCE),
                WRONG_TOKEN,
            ),
        )
    ],
    "GET/POST /api/contacts": [
        Sample(
            VENDOR.contacts,
            "GET",
            {},
            (
                Answer(
                    200,
                    CONTACTS,
                    [
                        Contact(vendor="wa_portal", jid="9***4", name="$Abc$"),
                        Contact(vendor="wa_portal", jid="9***5", name="👑SANDEEP 🙏"),
                        Contact(vendor="wa_portal", jid="9***6", name="😁😁😁"),
                    ],
                ),
                Answer(400, NOTHING_FOUND, SessionDown, then=QR),
                Answer(400, NOTHING_FOUND, [], then=INSTANCE),
                WRONG_TOKEN,
            ),
        )
    ],
}
"""For each endpoint, by its name in ``WaPortal.endpoints``, what is asked of it and what it answers."""

_BUTTONS = (
    "&message=<message>&footer=<footer_text>&button1=<button1_text>&button2=<button2_text>&button3=<button3_text>"
    "&callButtonText=<call_button_text>&callButtonValue=<valid_contact_number>&urlButtonText=<url_button_text>"
    "&urlButtonValue=<valid_url>"
)
_SENDS = "?token=<instanceid>&phone=<phone>"
_PLACE = "&degreesLatitude=<latitude>&degreesLongitude=<longitude>&name=<locationname>"
_REPORT = "?token=<instanceid>&start_date=<dd-mm-yyyy>&end_date=<dd-mm-yyyy>&limit=<noofrecords>"

URLS: dict[str, str] = {
    "GET/POST /api/sendText": f"/api/sendText{_SENDS}&message=<message>",
    "GET/POST /api/sendFiles": f"/api/sendFiles{_SENDS}&link=<URL>",
    "POST /api/sendFiles (local files)": f"/api/sendFiles{_SENDS}&file=<file upload form data local file>",
    "GET/POST /api/sendFileWithCaption": f"/api/sendFileWithCaption{_SENDS}&link=<URL>&message=<message>",
    "POST /api/sendFileWithCaption (local files)": (
        f"/api/sendFileWithCaption{_SENDS}&file=< file upload form data local file >&message=<message>"
    ),
    "GET/POST /api/sendLocation": (f"/api/sendLocation{_SENDS}{_PLACE}&address=<locationaddress>&url=<urlto display>"),
    "GET/POST /api/sendContact": (
        f"/api/sendContact{_SENDS}&contactName=<contact name>&contactPhone=<contactphone>"
        "&contactOrganization=<organizationname>"
    ),
    "GET/POST /api/sendTextButton": f"/api/sendTextButton{_SENDS}{_BUTTONS}",
    "GET/POST /api/sendFilesButton": f"/api/sendFilesButton{_SENDS}&link=<URL>{_BUTTONS}",
    "POST /api/sendFilesButton (local files)": (
        f"/api/sendFilesButton{_SENDS}&file=<file_upload_form_data_local_file>{_BUTTONS}"
    ),
    "GET/POST /api/sendLocationButton": f"/api/sendLocationButton{_SENDS}{_PLACE}{_BUTTONS}",
    "GET/POST /api/sendList": (
        f"/api/sendList{_SENDS}&header=<header_text>&message=<message>&footer=<footer_text>&buttonText=<button_text>"
        "&rows=<sectiontext:titletext1:descriptiontext1>...&rows=<sectiontextN:titletextN:descriptiontextN>"
    ),
    "GET/POST /api/campaignStatus": "/api/campaignStatus?token=<instanceid>&msg_id=<messageid>",
    "GET/POST /api/campaignReport": f"/api/campaignReport{_REPORT}",
    "GET/POST /api/qrCode": "/api/qrCode?token=<instanceid>",
    "GET/POST /api/qrCodeLink": "/api/qrCodeLink?token=<instanceid>",
    "GET/POST /api/inboxReport": f"/api/inboxReport{_REPORT}",
    "GET/POST /api/inboxReportOffset": (
        "/api/inboxReportOffset?token=<instanceid>&offset=<messageid>&limit=<noofrecords>"
    ),
    "GET/POST /api/checkBal": "/api/checkBal?token=<instanceid>",
    "GET/POST /api/groups": "/api/groups?token=<instanceid>",
    "GET/POST /api/contacts": "/api/contacts?token=<instanceid>",
}
"""The document's URLs, below its host and with its place holders."""

NOT_SENT = {"GET/POST /api/inboxReportOffset": {"limit"}}
"""Parameters that never go out, by design."""

# Section 8

POSTS: dict[str, tuple[Post, DeliveryStatus | InboxMessage]] = {
    "Delivery Status": (
        Post(
            data=json.loads("""{
  "clientID": "5f*****c8",
  "createdAt": "2022-05-06T13:25:47.065+05:30",
  "instanceID": "5f*****f3",
  "messageID": "62*****00",
  "phone": "9***1",
  "reportType": "delivery",
  "status": 4,
  "statusInfo": "Read",
  "waID": "9***0",
  "waMessageID": "57*****E6"
}""")
        ),
        DeliveryStatus(
            vendor="wa_portal",
            message_id="62*****00",
            state=DeliveryState.READ,
            to="9***1",
            code="4",
            detail="Read",
            read_at=datetime(2022, 5, 6, 13, 25, 47, 65000, tzinfo=INDIA),
        ),
    ),
    "Incoming Text Message": (
        Post(
            data=json.loads("""{
  "clientID": "5f*****c8",
  "createdAt": "2022-05-06T13:36:19+05:30",
  "instanceID": "5f*****f3",
  "phone": "9***1",
  "reportType": "inbox",
  "status": 3,
  "statusInfo": "Delivered",
  "type": "text",
  "value": "Hello",
  "waID": "9***1@s.whatsapp.net",
  "waMessageID": "A4*****B7"
}""")
        ),
        InboxMessage(
            vendor="wa_portal",
            message_id="A4*****B7",
            wa_message_id="A4*****B7",
            sender="9***1",
            chat="9***1@s.whatsapp.net",
            kind="text",
            text="Hello",
            received_at=datetime(2022, 5, 6, 13, 36, 19, tzinfo=INDIA),
        ),
    ),
    # The names of the fields are those of the sample code in section 10.
    "Incoming Media/Document Message": (
        Post(
            fields={
                "json": """{
  "reportType": "inbox",
  "clientID": "5f*****c8",
  "instanceID": "5f*****f3",
  "phone": "9***1",
  "type": "image",
  "value": {
    "caption": "Hi this is test",
    "type": "image/jpeg"
  },
  "waID": "9***1@s.whatsapp.net",
  "waMessageID": "67*****A3",
  "status": 3,
  "statusInfo": "Delivered",
  "createdAt": "2022-05-06T13:40:36+05:30"
}"""
            },
            files={"file1": MediaFile(content=b"\xff\xd8\xff\xe0", filename="test.jpg")},
        ),
        InboxMessage(
            vendor="wa_portal",
            message_id="67*****A3",
            wa_message_id="67*****A3",
            sender="9***1",
            chat="9***1@s.whatsapp.net",
            kind="image",
            text="Hi this is test",
            received_at=datetime(2022, 5, 6, 13, 40, 36, tzinfo=INDIA),
        ),
    ),
}
"""The webhook's samples, and what they tell (compared without ``raw``). Mended: a brace before the last."""

SECRETS = (TOKEN,)


def _exchanges(name: str, sample: Sample) -> Iterator[Exchange]:
    sends = sample.method == "POST"
    request = Request(
        sample.method,
        URLS[name].partition("?")[0],
        Effect.SEND if sends else Effect.READ,
        params={"token": TOKEN, **sample.parameters},
        files=(sample.upload,) if sample.upload else (),
    )
    # A sample without a reply shows its request alone.
    if not sample.answers:
        yield Exchange(name, sample.ask, (reply("", 401),), Unauthorized, request)
    for answer in sample.answers:
        replies, becomes = (reply(answer.body, answer.status),), answer.becomes
        if answer.then:
            replies += (reply(answer.then),)
        if becomes is VendorUnavailable and not sends:
            replies *= 4
        elif becomes is VendorUnavailable:
            # A send that the portal's gateway answers for may have gone out.
            becomes = OutcomeUnknown
        yield Exchange(name, sample.ask, replies, becomes, request)


def _coded(words: str, kind: type[WaError], http: int, status: str) -> Exchange:
    answer = reply({"status": status, "message": words}, http)
    return Exchange("", VENDOR.balance, (answer,) * (4 if kind is VendorUnavailable else 1), kind, code=words[:2])


def _with_status(status: int) -> Iterator[Exchange]:
    read = {401: Unauthorized, 400: BadInput}.get(status, VendorUnavailable)
    sent = {401: Unauthorized, 400: BadInput}.get(status, OutcomeUnknown)
    answer = reply({"status": "error", "message": "failed"}, status)
    yield Exchange("", VENDOR.session, (answer,) * (4 if read is VendorUnavailable else 1), read)
    yield Exchange("", lambda: VENDOR.send(TO, Text("x")), (answer,), sent)


def _incoming(name: str, post: Post, record: DeliveryStatus | InboxMessage) -> Incoming:
    body = json.loads(post.fields["json"]) if post.fields else dict(post.data)
    del body["instanceID"]
    picture = MediaFile(vendor="wa_portal", content=b"\xff\xd8\xff\xe0", media_type="image/jpeg", filename="test.jpg")
    file = picture if name == "Incoming Media/Document Message" else None
    return Incoming((post,), ({"record": record, "raw": body, "vendor_kind": body["reportType"], "file": file},))


EXCHANGES = [
    *(exchange for name, samples in SAMPLES.items() for sample in samples for exchange in _exchanges(name, sample)),
    Exchange("", lambda: VENDOR.send(TO, Text("x")), (reply(SENT),), ACCEPTED),
    *(
        _coded(words, kind, http, status)
        for http, status in ((400, "error"), (200, "error"), (200, "400"))
        for words, kind in CODES
        if kind
    ),
    *(exchange for status in HTTP_STATUSES if status != 200 for exchange in _with_status(status)),
]
INCOMING = {name: _incoming(name, *post) for name, post in POSTS.items()}
