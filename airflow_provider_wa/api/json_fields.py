# SPDX-License-Identifier: Apache-2.0
"""Reader of untrusted JSON with limits, and of its fields: keys in any case, moments in any form, any type."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any, NoReturn

MAX_DEPTH = 100
"""Maximum nesting of JSON. Vendors nest far less; Python cannot write JSON that is far deeper."""

MAX_DIGITS = 100
"""Maximum length of a number in JSON, in characters. Longer numbers are slow to read, and no vendor sends them."""

MAX_VALUES = 2_000_000
"""Maximum number of values in JSON. A value of two bytes in the body may take 70 bytes of memory."""


_TOO_DEEP = f"nested too deeply; expected at most {MAX_DEPTH} levels"


class BeyondBounds(ValueError):
    """JSON that exceeds a limit: of levels, of the length of numbers, or of values."""


def decoded(body: str | bytes | bytearray, *, strict: bool = False) -> Any:
    """Return the value of a JSON text.

    :param strict: refuse NaN and Infinity, which some programs write although they are not JSON.
    :raises ValueError: the text is not JSON.
    :raises BeyondBounds: the JSON exceeds a limit.
    """
    document = body if isinstance(body, str) else body.decode(json.detect_encoding(body), "surrogatepass")
    opened = document.count("[") + document.count("{")
    # An upper bound: texts may contain commas as well.
    if len(document) > MAX_VALUES and opened + document.count(",") > MAX_VALUES:
        raise BeyondBounds(f"too long; expected at most {MAX_VALUES:,} values")
    try:
        value = (_STRICT if strict else _LENIENT).decode(document)
    except RecursionError:
        raise BeyondBounds(_TOO_DEEP) from None
    if opened > MAX_DEPTH and _is_too_deep(value):
        raise BeyondBounds(_TOO_DEEP)
    return value


def _is_too_deep(value: Any) -> bool:
    """Return whether a value has more than ``MAX_DEPTH`` levels."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in inside(outer) if isinstance(inner, (Mapping, list, tuple))]
        if not level:
            return False
    return True


_LEAVES = frozenset({str, int, float, bool, type(None)})


def inside(value: Any) -> Iterable[Any]:
    """Return the values that an object or a list contains; none for other values."""
    if type(value) in _LEAVES:  # for speed: most values are one of these
        return ()
    if type(value) is dict or isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()


def _integer(digits: str) -> int:
    return int(_bounded(digits))


def _float(digits: str) -> float:
    return float(_bounded(digits))


def _bounded(digits: str) -> str:
    if len(digits) > MAX_DIGITS:
        raise BeyondBounds(f"a number is too long; expected at most {MAX_DIGITS} characters")
    return digits


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_LENIENT = json.JSONDecoder(parse_int=_integer, parse_float=_float)
_STRICT = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_no_constant)


def pick(source: Any, *names: str) -> Any:
    """Return the value under the first of ``names`` that ``source`` has, in any case; None if it has none of them."""
    # The first checks are for speed: about thirty names are looked up in a post.
    if type(source) is not dict and (type(source) in _LEAVES or not isinstance(source, Mapping)):
        return None
    for name in names:
        value = source.get(name)
        if value is None:
            value = _in_any_case(source, name)
        if value is not None:
            return value
    return None


def _in_any_case(source: Mapping[Any, Any], name: str) -> Any:
    size = len(name)
    if size not in map(len, map(str, source)):  # for speed: most objects have no key of this length
        return None
    wanted = name.casefold()
    found = [value for key, value in source.items() if len(str(key)) == size and str(key).casefold() == wanted]
    return found[-1] if found else None


def text(value: Any) -> str:
    """Return a string or number as text; the empty text for everything else, None included."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""


Path = tuple[str, ...]
"""Names on the way to a value, from the outermost."""


def texts_at(source: Any, path: Path) -> list[str]:
    """Return the texts at a place: one, or one for each item of the lists on the way to it."""
    if path and type(source) in _LEAVES:  # for speed: most messages are a text
        return []
    values = [source]
    for name in path:
        values = [found for item in _spread(values) if (found := pick(item, name)) is not None]
    return [found for item in _spread(values) if (found := text(item))]


def text_at(source: Any, paths: Iterable[Path]) -> str:
    """Return the first text that is at one of these places; those of a list are joined by commas."""
    for path in paths:
        if found := texts_at(source, path):
            return ", ".join(found)
    return ""


def truth(value: Any) -> bool | None:
    """Return the truth of a boolean, "yes"/"no", "true"/"false" or 1/0; None for everything else."""
    if isinstance(value, bool):
        return value
    return {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(text(value).casefold())


_WHOLE = re.compile(r"[+-]?\d{1,18}")


def whole_number(value: Any) -> int | None:
    """Return a whole number, given as a number or as text; None for everything else."""
    digits = text(value)
    return int(digits) if digits and _WHOLE.fullmatch(digits) else None


def decimal(value: Any) -> float | None:
    """Return a finite number, given as a number or as text; None for everything else."""
    digits = text(value)
    try:
        found = float(digits) if digits else math.nan
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def moment(value: Any) -> datetime | None:
    """Return the moment of a Unix time or RFC 3339 text (also ``2023-05-04 22:29:59 +0530 IST``), else None.

    Go's zero time (year 1) and other moments before 1971 count as missing.
    """
    words = text(value)
    found = _unix_moment(seconds) if (seconds := whole_number(words)) is not None else _text_moment(words)
    if found is None or seconds == 0:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=timezone.utc)
    return found if found.year > 1970 else None


def base64_bytes(value: Any) -> bytes | None:
    """Return the bytes of base64, with or without a ``data:`` prefix, padding and line breaks, else None."""
    encoded = "".join(text(value).rpartition("base64,")[2].split())
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def png_bytes(value: Any) -> bytes | None:
    """Return the bytes of a PNG in base64, with or without a ``data:`` prefix and line breaks, else None."""
    picture = base64_bytes(value)
    return picture if picture and picture.startswith(b"\x89PNG") else None


def _spread(values: list[Any]) -> list[Any]:
    """Return values with the items of each list in its place."""
    if not any(isinstance(value, list) for value in values):
        return values
    return [item for value in values for item in (value if isinstance(value, list) else (value,))]


def _unix_moment(seconds: int) -> datetime | None:
    # Some senders count in milliseconds: this number of seconds would be in the year 5138.
    if abs(seconds) > 10**11:
        seconds //= 1000
    try:
        return datetime.fromtimestamp(seconds, tz=timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None


_MOMENT_LENGTH = 64
# The form of most vendors: Python reads it ten times as fast as pendulum.
_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _text_moment(value: str) -> datetime | None:
    if len(value) > _MOMENT_LENGTH:
        return None
    if usual := _RFC_3339.fullmatch(value):
        seconds, part, offset = usual.groups("")
        with suppress(ValueError):  # a leap second, or a day that there is not
            return datetime.fromisoformat(f"{seconds}.{part[:6]:0<6}{offset if offset != 'Z' else '+00:00'}")
    import pendulum  # noqa: PLC0415 - takes 0.1 s to load

    iso = re.sub(r"^(\S+) (\S+) ([+-]\d{4})( \w+)?$", r"\1T\2\3", value)
    try:
        found = pendulum.parse(iso) if re.match(r"\d{4}-\d\d-\d\d[T ]\d", iso) else None
    except (ValueError, OverflowError):
        return None
    return found if isinstance(found, datetime) else None
