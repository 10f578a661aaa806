# SPDX-License-Identifier: Apache-2.0
"""Looks for secrets, in every form and in part, in what was written: files, output, arguments of processes."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from helpers.spellings import FORMS

END = 8
"""Characters of a secret's beginning or end that tell too much."""


def spellings(secret: str) -> set[bytes]:
    """Return a secret in each form, as pairs of characters the wrong way round, and its two ends."""
    forms = {form(secret) for form in FORMS.values()}
    forms |= {secret[::-1], "".join(secret[place : place + 2][::-1] for place in range(0, len(secret), 2))}
    if len(secret) >= 2 * END:
        forms |= {form(part) for part in (secret[:END], secret[-END:]) for form in FORMS.values()}
    # What is longer than a few signs is not met by chance. Who finds a part finds the whole.
    shortest = sorted({form.encode("utf-8", "replace") for form in forms if len(form) >= 4}, key=len)
    return {form for place, form in enumerate(shortest) if not any(part in form for part in shortest[:place])}


def found(secrets: Mapping[str, str], written: Mapping[str, bytes]) -> list[str]:
    """Return where each secret shows, with what stands before it; the text of the secret itself is left out."""
    wanted = [(name, form, grams) for name, secret in secrets.items() for form, grams in _wanted(secret)]
    leaks = []
    for place, content in written.items():
        # Most forms have some characters that stand nowhere in a row: a set tells it sooner than a search.
        seen = _grams(content)
        near = [(name, form) for name, form, grams in wanted if seen >= grams]
        leaks += [
            f"{name} in {place}: {content[max(0, at - 120) : at]!r} [{len(form)} bytes]"
            for name, form in near
            if (at := content.find(form)) >= 0
        ]
    return sorted(leaks)


@functools.cache
def _wanted(secret: str) -> list[tuple[bytes, set[tuple[int, ...]]]]:
    return [(form, _grams(form)) for form in spellings(secret)]


def _grams(content: bytes) -> set[tuple[int, ...]]:
    """Return each four bytes in a row of a content; no form is shorter."""
    return {*zip(content, content[1:], content[2:], content[3:], strict=False)}


def files(folder: Path, but: Iterable[Path] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder with their contents."""
    left_out = set(but)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in left_out:
            yield str(path.relative_to(folder)), path.read_bytes()
