# SPDX-License-Identifier: Apache-2.0
"""The refusal of a request: a status, and a text for the person who sees it."""

from __future__ import annotations


class Refused(Exception):
    """A request that gets a page with a text instead of what it asked for."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def not_found(what: str) -> Refused:
    """Return the refusal for something that does not exist."""
    return Refused(404, f"{what} does not exist.")
