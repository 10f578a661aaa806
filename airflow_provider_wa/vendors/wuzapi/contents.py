# SPDX-License-Identifier: Apache-2.0
"""Contents of WhatsApp messages as WuzAPI posts them: one table of their parts (vendor-docs/wuzapi-server).

The names are those of WhatsApp's own messages, in whatsmeow's spelling; capital letters make no difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from airflow_provider_wa.api.json_fields import Path, decimal, decoded, pick, text, text_at, texts_at, whole_number

MAX_WRAPPERS = 10
"""Maximum number of wrappers around a message that are looked into; WhatsApp nests three."""


class Part(NamedTuple):
    """A part of a message that marks its kind: its name, our word for it, and the places in it.

    ``texts`` are the places of the text, the best first; ``selected`` is the place of the id of a chosen button or row;
    ``target`` that of the id of the message to which the part refers; ``options`` are the places of a poll's options.
    """

    name: str
    kind: str
    texts: tuple[Path, ...] = ()
    selected: Path | None = None
    target: Path | None = None
    options: tuple[Path, ...] = ()


_KEY: Path = ("key", "ID")
_TARGET: Path = ("targetMessageKey", "ID")
_POLL_OPTIONS: tuple[Path, ...] = (("options", "optionName"), ("pollVotes", "optionName"))
_NOTES: tuple[Path, ...] = (("noteMessage", "conversation"), ("noteMessage", "extendedTextMessage", "text"))
_TEMPLATES: tuple[Path, ...] = (
    ("hydratedTemplate", "hydratedContentText"),
    ("Format", "HydratedFourRowTemplate", "hydratedContentText"),
    ("Format", "InteractiveMessageTemplate", "body", "text"),
    ("Format", "FourRowTemplate", "content", "hydratedHsm", "hydratedTemplate", "hydratedContentText"),
)

PARTS: tuple[Part, ...] = (
    Part("conversation", "text", ((),)),
    Part("extendedTextMessage", "text", (("text",),)),
    Part("imageMessage", "image", (("caption",),)),
    Part("videoMessage", "video", (("caption",),)),
    Part("ptvMessage", "video", (("caption",),)),
    Part("audioMessage", "audio"),
    Part("documentMessage", "document", (("caption",),)),
    Part("stickerMessage", "sticker"),
    Part("stickerPackMessage", "sticker", (("caption",), ("name",))),
    Part("locationMessage", "location", (("name",), ("address",), ("comment",))),
    Part("liveLocationMessage", "location", (("caption",),)),
    Part("contactMessage", "contact", (("displayName",),)),
    Part("contactsArrayMessage", "contact", (("displayName",), ("contacts", "displayName"))),
    Part("buttonsResponseMessage", "button", (("Response", "SelectedDisplayText"), ("selectedDisplayText",)),
         selected=("selectedButtonID",)),
    Part("templateButtonReplyMessage", "button", (("selectedDisplayText",),), selected=("selectedID",)),
    Part("interactiveResponseMessage", "button", (("body", "text"), ("chosen", "display_text"), ("chosen", "title")),
         selected=("chosen", "id")),
    Part("listResponseMessage", "list", (("title",), ("description",)),
         selected=("singleSelectReply", "selectedRowID")),
    *(Part(f"pollCreationMessage{version}", "poll", (("name",),), options=_POLL_OPTIONS)
      for version in ("", "V2", "V3", "V5", "V6")),
    *(Part(f"pollResultSnapshotMessage{version}", "poll", (("name",),), options=_POLL_OPTIONS)
      for version in ("", "V3")),
    Part("pollUpdateMessage", "vote", target=("pollCreationMessageKey", "ID")),
    Part("groupInviteMessage", "invitation", (("caption",), ("groupName",))),
    Part("newsletterAdminInviteMessage", "invitation", (("caption",), ("newsletterName",))),
    *(Part(f"newsletterFollowerInviteMessage{version}", "invitation", (("caption",), ("newsletterName",)))
      for version in ("", "V2")),
    Part("orderMessage", "order", (("message",), ("orderTitle",))),
    Part("productMessage", "product",
         (("body",), ("product", "title"), ("product", "description"), ("catalog", "title"))),
    Part("eventMessage", "event", (("name",), ("description",))),
    Part("scheduledCallCreationMessage", "event", (("title",),)),
    Part("templateMessage", "template", _TEMPLATES),
    Part("highlyStructuredMessage", "template", (("hydratedHsm", *_TEMPLATES[0]), ("hydratedHsm", *_TEMPLATES[1]))),
    Part("buttonsMessage", "template", (("contentText",), ("Header", "Text"), ("text",), ("footerText",))),
    Part("listMessage", "template", (("description",), ("title",), ("footerText",))),
    Part("interactiveMessage", "template", (("body", "text"), ("header", "title"), ("footer", "text"))),
    Part("requestPaymentMessage", "payment", _NOTES),
    Part("sendPaymentMessage", "payment", _NOTES),
    Part("invoiceMessage", "payment", (("note",),)),
    Part("paymentInviteMessage", "payment"),
    Part("reactionMessage", "reaction", (("text",),), target=_KEY),
    Part("encReactionMessage", "encrypted", target=_TARGET),
    Part("encCommentMessage", "encrypted", target=_TARGET),
    Part("encEventResponseMessage", "encrypted", target=("eventCreationMessageKey", "ID")),
    Part("secretEncryptedMessage", "edit", target=_TARGET),
    Part("pinInChatMessage", "pin", target=_KEY),
    Part("keepInChatMessage", "keep", target=_KEY),
    Part("placeholderMessage", "placeholder"),
    Part("albumMessage", "album"),
    Part("callLogMesssage", "call"),
    Part("callLogMessage", "call"),
    Part("bcallMessage", "call"),
    Part("call", "call"),
    Part("scheduledCallEditMessage", "control", target=_KEY),
    *(Part(name, "control") for name in ("stickerSyncRmrMessage", "requestPhoneNumberMessage", "messageHistoryBundle",
      "messageHistoryNotice", "declinePaymentRequestMessage", "cancelPaymentRequestMessage", "chat")),
    *(Part(name, "status") for name in ("statusMentionMessage", "groupStatusMessage", "groupStatusMessageV2",
      "groupStatusMentionMessage", "statusNotificationMessage", "statusAddYours")),
    Part("protocolMessage", "control", target=_KEY),
    Part("senderKeyDistributionMessage", "keys"),
    Part("fastRatchetKeySenderKeyDistributionMessage", "keys"),
)  # fmt: skip
"""Parts by which a message's kind is known; of several in one message the first of this table counts."""

_BY_NAME: Mapping[str, tuple[int, Part]] = {part.name.casefold(): (place, part) for place, part in enumerate(PARTS)}

PROTOCOL_KINDS: Mapping[str, str] = {"0": "deletion", "revoke": "deletion", "14": "edit", "message_edit": "edit"}
"""Kind by the ``type`` of a ``protocolMessage`` (whatsmeow); others control the client."""

_WITHOUT_TEXT: Mapping[str, str] = {"text": "unknown", "reaction": "reaction_removed"}
"""Kind of a part that has no text, where that makes a difference: nobody sends an empty text."""

_AROUND = frozenset({"messagecontextinfo"})
"""Parts that may come with any kind of message, and do not mark its kind."""

_UNKNOWN_TEXTS: tuple[Path, ...] = (
    *(("text",), ("caption",), ("contentText",), ("body",), ("body", "text"), ("title",)),
)  # fmt: skip
"""Places of a text in parts that are not in the table. A message with such a text is a text."""


@dataclass(kw_only=True)  # not frozen: that takes three times as long to make
class Content:
    """A message in our words, as in ``InboxMessage``; ``part`` is the part that it was read from."""

    kind: str
    text: str = ""
    options: tuple[str, ...] = ()
    selected_id: str | None = None
    target_id: str | None = None
    quoted_id: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    part: Any = field(default=None, repr=False)


def read(message: Any) -> Content:
    """Return the content of a message, inside its wrappers; of the kind ``unknown`` if there is none to be read."""
    wrappers: list[str] = []
    for _ in range(MAX_WRAPPERS):
        if found := _known(message):
            return _edited(_content(*found), wrappers)
        if (inside := _inside(message)) is None:
            break
        name, message = inside
        wrappers.append(name)
    return _edited(_unknown(message), wrappers)


def _known(message: Any) -> tuple[Part, Any] | None:
    """Return the part of a message that the table has, and its value."""
    found = [(*known, value) for name, value in _parts(message) if (known := _BY_NAME.get(name.casefold()))]
    if not found:
        return None
    _, part, value = min(found, key=itemgetter(0))
    return part, value


def _inside(message: Any) -> tuple[str, Mapping[str, Any]] | None:
    """Return the name of a message's wrapper, and the message in it. A wrapper is any part with a ``message``."""
    for name, value in _parts(message):
        if isinstance(inner := pick(value, "message"), Mapping):
            return name.casefold(), inner
    return None


def _parts(message: Any) -> list[tuple[str, Any]]:
    if not isinstance(message, Mapping):
        return []
    return [(str(name), value) for name, value in message.items() if value is not None]


def _edited(content: Content, wrappers: Sequence[str]) -> Content:
    """Return what was in an ``editedMessage`` as an edit, if it is a message by itself."""
    if "editedmessage" not in wrappers or content.kind in ("edit", "deletion"):
        return content
    return Content(kind="edit", text=content.text, target_id=content.target_id, part=content.part)


def _content(part: Part, value: Any) -> Content:
    if part.name == "protocolMessage":
        return _protocol(part, value)
    if part.name == "interactiveResponseMessage":
        value = {**value, "chosen": _chosen(value)} if isinstance(value, Mapping) else value
    said = text_at(value, part.texts)
    kind = part.kind if said else _WITHOUT_TEXT.get(part.kind, part.kind)
    if isinstance(value, str):  # for speed: most messages are nothing but a text
        return Content(kind=kind, text=said, part=value)
    return Content(
        kind=kind,
        text=said,
        options=tuple(dict.fromkeys(found for path in part.options for found in texts_at(value, path))),
        selected_id=_id(value, part.selected),
        target_id=_id(value, part.target),
        quoted_id=_id(value, ("contextInfo", "stanzaID")),
        latitude=decimal(pick(value, "degreesLatitude")),
        longitude=decimal(pick(value, "degreesLongitude")),
        part=value,
    )


def _protocol(part: Part, value: Any) -> Content:
    """Return the change that a ``protocolMessage`` makes; an edit has the new text."""
    kind = PROTOCOL_KINDS.get(text(pick(value, "type")).casefold(), part.kind)
    if (edited := pick(value, "editedMessage")) is not None:
        kind = "edit"
    known = _known(edited)
    said = text_at(known[1], known[0].texts) if known else ""
    return Content(kind=kind, text=said, target_id=_id(value, part.target), part=value)


def _unknown(message: Any) -> Content:
    """Return a message without a part that the table has: a text if there is one in it."""
    for name, value in _parts(message):
        if name.casefold() not in _AROUND and (said := text_at(value, _UNKNOWN_TEXTS)):
            return Content(kind="text", text=said, quoted_id=_id(value, ("contextInfo", "stanzaID")), part=value)
    return Content(kind="unknown")


def _chosen(answer: Mapping[str, Any]) -> Any:
    """Return what was chosen in a native flow: the object in its ``paramsJSON``."""
    flow = pick(answer, "nativeFlowResponseMessage")
    if flow is None:
        flow = pick(pick(answer, "InteractiveResponseMessage"), "nativeFlowResponseMessage")
    try:
        return decoded(text(pick(flow, "paramsJSON", "paramsJson")))
    except ValueError:
        return None


def _id(value: Any, path: Path | None) -> str | None:
    return None if path is None else text_at(value, (path,)) or None


def changed_kind(info: Any, event: Any) -> str | None:
    """Return the kind that the server's own marks say: an edit or a deletion; None without a mark."""
    mark = whole_number(pick(info, "Edit"))
    if mark in _EDIT_MARKS:
        return _EDIT_MARKS[mark]
    return "edit" if pick(event, "IsEdit") is True else None


_EDIT_MARKS: Mapping[int | None, str] = {1: "edit", 3: "edit", 7: "deletion", 8: "deletion"}
"""Kind by a message's ``Info.Edit`` (whatsmeow): edits by its sender and a group's admin, and the same of deletions."""
