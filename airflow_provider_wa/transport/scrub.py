# SPDX-License-Identifier: Apache-2.0
"""Masks a connection's secrets in all that leaves the package: errors and records; ``logs`` masks log lines by it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.transport.spellings import ESCAPE_MARKS, WINDOW, Needle, Packed, layers, needles

MASK = "***"

MESSAGE_LENGTH = 500
RAW_LENGTH = 2000
"""Maximum lengths of an error's message and of the reply in it, in characters."""

LOOKED_AT = 20_000
"""Characters of a long text that are searched for secrets if only the beginning of the text is shown."""

_LONGEST_ESCAPE = 60
"""Maximum length of one character of a secret after several encodings. Two neighbouring windows overlap by it."""

_SHORT = 6
"""Minimum length of a secret that is masked inside of other words; a shorter one only as a separate word."""

_SHORTEST_INSIDE = 4
"""Minimum length of a secret that is searched for in base64 that was decoded: a shorter one is in any octets."""

T = TypeVar("T")


class Scrubber:
    """Replaces secrets by ``***``, in all usual encodings: percent, JSON, HTML, base64 and so on."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(stripped for secret in secrets if (stripped := secret.strip()))
        inside = {secret for secret in self.secrets if len(secret) >= _SHORTEST_INSIDE}
        self._needles = _folded(self.secrets)
        self._needles_inside = _folded(inside)
        self._shortest = min((len(needle.text) for needle, _ in self._needles), default=sys.maxsize)
        self._in_packed = Packed(inside)
        self._overlap = max(map(len, self.secrets), default=0) * _LONGEST_ESCAPE

    def text(self, value: str) -> str:
        """Return ``value`` without secrets; itself if it has none, so that an enum's member stays one."""
        spans = self._spans(value)
        return _masked(value, spans) if spans else value

    def beginning(self, value: str, length: int) -> str:
        """Return the first ``length`` characters of a text without secrets.

        Long texts must not be shortened before this call: the beginning of a secret at the cut would stay.
        """
        if len(value) <= LOOKED_AT:
            return _shortened(self.text(value), length)
        spans = self._spans(value[: LOOKED_AT + self._overlap])
        clean = _masked(value[:LOOKED_AT], [(begin, min(end, LOOKED_AT)) for begin, end in spans if begin < LOOKED_AT])
        return f"{clean[:length]}..."

    def _spans(self, value: str) -> list[tuple[int, int]]:
        """Return the spans of the secrets in ``value``, in order and without overlaps."""
        if len(value) < self._shortest:
            return []
        found = [*self._found(value, self._plain), *self._found(value, self._packed)]
        return _apart(found) if found else found

    def _found(self, value: str, search: Callable[[str], Iterable[tuple[int, int]]]) -> Iterator[tuple[int, int]]:
        """Yield the spans that a search finds in a text, and in the text after decoding of its escapes."""
        yield from search(value)
        if any(mark in value for mark in ESCAPE_MARKS):
            for begin in range(0, len(value), WINDOW):
                for layer in layers(value[begin : begin + WINDOW + self._overlap]):
                    yield from (
                        (begin + layer.source(start), begin + layer.source(end)) for start, end in search(layer.text)
                    )

    def _packed(self, value: str) -> Iterator[tuple[int, int]]:
        """Yield the spans of texts in base64 and hexadecimal digits that contain an encoded secret."""
        for run in self._in_packed.runs.finditer(value):
            if any(True for text in self._in_packed.texts(run[0]) for _ in self._found(text, self._inside)):
                yield run.span()

    def _inside(self, value: str) -> list[tuple[int, int]]:
        """Return the spans of the secrets that are long enough to be recognised in decoded octets."""
        return _spans_of(self._needles_inside, value)

    def _plain(self, value: str) -> list[tuple[int, int]]:
        """Return the spans of the secrets and of their usual encodings, without decoding the text."""
        return _spans_of(self._needles, value)

    def data(self, value: Any) -> Any:
        """Return a JSON value without secrets, in keys and values. Replies have at most ``MAX_DEPTH`` levels."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.data(key): self.data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(item) for item in value]
        return value

    def result(self, value: T) -> T:
        """Return the result of a flow without secrets: a record with the records in it, or a list or tuple of them.

        It is ``value`` itself if it has none.
        """
        return self._masked_result(value) if self._may_hold_secrets(_texts(value)) else value

    def _may_hold_secrets(self, texts: Iterable[str]) -> bool:
        """Return False if no text has a secret. Nearly all are without, and this is the quick way to know."""
        together = "\n".join(dict.fromkeys(texts))
        folded = together.casefold()
        return (
            any(mark in together for mark in ESCAPE_MARKS)
            or any(text in folded for _, text in self._needles)
            # An id may look like base64: decoding it once is quicker than searching each text.
            or any(True for _ in self._packed(together))
        )

    def _masked_result(self, value: T) -> T:
        scrubbed: Any = value
        if isinstance(value, str):
            scrubbed = self.text(value)
        elif isinstance(value, dict):
            scrubbed = self.data(value)
        elif isinstance(value, (list, tuple)):
            scrubbed = type(value)(self._masked_result(item) for item in value)
        elif names := _fields(type(value)):  # type: ignore[arg-type]
            found = [(name, getattr(value, name)) for name in names]
            clean = [(name, self._masked_result(item)) for name, item in found]
            # Compared by identity: ``raw`` takes no part in comparisons.
            if any(new is not old for (_, new), (_, old) in zip(clean, found, strict=True)):
                scrubbed = replace(value, **dict(clean))  # type: ignore[type-var]
        return scrubbed  # type: ignore[no-any-return]

    def error(self, error: WaError) -> WaError:
        """Clean ``error`` in place and cut it off from the HTTP library's errors, whose texts may hold a URL."""
        error.message = self.beginning(error.message, MESSAGE_LENGTH)
        error.args = (error.message,)
        error.code = self.beginning(error.code, MESSAGE_LENGTH) if error.code else error.code
        error.raw = self._shown(error.raw)
        error.__cause__ = error.__context__ = None
        return error

    def _shown(self, raw: Any) -> Any:
        """Return the part of a reply that an error carries: JSON if it is short, the beginning of its text if not."""
        if isinstance(raw, str):
            return self.beginning(raw, RAW_LENGTH)
        clean = self.data(raw)
        return clean if len(json.dumps(clean, default=str)) <= RAW_LENGTH else _shortened(str(clean), RAW_LENGTH)


def _folded(secrets: Iterable[str]) -> list[tuple[Needle, str]]:
    """Return the needles of secrets, each with its text in lower case.

    Most texts hold no secret. For them, a fast search for plain texts in lower case is enough.
    """
    found = [needle for secret in sorted(secrets) for needle in needles(secret, alone=len(secret) < _SHORT)]
    return [(needle, needle.text.casefold()) for needle in dict.fromkeys(found)]


def _spans_of(found: Iterable[tuple[Needle, str]], value: str) -> list[tuple[int, int]]:
    folded = value.casefold()
    return [span for needle, text in found if text in folded for span in needle.spans(value)]


@lru_cache(maxsize=256)
def _fields(kind: Any) -> tuple[str, ...]:
    """Return the names of a record's fields; none for other classes."""
    return tuple(field.name for field in fields(kind) if field.init) if is_dataclass(kind) else ()


def _texts(value: Any) -> list[str]:
    """Return all texts in a result, in keys as well, in any order."""
    texts, rest = list[str](), [value]
    while rest:
        item = rest.pop()
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, dict):
            rest += item
            rest += item.values()
        elif isinstance(item, (list, tuple)):
            rest += item
        elif names := _fields(type(item)):  # type: ignore[arg-type]
            rest += [getattr(item, name) for name in names]
    return texts


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order; those that overlap become one."""
    apart: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if apart and begin < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((begin, end))
    return apart


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    begins = [0, *(end for _, end in spans)]
    ends = [*(begin for begin, _ in spans), len(text)]
    return MASK.join(text[begin:end] for begin, end in zip(begins, ends, strict=True))
