# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from helpers.connection_fixtures import connect

__all__ = ["connect"]
