# SPDX-License-Identifier: Apache-2.0
"""Odd secrets, and the ways in which libraries, servers and people's tools write a text down."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

ODD_SECRETS = {
    "plain": "S3cr3tT0k3nXyz",
    "four characters": "k7Qz",
    "four with a sign": "a+9/",
    "six digits": "904517",
    "regular expression": "(a+)+$[^x]*?{2}|.\\w",
    "unicode": "pässwörd-日本€😀",
    "percent": "100%-safe%2Fhere%",
    "percent and hexadecimal": "%41%42cd%zz",
    "plus and space": "one + two+three four",
    "backslashes": "C:\\new\\table\\x41\\\\share",
    "ends with a backslash": "endsWithOne\\",
    "quotes": 'it\'s "quoted" `here`',
    "markup": "<a href=x>&amp;&#43;</a>",
    "base64": "c2VjcmV0LXRva2Vu+/==",
    "a line in it": "first\nsecond\tthird",
    "as a JSON escape": "\\u0041bc\\n-d",
    "equals": "==token==value==",
    "hexadecimal": "deadbeefcafe0123",
}


def _each(pattern: str) -> Callable[[str], str]:
    """Escape each octet."""
    return lambda text: "".join(pattern.format(octet) for octet in text.encode())


def _points(pattern: str) -> Callable[[str], str]:
    """Escape each character."""
    return lambda text: "".join(pattern.format(ord(character)) for character in text)


def _units(pattern: str) -> Callable[[str], str]:
    """Escape each UTF-16 unit."""
    return lambda text: "".join(
        pattern.format(int.from_bytes(text.encode("utf-16-be")[place : place + 2], "big"))
        for place in range(0, len(text.encode("utf-16-be")), 2)
    )


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _for_urls(text: str) -> str:
    return _base64(text).replace("+", "-").replace("/", "_")


def _signs(pattern: str) -> Callable[[str], str]:
    """Escape each character but letters and digits."""
    return lambda text: re.sub(r"[^0-9A-Za-z]", lambda match: pattern.format(ord(match[0])), text)


FORMS: dict[str, Callable[[str], str]] = {
    "itself": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "percent": lambda text: quote(text, safe=""),
    "percent, with slashes": quote,
    "percent, lower case": lambda text: re.sub("%..", lambda match: match[0].lower(), quote(text, safe="")),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent three times": lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    "a form": quote_plus,
    "a form twice": lambda text: quote_plus(quote_plus(text)),
    "each percent-encoded": _each("%{:02X}"),
    "each percent-encoded, lower case": _each("%{:02x}"),
    "each percent-encoded twice": lambda text: quote(_each("%{:02X}")(text), safe=""),
    "each twice, doubly": lambda text: _each("%25{:02x}")(text),
    "JavaScript's escape": _units("%u{:04x}"),
    "JSON": _json,
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON twice": lambda text: _json(_json(text)),
    "JSON four times": lambda text: _json(_json(_json(_json(text)))),
    "JSON with slashes": lambda text: _json(text).replace("/", "\\/"),
    "JSON, each": _units("\\u{:04x}"),
    "JSON, each, upper case": _units("\\u{:04X}"),
    "JSON, each, twice": lambda text: _json(_units("\\u{:04x}")(text)),
    "Python's long escapes": _points("\\U{:08x}"),
    "braced escapes": _points("\\u{{{:x}}}"),
    "bytes, each": _each("\\x{:02x}"),
    "bytes, each, upper case": _each("\\x{:02X}"),
    "octal": _each("\\{:03o}"),
    "HTML": html.escape,
    "HTML without quotes": lambda text: html.escape(text, quote=False),
    "HTML without semicolons": lambda text: re.sub("&(amp|lt|gt|quot);", r"&\1", html.escape(text)),
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "HTML, decimal": _points("&#{};"),
    "HTML, hexadecimal": _points("&#x{:x};"),
    "HTML, hexadecimal, upper case": _points("&#X{:X};"),
    "HTML, padded": _points("&#{:05d};"),
    "HTML, signs by number": _signs("&#{};"),
    "HTML, signs by hexadecimal number": _signs("&#x{:X};"),
    "HTML of percent": lambda text: html.escape(quote(text, safe="")),
    "percent of HTML": lambda text: quote(_signs("&#{};")(text), safe=""),
    "percent of JSON": lambda text: quote(_json(text), safe=""),
    "JSON of HTML": lambda text: _json(html.escape(text)),
    "JSON of percent": lambda text: _json(quote(text, safe="")),
    "HTML of JSON": lambda text: html.escape(_json(text)),
    "repr": lambda text: repr(text)[1:-1],
    "repr of bytes": lambda text: repr(text.encode())[2:-1],
    "repr of repr": lambda text: repr(repr(text)[1:-1])[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 behind a name": lambda text: base64.b64encode(f"u:{text}".encode()).decode(),
    "base64 behind a longer name": lambda text: base64.b64encode(f"us:{text}".encode()).decode(),
    "base64 behind the longest name": lambda text: base64.b64encode(f"usr:{text}".encode()).decode(),
    "base64 before a name": lambda text: base64.b64encode(f"{text}:u".encode()).decode(),
    "base64 twice": lambda text: _base64(_base64(text)),
    "base64 of percent": lambda text: _base64(quote(text, safe="")),
    "base64 of each percent-encoded": lambda text: _base64(_each("%{:02X}")(text)),
    "base64 of JSON": lambda text: _base64(json.dumps({"id": 7, "token": text})),
    "base64 of HTML": lambda text: _base64(f"<p>No {html.escape(text)}</p>"),
    "base64 of a header with base64": lambda text: _base64(f"Authorization: Basic {_base64(f'user:{text}')}"),
    "base64 of URLs, of a form": lambda text: _for_urls(f"x=1&token={quote_plus(text)}"),
    "percent of base64 of JSON": lambda text: quote(_base64(json.dumps([text])), safe=""),
    "hexadecimal of percent": lambda text: quote(text, safe="").encode().hex(),
    "hexadecimal of base64": lambda text: _base64(text).encode().hex(),
    "percent of base64": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, upper case": lambda text: text.encode().hex().upper(),
    "octets as characters": lambda text: text.encode().decode("latin-1"),
}  # fmt: skip
"""What is made of a text, by name. Each can be undone, letter case apart."""

PLACES = {
    "by itself": "{}",
    "a query": "https://h/send?to=1&token={}&x=1",
    "behind an encoded equals sign": "token%3D{}%26x%3D1",
    "behind a doubly encoded one": "token%253D{}%2526x",
    "JSON": '{{"token":"{}","n":1}}',
    "JSON in JSON": '"{{\\"token\\":\\"{}\\"}}"',
    "a line of its own in JSON": '"first\\n{}\\nlast"',
    "HTML": "<p>No &quot;{}&quot;&#61;</p>",
    "behind a numeric entity": "token&#61;{}&#38;",
    "behind a JSON escape": "token\\u003d{}\\u0026",
    "a header": "Authorization: Bearer {}\r\nHost: h",
    "bytes": "b'token={}'",
}
"""Where a text stands, as templates."""
