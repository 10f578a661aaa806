# SPDX-License-Identifier: Apache-2.0
"""JSON Lines: one JSON object on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.bulk.spans import Span, within
from airflow_provider_wa.bulk.text import Line


class Exponent(float):
    """A number written with an exponent; ``text`` is the number as written.

    Spreadsheets write long numbers in this way, and lose their last digits.
    """

    text: str

    @classmethod
    def read(cls, text: str) -> float:
        """Return the number that a text stands for, with the text if it has an exponent."""
        if "e" not in text and "E" not in text:
            return float(text)
        number = cls(text)
        number.text = text
        return number


def objects(lines: Iterable[Line], name: str, span: Span | None = None) -> Iterator[dict[str, Any]]:
    """Yield the objects of the lines that are not blank.

    :param name: the file's name, for errors.
    :param span: these rows only; those before them are not decoded.
    :raises BadInput: a line is not a JSON object, or names a value twice.
    """
    filled = ((number, line) for number, line in lines if not line.isspace())
    for number, line in within(filled, span):
        yield _object(line, number, name)


def _object(line: str, number: int, name: str) -> dict[str, Any]:
    try:
        row = _decode(line)
        # With a name that stands twice, or an object within, there are more colons than names.
        if line.count(":") > len(row):
            row = _decode_strictly(line)
    except BadInput as error:
        raise BadInput(f"{name}: line {number}: {error}") from None
    except (ValueError, TypeError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise BadInput(f'{name}: line {number} is not a JSON object; expected for example {{"phone": "+34666666666"}}')
    return row


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"the name {twice!r} stands twice in an object; it is not clear which value counts")
    return found


_decode = json.JSONDecoder(parse_float=Exponent.read).decode
_decode_strictly = json.JSONDecoder(parse_float=Exponent.read, object_pairs_hook=_unique).decode


def exact(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a row in which a number with an exponent, under this key, is the text as written: so it can be refused."""
    value = row.get(key)
    return {**row, key: value.text} if isinstance(value, Exponent) else row
