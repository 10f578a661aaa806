# SPDX-License-Identifier: Apache-2.0
"""Spellings of a secret, and decoding of texts that libraries and servers have encoded.

All functions take time in proportion to the length of the text, since strangers write some of the texts.
"""

from __future__ import annotations

import base64
import html.entities
import re
from binascii import a2b_base64
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

LAYERS = 8
"""Maximum number of nested encodings that are decoded. JSON in a query in a log line has three."""

WINDOW = 64 * 1024
"""Characters of a long text that are decoded at a time, so that the memory for it does not grow with the text."""

ESCAPE_MARKS = ("%", "\\", "&")
"""Characters with which escapes begin."""

_HEX = "[0-9a-fA-F]"
_ESCAPE = re.compile(
    "|".join(
        (
            f"%{_HEX}{{2}}",
            f"%u{_HEX}{{4}}",
            rf"\\x{_HEX}{{2}}",
            rf"\\u{_HEX}{{4}}",
            rf"\\U{_HEX}{{8}}",
            rf"\\[ux]\{{{_HEX}{{1,8}}\}}",
            r"\\[0-3][0-7]{2}",
            r"\\.",
            r"&#[0-9]{1,9};?",
            f"&#[xX]{_HEX}{{1,8}};?",
            # Browsers take these without a semicolon, too.
            "&(?:amp|lt|gt|quot);?",
            "&[a-zA-Z][a-zA-Z0-9]{1,31};",
        )
    ),
    re.DOTALL,
)
"""One escaped character: as in a URL, a form, JSON, JavaScript, a ``repr``, a shell's string or HTML."""

_NAMED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b", "0": "\0"}


@dataclass(frozen=True)
class Layer:
    """A text after decoding of one layer, and the places of its characters in the text before that."""

    text: str
    ends: list[int]
    sources: list[int]
    around: Layer | None

    def source(self, place: int) -> int:
        """Return the place in the original text that belongs to ``place``, the start or the end of a span."""
        before = bisect_right(self.ends, place) - 1
        found = place if before < 0 else self.sources[before] + place - self.ends[before]
        return self.around.source(found) if self.around else found


def layers(text: str) -> Iterator[Layer]:
    """Yield ``text`` after decoding of one layer, then of two, and so on, until nothing is encoded."""
    layer: Layer | None = None
    for _ in range(LAYERS):
        layer = _decoded(layer.text if layer else text, layer)
        if not layer.ends:
            return
        yield layer


@dataclass(frozen=True)
class Needle:
    """A text to search for without regard to case, and regular expressions for the characters around it."""

    text: str
    before: str = ""
    behind: str = ""

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the spans of the needle in ``text``."""
        pattern = f"{self.before}{re.escape(self.text)}{self.behind}"
        return (match.span() for match in re.finditer(pattern, text, re.IGNORECASE))


LONGEST_RUN = 64 * 1024
"""Maximum length of a run that is unpacked; a longer one is a file."""

_UNRESERVED = re.compile(r"[\w.~-]*", re.ASCII)
_STANDARD = str.maketrans("-_", "+/")
_PADDING = (b"", b"", b"==", b"=")
_HEX_RUN = re.compile(f"{_HEX}{{16,}}")


class Packed:
    """Searches for runs of base64 or hexadecimal digits that may contain an encoded secret.

    Needles find a secret in base64 by itself, so a run has at least the length of one that was encoded before.
    """

    def __init__(self, secrets: Collection[str]) -> None:
        shortest = min(map(_inside, secrets), default=LONGEST_RUN)
        self.runs = re.compile(rf"(?<![\w+/-])[\w+/-]{{{max(8, shortest * 4 // 3)},}}={{0,2}}", re.ASCII)
        # Encoded secrets are printable, other than most of what is packed: pictures.
        self._ascii = all(map(str.isascii, secrets))
        wide = "" if self._ascii else "\x80-\xff"
        self._texts = re.compile(rf"[\t\r\n -~{wide}]{{{shortest},}}".encode("latin-1"))

    def texts(self, run: str) -> Iterator[str]:
        """Yield the texts in a run, one character for each octet."""
        if len(run) <= LONGEST_RUN:
            # Phone numbers are the most frequent runs: as base64, of digits alone every third octet is not ASCII.
            unpacked = _from_hex(run) if self._ascii and run.isdigit() else chain(_from_base64(run), _from_hex(run))
            octets = b"\0".join(unpacked)  # a zero is in no text: all are searched at once
            yield from (match[0].decode("latin-1") for match in self._texts.finditer(octets))


def _inside(secret: str) -> int:
    """Return the minimum length of a secret in another encoding."""
    octets = len(secret.encode("utf-8", "surrogatepass"))
    # Escapes leave these characters as they are; base64 and hexadecimal digits do not.
    return octets * 4 // 3 if _UNRESERVED.fullmatch(secret) else octets + 1


def _from_base64(run: str) -> Iterator[bytes]:
    """Yield a run decoded from base64, from each of four places; its beginning may belong to a path, for instance."""
    plain = run.rstrip("=").translate(_STANDARD).encode()
    for begin in range(4):
        size = len(plain) - begin
        # One character alone holds no octet.
        end = len(plain) - (size % 4 == 1)
        yield a2b_base64(plain[begin:end] + _PADDING[size % 4])


def _from_hex(run: str) -> Iterator[bytes]:
    """Yield the hexadecimal digits in a run decoded, from both places at which an octet may begin."""
    for match in _HEX_RUN.finditer(run):
        for begin in range(2):
            digits = match[0][begin:]
            yield bytes.fromhex(digits[: len(digits) // 2 * 2])


def needles(secret: str, *, alone: bool) -> list[Needle]:
    """Return the needles that reveal ``secret`` in a decoded text: the secret, its base64 and its hexadecimal form.

    :param alone: find the secret only as a separate word, since it is short.
    """
    octets = secret.encode("utf-8", "surrogatepass")
    if not alone:
        plain = [Needle(spelling) for spelling in _spellings(secret)]
        return [*plain, Needle(octets.hex()), *_in_base64(octets)]
    plain = [Needle(spelling, r"(?<!\w)", r"(?!\w)") for spelling in _spellings(secret)]
    return [*plain, Needle(octets.hex(), r"\b", r"\b"), *_in_base64_alone(octets)]


def _spellings(secret: str) -> list[str]:
    """Return the forms of ``secret`` in a decoded text: unchanged, decoded, and with one character for each byte.

    A secret may look encoded itself (``%41``). Decoding yields one character for each octet and each UTF-16 unit. It
    does not change a plus, which forms use for a space.
    """
    texts = [secret, *(layer.text for layer in layers(secret))]
    forms = [form for text in texts if text for form in (text, _octets(text), _units(text))]
    return list(dict.fromkeys([*forms, *(form.replace(" ", "+") for form in forms)]))


def _in_base64(octets: bytes) -> list[Needle]:
    """Return ``octets`` in base64, for any other octets before and after them."""
    # The neighbouring characters hold some bits of the secret too.
    return [
        Needle(spelling, r"[\w+/-]?", r"[\w+/-]?={0,2}")
        for shift in range(3)
        for spelling in _base64(octets, shift, ends=False)
    ]


def _in_base64_alone(octets: bytes) -> list[Needle]:
    """Return ``octets`` in base64, alone and next to a colon, as in ``user:password``."""
    begin, end = r"(?<![\w+/-])", r"={0,2}(?![\w+/-])"
    whole = [Needle(spelling, begin, end) for spelling in _base64(octets, 0, ends=True)]
    first = [Needle(spelling, begin) for spelling in _base64(octets + b":", 0, ends=False)]
    last = [Needle(spelling, "", end) for shift in range(3) for spelling in _base64(b":" + octets, shift, ends=True)]
    return [*whole, *first, *last]


def _decoded(text: str, around: Layer | None) -> Layer:
    parts: list[str] = []
    ends: list[int] = []
    sources: list[int] = []
    done = length = 0
    for match in _ESCAPE.finditer(text):
        begin, end = match.span()
        character = _meaning(match[0])
        if character:
            parts += (text[done:begin], character)
            length += begin - done + 1
            done = end
            ends.append(length)
            sources.append(end)
    parts.append(text[done:])
    return Layer("".join(parts), ends, sources, around)


@lru_cache(maxsize=4096)
def _meaning(escape: str) -> str:
    """Return the character that an escape encodes; an empty text for an unknown escape."""
    mark, digits = escape[:2], escape.rstrip(";}")
    if escape[0] == "&" and mark != "&#":
        found = html.entities.html5.get(escape[1:], "")
        return found if len(found) == 1 else ""
    if mark == "&#":
        code = int(digits[3:], 16) if digits[2:3] in ("x", "X") else int(digits[2:])
    elif escape[0] == "%" or mark in (r"\x", r"\u", r"\U"):
        return _unit(escape)
    elif len(escape) == 4:
        code = int(escape[1:], 8)
    else:
        return _NAMED.get(escape[1], escape[1])
    return chr(code) if code < 0x110000 else ""


def _unit(escape: str) -> str:
    digits = re.sub(r"[^0-9a-fA-F]", "", escape)
    # A backslash before a plain x or u.
    return (chr(code) if (code := int(digits, 16)) < 0x110000 else "") if digits else escape[1]


def _octets(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _units(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(chr(int.from_bytes(units[place : place + 2], "big")) for place in range(0, len(units), 2))


def _base64(octets: bytes, shift: int, *, ends: bool) -> list[str]:
    """Return the base64 characters that depend on ``octets`` only, in both alphabets.

    :param shift: number of octets before ``octets`` in the same group of three, which four characters encode.
    :param ends: True if no octet follows, so that the last character is known too.
    """
    encoded = base64.b64encode(bytes(shift) + octets).decode().rstrip("=")
    known = encoded[-(-8 * shift // 6) : len(encoded) if ends else 8 * (shift + len(octets)) // 6]
    return list(dict.fromkeys((known, known.replace("+", "-").replace("/", "_"))))
