# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from helpers.connection_fixtures import answers, connect, masked

__all__ = ["answers", "connect", "masked"]
