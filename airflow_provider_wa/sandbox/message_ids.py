# SPDX-License-Identifier: Apache-2.0
"""Message ids in the forms that vendors use."""

from __future__ import annotations

import itertools
import re
import uuid

OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")

_counter = itertools.count()
_process = uuid.uuid4().hex[:10]


def object_id(at: float) -> str:
    """Return an id in the form of a MongoDB ObjectId: seconds, process and a counter, so that ids sort by age."""
    return f"{int(at):08x}{_process}{next(_counter) % 2**24:06x}"


def stanza_id(at: float) -> str:
    """Return an id in the form of WhatsApp's own web client."""
    return "3EB0" + uuid.uuid4().hex[:18].upper()
