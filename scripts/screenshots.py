# SPDX-License-Identifier: Apache-2.0
"""Make the pictures of the README: the pages in a real Airflow over the sandbox, in Debian's Chromium."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

IMAGES = PROJECT / "docs" / "images"
SIZE = {"width": 1280, "height": 800}


def main() -> int:
    """Write ``campaign.png`` and ``accounts.png``."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AIRFLOW_HOME"] = folder
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        shoot(Path(folder))
    return 0


def shoot(folder: Path) -> None:
    """Run Airflow and the sandbox, fill the store, and take the pictures."""
    from helpers.browser import browser
    from plugin.pages import campaign_data
    from plugin.pages.site import running_site

    from airflow_provider_wa.sandbox.server import serve_in_thread

    IMAGES.mkdir(exist_ok=True)
    home = folder / "site"
    home.mkdir()
    with serve_in_thread() as sandbox, running_site(home, sandbox) as site, browser() as chromium:
        with site.store() as store:
            campaign_data.fill(store)
        page = chromium.new_context(viewport=SIZE, device_scale_factor=1).new_page()
        page.context.add_cookies([{"name": "_token", "value": site.token("ana"), "url": site.url}])
        page.goto(f"{site.url}/plugin/wa")
        frame = page.frame_locator("iframe")
        frame.get_by_role("link", name="send_offer").click()
        frame.get_by_text("Deliveries over time").wait_for()
        page.mouse.move(0, 0)
        page.screenshot(path=IMAGES / "campaign.png")
        frame.get_by_role("link", name="Accounts", exact=True).click()
        frame.get_by_role("heading", name="Accounts", exact=True).wait_for()
        frame.locator(".badge.good").first.wait_for()
        page.mouse.move(0, 0)
        page.screenshot(path=IMAGES / "accounts.png")


if __name__ == "__main__":
    sys.exit(main())
