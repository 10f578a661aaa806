# SPDX-License-Identifier: Apache-2.0
"""The refusal of a request: an HTTP status, and a text for the user."""

from __future__ import annotations


class Refused(Exception):
    """The request is refused: the answer is a page with this status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def not_found(what: str) -> Refused:
    """Return the refusal for a missing page or object."""
    return Refused(404, f"{what} does not exist.")
