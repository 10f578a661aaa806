# SPDX-License-Identifier: Apache-2.0
"""Messages that WuzAPI sends, and those that are refused; reading, deleting and downloading."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from contract.samples_wuzapi import GONE, JPEG, MP4, OGG, PNG, SENT, TO, VENDOR, WEBP, envelope, failure, url_of
from helpers.junk import VALUES
from helpers.script import GARBAGE, HTML, Played, play, reply
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_wa.api.errors import (
    BadInput,
    OutcomeUnknown,
    SessionDown,
    UnexpectedReply,
    UnsupportedByVendor,
    VendorUnavailable,
    WaError,
)
from airflow_provider_wa.api.flow import Effect, Flow, Reply
from airflow_provider_wa.api.message_dicts import MESSAGE_TYPES
from airflow_provider_wa.api.messages import (
    AnsweringMessage,
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
    Message,
    Poll,
    Reaction,
    Sticker,
    Text,
    Video,
)
from airflow_provider_wa.api.records import MediaFile, SentMessage
from airflow_provider_wa.vendors.wuzapi.messages import BUTTONS, SENDS, TEMPLATE
from airflow_provider_wa.vendors.wuzapi.tables import SEND_TIMEOUT

LINK = "https://example.com/a.jpg"
GROUP = "120362023605733675@g.us"
NO_TITLE = failure(400, "missing Title in Payload")

YES_NO = Buttons("Tea?", (Button("Yes"), Button("No")), "Now or never")
MESSAGES: dict[str, Message] = {
    "text": Text("x"),
    "image": Image(Media(JPEG)),
    "audio": Audio(Media(OGG)),
    "video": Video(Media(MP4)),
    "document": Document(Media(b"x")),
    "sticker": Sticker(Media(WEBP)),
    "location": Location(1, 2),
    "contact": ContactCard("Casa", "+16175551212"),
    "list": ListMessage("Choose", "Open", (ListRow("Tea"),)),
    "poll": Poll("Tea?", ("yes", "no")),
    "edit": Edit("A1", "x"),
    "reaction": Reaction("A1", "❤️"),
    "buttons": YES_NO,
}


def send(message: Message, *answers: Reply | WaError, message_id: str | None = None) -> Played[SentMessage]:
    return play(VENDOR.send(TO, message, message_id=message_id), list(answers))


def test_every_kind_of_message_is_sent() -> None:
    assert {type(message) for message in MESSAGES.values()} == {*SENDS, Buttons} == set(MESSAGE_TYPES.values())


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_send_waits_longer_than_the_server_may_take(message: Message) -> None:
    request = send(message, reply(SENT)).request
    assert (request.effect, request.timeout) == (Effect.SEND, SEND_TIMEOUT)
    assert SEND_TIMEOUT > 120


@pytest.mark.parametrize("stamp", [1650469748, "1650469748", "2022-04-20T12:49:08-03:00"])
def test_both_generations_timestamps_are_the_same_moment(stamp: Any) -> None:
    sent = send(Text("x"), envelope({"Id": "A1", "Timestamp": stamp})).result
    assert sent.timestamp == datetime(2022, 4, 20, 15, 49, 8, tzinfo=timezone.utc)


def test_keys_in_lower_case_are_read_as_well() -> None:
    assert send(Text("x"), envelope({"id": "A1", "timestamp": 1650469748})).result.message_id == "A1"


def test_the_callers_id_goes_along_and_stays_over_repeats() -> None:
    down = VendorUnavailable("refused", never_left=True)
    played = send(Text("x"), down, envelope({"Details": "Sent"}), message_id="MINE")
    assert [request.json["Id"] for request in played.requests] == ["MINE", "MINE"]
    assert played.result.message_id == "MINE"


def test_without_an_id_the_server_chooses() -> None:
    assert "Id" not in send(Text("x"), reply(SENT)).request.json


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_message_can_be_repeated_by_id_if_the_callers_id_goes_out_with_it(message: Message) -> None:
    message_id = VENDOR.new_message_id("key")
    body = send(message, envelope({"Details": "Sent"}), message_id=message_id).request.json
    assert VENDOR.repeats_by_id(message) is (body.get("Id") == message_id)


def test_buttons_keep_their_id_in_every_form() -> None:
    played = send(YES_NO, GONE, NO_TITLE, reply(SENT), message_id="MINE")
    assert [request.json["Id"] for request in played.requests] == ["MINE"] * 3


def test_a_kind_of_message_without_an_endpoint_is_not_repeated() -> None:
    class Telegram(Message):
        type = "telegram"

    assert VENDOR.repeats_by_id(Telegram()) is False


@pytest.mark.parametrize("key", ["", "a" * 64, "dag/task/ñ"])
def test_an_id_of_ours_looks_like_one_of_whatsapps(key: str) -> None:
    assert re.fullmatch(r"3EB0[0-9A-F]{18}", VENDOR.new_message_id(key))


def test_an_id_is_always_the_same_for_a_key_and_another_for_another() -> None:
    assert VENDOR.new_message_id("a1") == "3EB0F55FF16F66F4336026"
    assert len({VENDOR.new_message_id(str(number)) for number in range(1000)}) == 1000


@pytest.mark.parametrize("message", [Edit("A1", "x"), Reaction("A1", "👍")], ids=["edit", "reaction"])
def test_what_is_about_a_message_has_no_id_of_its_own(message: Message) -> None:
    played = send(message, envelope({"Details": "Sent"}), message_id="MINE")
    assert played.request.json["Id"] == "A1"
    assert played.result.message_id == "A1"


@pytest.mark.parametrize("value", [None, {}, [], "Sent", {"Id": ""}, {"Id": None}, {"Id": ["A1"]}], ids=str)
def test_a_success_without_an_id_leaves_the_outcome_unknown(value: Any) -> None:
    assert type(send(Text("x"), envelope(value)).error) is OutcomeUnknown


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize(
    "answer",
    [*(reply(body) for body in GARBAGE.values()), *(reply(HTML, status) for status in (500, 502, 503, 504))],
    ids=[*GARBAGE, 500, 502, 503, 504],
)
def test_a_send_with_an_unclear_answer_goes_out_once(message: Message, answer: Reply) -> None:
    played = send(message, answer)
    # An edit's or a reaction's id is known beforehand, yet a success still needs its envelope.
    assert type(played.error) is OutcomeUnknown
    assert len(played.requests) == 1
    assert played.sleeps == []


# Bodies


@pytest.mark.parametrize("latitude", [0, 0.0, -0.0])
def test_a_degree_of_exactly_zero_is_moved_by_a_centimetre(latitude: float) -> None:
    request = send(Location(latitude, 0.0), reply(SENT)).request
    for axis in ("Latitude", "Longitude"):
        assert 0 < abs(request.json[axis]) < 1e-6


@pytest.mark.parametrize("sender", ["5491155553935", "+54 9 11 5555-3935", "5491155553935@s.whatsapp.net"])
def test_who_is_answered_goes_as_a_full_jid(sender: str) -> None:
    context = send(Text("x", "A1", sender), reply(SENT)).request.json["ContextInfo"]
    assert context == {"StanzaId": "A1", "Participant": "5491155553935@s.whatsapp.net"}


MENTIONED = ("5491155553935", "1528@lid")
CONTEXT = {
    "StanzaId": "A1",
    "Participant": "1528@lid",
    "MentionedJID": ["5491155553935@s.whatsapp.net", "1528@lid"],
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_every_kind_that_can_quotes_and_mentions(message: Message) -> None:
    if isinstance(message, Poll) or not isinstance(message, (Text, AnsweringMessage)):
        assert all(type(message) not in kinds for kinds in VENDOR.message_options.values())
        return
    whole = replace(message, quoted_id="A1", quoted_sender="1528@lid", mentions=MENTIONED)
    assert send(whole, reply(SENT)).request.json["ContextInfo"] == CONTEXT
    assert "ContextInfo" not in send(message, reply(SENT)).request.json
    assert {"quoted_id", "mentions"} == {
        name for name, kinds in VENDOR.message_options.items() if type(message) in kinds
    } - {"link_preview"}


def test_buttons_quote_in_every_form() -> None:
    message = replace(YES_NO, quoted_id="A1", quoted_sender="1528@lid", mentions=MENTIONED)
    requests = send(message, GONE, NO_TITLE, reply(SENT)).requests
    assert [request.json["ContextInfo"] for request in requests] == [CONTEXT] * 3


def test_a_preview_of_a_link_is_asked_for() -> None:
    assert send(Text("https://x", link_preview=True), reply(SENT)).request.json["LinkPreview"] is True
    assert "LinkPreview" not in send(Text("https://x"), reply(SENT)).request.json


def test_a_button_that_copies_is_for_newer_servers() -> None:
    message = Buttons("Sale", (Button("Copy", copy_code="SALE"),))
    request = send(message, reply(SENT)).request
    assert request.path == BUTTONS
    assert request.json["Buttons"] == [
        {"Type": "copy", "ButtonId": "1", "ButtonText": "Copy", "copy_code": "SALE"},
    ]
    assert type(send(message, NO_TITLE).error) is UnsupportedByVendor


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (Audio(Media(OGG)), {"ptt": True, "mimetype": "audio/ogg; codecs=opus"}),
        (Audio(Media(url="https://x/a.ogg")), {"ptt": True, "mimetype": "audio/ogg; codecs=opus"}),
        (Audio(Media(b"ID3")), {"ptt": False, "mimetype": "audio/mpeg"}),
        (Audio(Media(url="https://x/a.mp3")), {"ptt": False, "mimetype": "audio/mpeg"}),
        (Audio(Media(url="https://x/latest")), {}),
        (Document(Media(b"a;b", filename="a.csv")), {"MimeType": "text/csv"}),
        (Document(Media(b"PK", filename="a.xlsx")),
         {"MimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}),
        (Document(Media(url="https://x/a.pdf")), {"MimeType": "application/pdf"}),
        (Document(Media(b"?")), {}),
        (Video(Media(b"\0\0\0 ftyp3gp5")), {"MimeType": "video/3gpp"}),
        (Sticker(Media(WEBP)), {}),
        (Sticker(Media(PNG)), {"MimeType": "image/png"}),
        (Sticker(Media(JPEG)), {"MimeType": "image/jpeg"}),
        (Sticker(Media(b"GIF89a")), {"MimeType": "image/gif"}),
        (Sticker(Media(MP4)), {"MimeType": "video/mp4"}),
    ],
)  # fmt: skip
def test_the_type_of_a_file_goes_along(message: Message, fields: dict[str, Any]) -> None:
    body = send(message, reply(SENT)).request.json
    assert {name: body[name] for name in ("ptt", "mimetype", "MimeType") if name in body} == fields


@pytest.mark.parametrize(
    ("message", "field", "value"),
    [
        (Image(Media(JPEG, filename="a.png")), "Image", url_of(JPEG, "image/jpeg")),
        (Image(Media(PNG, media_type="image/jpeg")), "Image", url_of(PNG, "image/png")),
        (Image(Media(b"?", filename="a.png")), "Image", url_of(b"?", "image/png")),
        (Image(Media(url=LINK)), "Image", LINK),
        (Audio(Media(OGG, media_type="audio/mpeg")), "Audio", url_of(OGG, "audio/ogg")),
        (Audio(Media(OGG + b"\0\2OpusHead")), "Audio", url_of(OGG + b"\0\2OpusHead", "audio/ogg")),
        (Audio(Media(url="https://x/a.ogg")), "Audio", "https://x/a.ogg"),
        (Video(Media(b"\0\0\0 ftyp3gp5")), "Video", url_of(b"\0\0\0 ftyp3gp5", "video/3gpp")),
        (Document(Media(PNG, filename="a.png")), "Document", url_of(PNG, "application/octet-stream")),
        (Document(Media(url="https://x/a.pdf")), "FileName", "a.pdf"),
        (Document(Media(b"x"), "Read this"), "Caption", "Read this"),
        (Sticker(Media(WEBP, filename="a.png")), "Sticker", url_of(WEBP, "image/webp")),
        (Video(Media(MP4), thumbnail=JPEG), "JpegThumbnail", base64.b64encode(JPEG).decode()),
    ],
)
def test_a_file_goes_under_the_mime_type_of_its_content(message: Message, field: str, value: str) -> None:
    assert send(message, reply(SENT)).request.json[field] == value


def test_rows_of_a_section_stand_together_and_each_has_its_own_id() -> None:
    rows = (ListRow("Early", section="Mon"), ListRow("Early", section="Tue"), ListRow("Late", "8 pm", "Mon"))
    body = send(ListMessage("When?", "Open", rows), reply(SENT)).request.json
    assert body["Sections"] == [
        {"Title": "Mon", "Rows": [{"RowId": "1", "Title": "Early"}, {"RowId": "3", "Title": "Late", "Desc": "8 pm"}]},
        {"Title": "Tue", "Rows": [{"RowId": "2", "Title": "Early"}]},
    ]
    assert not body.keys() & {"TopText", "FooterText"}


@pytest.mark.parametrize(
    ("reaction", "body"),
    [
        (Reaction("A1", "👍"), {"Body": "👍", "Id": "A1"}),
        (Reaction("A1", "👍", own=True), {"Body": "👍", "Id": "me:A1"}),
        (Reaction("me:A1", "👍", own=True), {"Body": "👍", "Id": "me:A1"}),
        (Reaction("A1", "", own=True), {"Body": "remove", "Id": "me:A1"}),
        (Reaction("A1", "👍", sender="1528@lid"), {"Body": "👍", "Id": "A1", "Participant": "1528@lid"}),
    ],
)
def test_reactions(reaction: Reaction, body: dict[str, str]) -> None:
    assert send(reaction, reply(SENT)).request.json == {"Phone": TO, **body}


# Buttons: which endpoint takes them depends on the server


def test_an_older_server_takes_a_template() -> None:
    played = send(YES_NO, reply(SENT), message_id="MINE")
    assert played.request.path == TEMPLATE
    assert played.request.json["Id"] == "MINE"
    assert played.result.warning is None


def test_the_newest_server_takes_buttons_of_all_kinds() -> None:
    played = send(YES_NO, GONE, reply(SENT), message_id="MINE")
    template, buttons = played.requests
    assert (template.path, buttons.path) == (TEMPLATE, BUTTONS)
    assert buttons.json["Footer"] == "Now or never"
    assert buttons.json["Id"] == template.json["Id"] == "MINE"
    assert buttons.effect is Effect.SEND
    assert played.result.warning is None


def test_a_server_in_between_takes_answers_alone_and_the_footer_is_missed() -> None:
    played = send(YES_NO, GONE, NO_TITLE, reply(SENT), message_id="MINE")
    assert played.requests[-1].json == {
        "Phone": TO,
        "Title": "Tea?",
        "Buttons": [{"ButtonId": "1", "ButtonText": "Yes"}, {"ButtonId": "2", "ButtonText": "No"}],
        "Id": "MINE",
    }
    assert "footer" in (played.result.warning or "")
    assert send(Buttons("?", (Button("Yes"),)), GONE, NO_TITLE, reply(SENT)).result.warning is None


@pytest.mark.parametrize(
    "message",
    [
        Buttons("?", (Button("Yes"), Button("Shop", url="https://x"))),
        Buttons("?", (Button("Call", phone="+34600"),)),
        Buttons("?", (Button("Yes"),), media=Media(JPEG)),
    ],
    ids=["link", "call", "picture"],
)
def test_a_server_in_between_cannot_do_more(message: Buttons) -> None:
    gone = [] if message.media else [GONE]
    error = send(message, *gone, NO_TITLE).error
    assert type(error) is UnsupportedByVendor
    assert "reply buttons only" in str(error)


def test_buttons_under_a_picture_are_the_newest_servers_alone() -> None:
    request = send(Buttons("Tea?", (Button("Yes"),), media=Media(PNG)), reply(SENT)).request
    assert request.path == BUTTONS
    assert request.json["Image"] == url_of(PNG, "image/png")


def test_a_server_with_neither_says_so() -> None:
    error = send(YES_NO, GONE, GONE).error
    assert type(error) is UnexpectedReply
    assert "does not have the endpoint" in str(error)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([failure(500, "no session")], SessionDown),
        ([GONE, failure(500, "no session")], SessionDown),
        ([GONE, failure(400, "could not parse Phone")], BadInput),
        ([GONE, reply(HTML, 400)], BadInput),
        ([GONE, reply(b"", 400)], OutcomeUnknown),
        ([GONE, reply(HTML, 502)], OutcomeUnknown),
        ([GONE, NO_TITLE, reply(HTML, 502)], OutcomeUnknown),
        ([GONE, OutcomeUnknown("cut")], OutcomeUnknown),
        ([OutcomeUnknown("cut")], OutcomeUnknown),
    ],
)
def test_nothing_but_a_clear_refusal_leads_to_the_next_form(answers: list[Any], kind: type[WaError]) -> None:
    assert type(send(YES_NO, *answers).error) is kind


# Bad input

REFERENCE: dict[str, Any] = {
    "URL": "https://mmg.whatsapp.net/x.enc",
    "mediaKey": "AAEC",
    "mimetype": "image/jpeg",
    "fileSHA256": "AwQF",
    "fileLength": "5",
}


def without(name: str, **others: Any) -> dict[str, Any]:
    return {key: value for key, value in REFERENCE.items() if key != name} | others


BAD_INPUT: dict[str, tuple[Callable[[], Flow[Any]], str]] = {
    "an image that is a PDF": (
        lambda: VENDOR.send(TO, Image(Media(b"%PDF-1", filename="a.jpg"))),
        "image: 'a.jpg' is application/pdf; it must be image/jpeg or image/png",
    ),
    "a GIF": (lambda: VENDOR.send(TO, Image(Media(b"GIF89a"))), "is image/gif"),
    "a WAV": (
        lambda: VENDOR.send(TO, Audio(Media(b"RIFF....WAVE", filename="a.ogg"))),
        "audio: 'a.ogg' is audio/wav; it must be audio/mpeg or audio/ogg",
    ),
    "Vorbis": (lambda: VENDOR.send(TO, Audio(Media(OGG + b"..\x01vorbis"))), "Vorbis in Ogg; it must be Opus"),
    "a video that is a picture": (lambda: VENDOR.send(TO, Video(Media(PNG))), "video: 'file.bin' is image/png"),
    "a sticker that is a PDF": (lambda: VENDOR.send(TO, Sticker(Media(b"%PDF-1"))), "it must be image/gif or"),
    "a quoting picture without a sender": (
        lambda: VENDOR.send(TO, Image(Media(JPEG), quoted_id="A1")),
        "image: quoted_sender is missing",
    ),
    "a mention of nobody": (lambda: VENDOR.send(TO, Text("x", mentions=("Ana",))), "text: mentions: 'Ana' is neither"),
    "a reaction in a group": (lambda: VENDOR.send(GROUP, Reaction("A1", "x")), "reaction: sender is missing"),
    "two codes": (
        lambda: VENDOR.send(TO, Buttons("?", (Button("a", copy_code="1"), Button("b", copy_code="2")))),
        "2 copy buttons; there may be at most 1",
    ),
    "a sticker's caption": (
        lambda: VENDOR.send(TO, Sticker(Media(WEBP), "x")),
        "caption is not possible",
    ),
    "a thumbnail of another type": (
        lambda: VENDOR.send(TO, Video(Media(MP4), thumbnail=PNG)),
        "thumbnail: it is image/png; it must be image/jpeg",
    ),
    "a thumbnail that is nothing": (
        lambda: VENDOR.send(TO, Sticker(Media(WEBP), thumbnail=b"")),
        "thumbnail: it is of an unknown type",
    ),
    "an answer to nobody": (lambda: VENDOR.send(TO, Text("x", "A1")), "quoted_sender is missing"),
    "an answer to nobody known": (lambda: VENDOR.send(TO, Text("x", "A1", "Ana")), "quoted_sender: 'Ana' is neither"),
    "a poll with several answers": (lambda: VENDOR.send(TO, Poll("?", ("a", "b"), several=True)), "poll: several"),
    "four answers": (
        lambda: VENDOR.send(TO, Buttons("?", tuple(map(Button, "abcd")))),
        "4 reply buttons; there may be at most 3",
    ),
    "two links": (
        lambda: VENDOR.send(TO, Buttons("?", (Button("a", url=LINK), Button("b", url=LINK)))),
        "2 url buttons; there may be at most 1",
    ),
    "two calls": (
        lambda: VENDOR.send(TO, Buttons("?", (Button("a", phone="1"), Button("b", phone="2")))),
        "2 call buttons; there may be at most 1",
    ),
    "a long button": (
        lambda: VENDOR.send(TO, Buttons("?", (Button("x" * 21),))),
        "the text has 21 characters; it may have at most 20",
    ),
    "buttons under a place": (
        lambda: VENDOR.send(TO, Buttons("?", (Button("x"),), location=Location(1, 2))),
        "buttons: location",
    ),
    "buttons under a video": (
        lambda: VENDOR.send(TO, Buttons("?", (Button("x"),), media=Media(MP4))),
        "buttons: media: 'file.bin' is video/mp4",
    ),
    "deleting nothing": (lambda: VENDOR.delete_message(TO, " "), "message_id is empty"),
    "another presence": (
        lambda: VENDOR.presence(TO, "recording"),
        "state: 'recording' is unknown; expected one of composing, paused",
    ),
    "reading nothing": (lambda: VENDOR.mark_read([], TO), "message_ids: the list is empty"),
    "reading an empty id": (lambda: VENDOR.mark_read(["A1", ""], TO), "message_ids: an id is empty"),
    "reading nowhere": (lambda: VENDOR.mark_read(["A1"], "my chat"), "chat: 'my chat' is neither"),
    "reading a group's": (lambda: VENDOR.mark_read(["A1"], GROUP), "sender: it is missing"),
    "downloading a place": (
        lambda: VENDOR.download("location", REFERENCE),
        "kind: 'location' is unknown; expected one of image, video, audio, document, sticker",
    ),
    "no URL": (lambda: VENDOR.download("image", without("URL")), "Url and DirectPath are missing"),
    "no key": (lambda: VENDOR.download("image", without("mediaKey")), "MediaKey is missing"),
    "no MIME type": (lambda: VENDOR.download("image", without("mimetype")), "Mimetype is missing"),
    "no hash": (lambda: VENDOR.download("image", without("fileSHA256")), "FileSHA256 is missing"),
    "no length": (lambda: VENDOR.download("image", without("fileLength")), "FileLength is missing"),
    "a length that is none": (lambda: VENDOR.download("image", REFERENCE | {"fileLength": 2.5}), "not a whole number"),
    "a negative length": (lambda: VENDOR.download("image", REFERENCE | {"fileLength": -1}), "not a whole number"),
    "a key that is not base64": (lambda: VENDOR.download("image", REFERENCE | {"mediaKey": "?"}), "MediaKey is not"),
    "a message without a file": (lambda: VENDOR.download("image", {"imageMessage": "x"}), "MediaKey is missing"),
}


@pytest.mark.parametrize(("call", "words"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_refused_before_any_call(call: Callable[[], Flow[Any]], words: str) -> None:
    error = play(call(), []).error
    assert type(error) is BadInput
    assert words in str(error)


def test_a_kind_of_message_without_an_endpoint_is_refused_before_any_call() -> None:
    class Dance(Message):
        type = "dance"

    error = send(Dance()).error
    assert type(error) is UnsupportedByVendor
    assert "dance" in str(error)


# Deleting and reading


def test_deleting_is_a_send() -> None:
    played = play(VENDOR.delete_message(TO, "A1"), [envelope({"Details": "Deleted", "Id": "A1"})])
    assert played.request.effect is Effect.SEND
    assert played.result.message_id == "A1"
    assert type(play(VENDOR.delete_message(TO, "A1"), [reply(HTML, 502)]).error) is OutcomeUnknown


@pytest.mark.parametrize("chat", ["5491155553934", "+54 9 11 5555-3934", "5491155553934@s.whatsapp.net"])
def test_a_chat_goes_as_a_full_jid(chat: str) -> None:
    request = play(VENDOR.mark_read(("A1", "A2"), chat), [envelope({"Details": "done"})]).request
    assert request.json == {"Id": ["A1", "A2"], "Chat": "5491155553934@s.whatsapp.net"}


# Downloading


def downloaded(value: Any, reference: Any = None, kind: str = "image") -> Played[MediaFile]:
    return play(VENDOR.download(kind, reference or REFERENCE), [envelope(value)])


def test_a_reference_is_taken_with_keys_in_any_case() -> None:
    played = downloaded({"Mimetype": "image/jpeg", "Data": url_of(JPEG, "image/jpeg")})
    assert played.request.json == {
        "Url": "https://mmg.whatsapp.net/x.enc",
        "MediaKey": "AAEC",
        "Mimetype": "image/jpeg",
        "FileSHA256": "AwQF",
        "FileLength": 5,
    }
    assert played.request.effect is Effect.READ
    assert played.result == MediaFile(vendor="wuzapi", content=JPEG, media_type="image/jpeg")


def test_the_whole_message_of_a_webhook_will_do() -> None:
    file = without("URL", directPath="/v/x.enc", fileEncSHA256="BgcI", fileName="a.pdf", mimetype="application/pdf")
    played = downloaded({"Data": url_of(b"x", "a/b")}, {"documentMessage": file}, "document")
    assert played.request.json["DirectPath"] == "/v/x.enc"
    assert played.request.json["FileEncSHA256"] == "BgcI"
    assert (played.result.filename, played.result.media_type) == ("a.pdf", "application/pdf")


@pytest.mark.parametrize("value", [None, {}, {"Data": ""}, {"Data": "data:a/b;base64,"}, {"Data": "?"}, {"Data": 1.5}])
def test_a_download_without_a_file_is_unexpected(value: Any) -> None:
    assert type(downloaded(value).error) is UnexpectedReply


def test_a_file_that_is_gone_is_not_asked_for_again() -> None:
    gone = failure(500, "failed to download image download failed with status code 404")
    assert type(play(VENDOR.download("image", REFERENCE), [gone]).error) is BadInput


@given(st.dictionaries(st.sampled_from([*REFERENCE, "imageMessage", "directPath"]), st.sampled_from(VALUES)))
def test_any_reference_goes_out_whole_or_not_at_all(changes: dict[str, Any]) -> None:
    played = play(VENDOR.download("image", {**REFERENCE, **changes}), iter([envelope({"Data": "AAEC"})]))
    if played.error:
        assert type(played.error) is BadInput
        assert played.requests == []
    else:
        assert played.request.json.keys() >= {"MediaKey", "Mimetype", "FileSHA256", "FileLength"}
