# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from helpers.short_waits import short_waits

__all__ = ["short_waits"]
