# SPDX-License-Identifier: Apache-2.0
"""Import in a thread what waiting needs: hooks, vendors, the store.

Airflow imports the modules of triggers on its event loop, where a slow import holds up every other trigger. Those
modules therefore import little, and the rest inside their functions, when it is loaded already.
"""

from __future__ import annotations

import asyncio
from importlib import import_module

MODULES = ("inbox_reader", "looks", "same_store")
"""Modules of this room that triggers import when they run; they import the rest of the package."""


async def preload() -> None:
    """Import the modules that the triggers' functions use, unless they are loaded. Call it before anything else."""
    await asyncio.to_thread(_load)


def _load() -> None:
    for name in MODULES:
        import_module(f"{__package__}.{name}")
