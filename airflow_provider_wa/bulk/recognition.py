# SPDX-License-Identifier: Apache-2.0
"""Which message of a vendor's report is the one that we sent: told by its text, where no id of ours comes back."""

from __future__ import annotations

import unicodedata

from airflow_provider_wa.api.messages import MediaMessage, Message, Text


def comparable_text(message: Message) -> str | None:
    """The text that a report shows of ``message``: a text's body, a file's caption; None of all that has neither."""
    if isinstance(message, Text):
        return message.body
    if isinstance(message, MediaMessage) and message.caption.strip():
        return message.caption
    return None


def same_text(one: str | None, other: str | None) -> bool:
    """Whether two texts read the same: blanks, line ends and the way accents are encoded do not count.

    On its way a text may lose blanks at its ends or have its line ends changed. What differs in nothing else counts as
    the same, since a message that is not recognised may be sent twice. A text that is empty or not known is like none.
    """
    return _normal(one) == _normal(other) != ""


def _normal(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFC", text or "").split())
