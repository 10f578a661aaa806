# SPDX-License-Identifier: Apache-2.0
"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
"""Options that keep it on this machine, and let it run as root."""

INSTALL_SECONDS = 300


def chromium() -> str:
    """Return the path of Chromium; where it is missing and this is root on a Debian, install it first."""
    if found := _find():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "--quiet", *command], env=environment, check=True, timeout=INSTALL_SECONDS)
        if found := _find():
            return found
    raise RuntimeError("Chromium is missing; install the package chromium: apt-get install chromium")


@contextmanager
def browser() -> Iterator[Browser]:
    """Run Chromium for the duration of the block."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS])
        try:
            yield running
        finally:
            running.close()


def _find() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
