# SPDX-License-Identifier: Apache-2.0
"""The pages in Chromium, over a real ``airflow api-server`` whose address has a path, and the sandbox."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from plugin.pages import campaign_data as data
from plugin.pages.site import PASSWORDS, SECRET, Site, running_site

from airflow_provider_wa.sandbox.server import Running, serve_in_thread
from airflow_provider_wa.store.batches import BatchProgress

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

PATHS = (
    "/accounts",
    "/accounts/wuzapi_main",
    "/campaigns",
    f"/campaigns/{data.SEND}",
    f"/campaigns/{data.CHECK}",
    "/messages",
    f"/messages/{data.number(5)}",
    "/suppressions",
    "/receiver",
    "/receiver/wuzapi_main",
)
SECONDS = 15_000
"""Patience in milliseconds, for things that happen by themselves."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with serve_in_thread(delivery_seconds=0.1) as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, sandbox: Running) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("pages"), sandbox, "/team") as site:
        with site.store() as store:
            data.fill(store)
        yield site


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    from helpers.browser import browser

    with browser() as running:
        yield running


Open = Callable[..., "Page"]


@pytest.fixture
def open_page(chromium: Browser, site: Site) -> Iterator[Open]:
    """Open a page of ours as a user; scripts that fail, or that the policy stops, fail the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_(path: str, user: str = "ana", **options: Any) -> Page:
        context = chromium.new_context(accept_downloads=True, **options)
        context.set_default_timeout(SECONDS)
        contexts.append(context)
        context.add_cookies([{"name": "_token", "value": site.token(user), "url": site.airflow.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if "Security Policy" in line.text else None)
        page.goto(path if path.startswith("http") else f"{site.pages}{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert problems == []


def control(sandbox: Running, path: str, **body: Any) -> None:
    httpx.post(f"{sandbox.url}/sandbox/{path}", json=body).raise_for_status()


def confirm(page: Page, button: str, deed: str) -> None:
    """Open a confirmation, and confirm."""
    page.locator("summary", has_text=button).first.click()
    page.locator("details[open] button", has_text=deed).click()


def test_an_account_is_logged_out_and_in_again_by_scanning(open_page: Open, site: Site, sandbox: Running) -> None:
    page = open_page("/accounts/wuzapi_main")
    page.get_by_text("Logged in").first.wait_for()
    confirm(page, "Log out", "Log out")
    page.get_by_text("There is no QR code at the moment").wait_for()
    assert page.locator("img.qr").count() == 0, "no broken picture"
    confirm(page, "Connect", "Connect")
    code = page.locator("img.qr")
    code.wait_for()
    page.wait_for_function("() => document.querySelector('img.qr')?.naturalWidth > 0")
    first = code.get_attribute("src")
    page.wait_for_function("src => document.querySelector('img.qr').getAttribute('src') !== src", arg=first)
    control(sandbox, "scan", vendor="wuzapi")
    page.locator(".badge.good", has_text="Logged in").wait_for()
    assert page.locator("img.qr").count() == 0
    events = [event for (event,) in site.airflow.query("SELECT event FROM log WHERE event LIKE 'wa_%'")]
    assert {"wa_account_logout", "wa_account_connect"} <= set(events)


def test_a_campaign_that_runs_renews_its_page_and_can_be_paused_and_resumed(open_page: Open, site: Site) -> None:
    with site.store() as store:
        data.begin_running(store)
        page = open_page(f"/campaigns/{data.RUNNING}")
        page.get_by_text("40 of 120").wait_for()
        store.batches.report(data.RUNNING, BatchProgress(counts={"accepted": 90}, done=90, rows=120, rate=10.0))
        page.get_by_text("90 of 120").wait_for()
        page.get_by_text("10.0/s").wait_for()
        confirm(page, "Pause", "Pause")
        page.locator(".badge", has_text="Paused").wait_for()
        pause = store.pauses.of(data.RUNNING)
        assert pause is not None
        assert pause.by == "ana"
        page.get_by_role("button", name="Resume").click()
        page.locator(".badge", has_text="Running").wait_for()
        assert store.pauses.of(data.RUNNING) is None
        store.batches.end(data.RUNNING, {"total": 120, "accepted": 118, "failed": 2})
        page.locator(".badge", has_text="Ended").wait_for()


def test_the_funnel_the_filters_and_the_search(open_page: Open) -> None:
    page = open_page(f"/campaigns/{data.SEND}")
    steps = {
        step.locator(".name").inner_text(): step.locator(".count").inner_text() for step in page.locator(".step").all()
    }
    assert steps == {
        "Rows": "120", "Accepted": "110", "Delivered": "110", "Read": "68", "Answered": "5", "Opted out": "1",
        "Skipped": "3", "Failed": "7",
    }  # fmt: skip
    page.get_by_role("link", name="Failed", exact=True).click()
    assert page.locator("tbody tr").count() == 7
    page.select_option("#status", "opted_out")
    page.get_by_role("button", name="Show").click()
    assert page.locator("tbody tr").count() == 1
    page.select_option("#status", "")
    page.fill("#search", f"+{data.number(9)}")
    page.get_by_role("button", name="Show").click()
    assert page.locator("td.id").all_inner_texts() == [data.number(9)]
    page.fill("#search", "")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Next").click()
    assert page.locator("tbody tr").first.locator("td").first.inner_text() == "51"


def test_the_rows_are_downloaded(open_page: Open, tmp_path: Path) -> None:
    page = open_page(f"/campaigns/{data.SEND}?status=answered")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download CSV").click()
    path = tmp_path / "rows.csv"
    downloading.value.save_as(path)
    assert downloading.value.suggested_filename == f"{data.DAG}-send_offer-answered.csv"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["person"] for row in rows] == [data.number(place) for place in (1, 3, 4, 5, 6)]
    assert rows[2]["answer"] == "opted_out"


def test_the_pages_work_in_airflows_frame_and_lead_out_of_it(open_page: Open, site: Site) -> None:
    page = open_page(f"{site.url}/plugin/wa")
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="send_offer").click()
    frame.get_by_text("Deliveries over time").wait_for()
    page.evaluate(
        "document.documentElement.classList.replace('light', 'dark') || document.documentElement.classList.add('dark')"
    )
    frame.locator("html[data-theme=dark]").wait_for()
    with page.expect_download() as downloading:
        frame.get_by_role("link", name="Download CSV").click()
    assert downloading.value.suggested_filename.endswith(".csv")
    frame.get_by_role("link", name="Task in Airflow").click()
    page.wait_for_url(re.compile(rf"/team/dags/{data.DAG}/runs/.*/tasks/send_offer"))


@pytest.mark.parametrize(
    ("destination", "task", "text"),
    [
        ("task_instance", "send_offer", "Deliveries over time"),
        ("task_instance", "load_table", "This task has no WhatsApp campaign."),
        ("dag_run", "", "send_offer"),
    ],
)
def test_the_tabs_show_the_campaign_of_a_task_or_say_that_there_is_none(
    open_page: Open, site: Site, destination: str, task: str, text: str
) -> None:
    """The address is what the running Airflow gives its UI, with the fields that the UI fills in."""
    headers = {"authorization": f"Bearer {site.token('ana')}"}
    plugins = httpx.get(f"{site.url}/api/v2/plugins", headers=headers, timeout=30).raise_for_status().json()["plugins"]
    views = {view["destination"]: view["href"] for plugin in plugins for view in plugin["external_views"]}
    fields = {"{DAG_ID}": data.DAG, "{RUN_ID}": quote(data.RUN), "{TASK_ID}": task, "{MAP_INDEX}": "-1"}
    href = views[destination]
    for name, value in fields.items():
        href = href.replace(name, value)
    page = open_page(f"{site.airflow.url}{href}")
    shown = page.get_by_text(text).first
    shown.wait_for()
    assert shown.is_visible()


def test_somebody_is_added_and_removed_with_a_reason_and_a_file_is_imported(
    open_page: Open, site: Site, tmp_path: Path
) -> None:
    page = open_page("/suppressions")
    page.get_by_text("Add a person").click()
    form = page.locator("details[open]")
    form.get_by_label("Number or JID").fill("+51 987 000 111")
    form.get_by_label("Reason").fill('said "never" <again>')
    form.get_by_role("button", name="Add").click()
    page.get_by_text("1 added").wait_for()
    page.get_by_role("searchbox").fill("+51987000111")
    page.get_by_role("button", name="Find").click()
    page.get_by_text('said "never" <again>').wait_for()
    page.get_by_label("Remove 51987000111").click()
    page.locator("details[open] input[name=reason]").fill("asked for it")
    page.locator("details[open] button").click()
    page.get_by_text("1 removed").wait_for()
    listed = tmp_path / "stop.csv"
    listed.write_text("phone\n+51987000222\nnot a number\n")
    for expected in ("1 rows are invalid", "2 added"):
        if page.locator("details[open]").count() == 0:
            page.get_by_text("Import a file").click()
        page.locator("input[type=file]").set_input_files(listed)
        page.locator("details[open]").get_by_label("Reason").fill("their list")
        page.locator("details[open]").get_by_role("button", name="Import").click()
        page.get_by_text(expected).wait_for()
        listed.write_text("phone\n+51987000222\n+51987000333\n")
    with site.store() as store:
        assert store.suppressions.among(["51987000111", "51987000222"]) == {"51987000222"}


def test_what_strangers_write_stays_text(open_page: Open) -> None:
    page = open_page("/messages")
    for path in ("", f"/{data.number(5)}"):
        page.goto(f"{page.url.partition('/messages')[0]}/messages{path}")
        page.get_by_text(data.HOSTILE).first.wait_for()
        page.get_by_text(data.HOSTILE_NAME).first.wait_for()
        assert "stolen" not in page.title()
    page.get_by_text("Hello, your offer number 5 is ready.").wait_for()


def test_messages_are_found_by_a_word_and_by_a_number_and_who_said_stop_is_marked(open_page: Open) -> None:
    page = open_page("/messages")
    assert page.locator(".people li", has_text="STOP").locator(".badge").inner_text() == "suppressed"
    page.fill("#search", "how MUCH")
    page.get_by_role("button", name="Find").click()
    assert page.locator(".people li").count() == 1
    page.fill("#search", f"+{data.number(3)}")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url(f"**/messages/{data.number(3)}")
    page.get_by_text("How much is it?").wait_for()


def test_the_secret_of_the_address_is_shown_on_request_alone_and_nothing_else_secret_is_in_a_page(
    open_page: Open, site: Site
) -> None:
    page = open_page("/receiver/wuzapi_main")
    secrets = [SECRET, site.token("ana")[-40:], "data:image", *PASSWORDS.values()]
    for path in PATHS:
        page.goto(f"{site.pages}{path}")
        assert [secret for secret in secrets if secret in page.content()] == []
    page.goto(f"{site.pages}/receiver/wuzapi_main")
    page.get_by_role("button", name="Show the secret").click()
    page.get_by_text(SECRET).wait_for()
    assert SECRET not in page.url


def test_a_user_without_rights_sees_nothing(site: Site, open_page: Open) -> None:
    page = open_page("/accounts", user="vic")
    page.get_by_text("No permission").wait_for()
    words = ("wuzapi_main", data.SEND, data.number(5), "Person 1", "asked us by phone", "spring_campaign")
    with httpx.Client(cookies={"_token": site.token("vic")}, timeout=30) as client:
        for path in (*PATHS, f"/campaigns/{data.SEND}/rows.csv", "/accounts/wuzapi_main/qr.png", "/accounts/nobody"):
            reply = client.get(f"{site.pages}{path}")
            assert reply.status_code == 403, path
            assert [word for word in words if word in reply.text.replace(path, "")] == [], path


def test_nobody_sees_a_page_without_a_login(site: Site) -> None:
    for path in PATHS:
        reply = httpx.get(f"{site.pages}{path}")
        assert (reply.status_code, data.SEND in reply.text) == (401, False)
        assert "frame-ancestors 'self'" in reply.headers["content-security-policy"]


ACTIONS = (
    "/accounts/wuzapi_main/logout",
    "/accounts/wuzapi_main/pair",
    f"/campaigns/{data.SEND}/pause",
    "/suppressions/add",
    "/suppressions/remove",
    "/suppressions/import",
    "/receiver/wuzapi_main",
)


@pytest.mark.parametrize("path", ACTIONS)
def test_an_action_needs_the_token_of_the_page_our_own_origin_and_the_right_to_edit(site: Site, path: str) -> None:
    from airflow_provider_wa.plugin.pages import csrf

    url = f"{site.pages}{path}"
    with httpx.Client(cookies={"_token": site.token("ana")}, timeout=30) as client:
        assert client.post(url, data={"recipient": "51987000444", "reason": "x"}).status_code == 403
        page = client.get(f"{site.pages}/suppressions").text
        (token, *_) = re.findall(rf'name="{csrf.FIELD}" value="([^"]+)"', page)
        body = {csrf.FIELD: token, "recipient": "51987000444", "reason": "x"}
        assert client.post(url, data=body, headers={"origin": "https://evil.example.com"}).status_code == 403
        assert client.get(url).status_code in (404, 405) or path == "/receiver/wuzapi_main"
    with httpx.Client(cookies={"_token": site.token("vic")}, timeout=30) as client:
        assert client.post(url, data=body).status_code == 403
    with site.store() as store:
        assert store.suppressions.among(["51987000444"]) == set()
        assert store.pauses.of(data.SEND) is None


def test_all_can_be_done_with_the_keyboard(open_page: Open) -> None:
    page = open_page("/suppressions")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith("Add a person"):
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("51987000555")
    page.keyboard.press("Escape")
    assert page.locator("details[open]").count() == 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "51987000555"
    page.keyboard.press("Tab")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    page.get_by_text("1 added").wait_for()


def test_on_a_narrow_screen_nothing_sticks_out(open_page: Open, site: Site) -> None:
    page = open_page("/accounts", viewport={"width": 360, "height": 740})
    for path in PATHS:
        page.goto(f"{site.pages}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_the_pages_are_accessible_in_light_and_dark(open_page: Open, site: Site) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page, axe = open_page("/accounts", bypass_csp=True), Axe()
    for path in PATHS:
        page.goto(f"{site.pages}{path}")
        page.wait_for_load_state("networkidle")
        for scheme, options in (("light", None), ("dark", {"runOnly": ["color-contrast"]})):
            page.emulate_media(color_scheme=scheme)
            shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, re.findall(r"\d+", shade)[:3])) < 200) is (scheme == "dark")
            found = [
                (violation["id"], node["html"][:200])
                for violation in axe.run(page, options=options).response["violations"]
                for node in violation["nodes"]
                if violation["impact"] in ("serious", "critical")
            ]
            assert found == [], (path, scheme)


def test_the_servers_log_has_no_number_no_search_and_no_secret(site: Site) -> None:
    """The last test here: what the others did is in the log."""
    with httpx.Client(cookies={"_token": site.token("ana")}, timeout=30) as client:
        client.get(f"{site.pages}/messages?search=very%20private")
    printed = site.airflow.log("api-server")
    assert "/wa/ui/messages" in printed
    for word in (data.number(5), data.number(3), "private", "how%20MUCH", SECRET, "<script>", "51987000"):
        assert word not in printed
