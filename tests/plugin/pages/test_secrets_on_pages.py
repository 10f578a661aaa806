# SPDX-License-Identifier: Apache-2.0
"""Each page and action, with vendors that work or fail in each way and all loggers at DEBUG: no secret gets out.

The replies to all users, the log of the API server, Airflow's database with its audit log, and the store are searched.
"""

from __future__ import annotations

import html
import itertools
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from helpers.leaky_vendors import ANSWERS, ODD
from helpers.raw_server import RawServer, free_port
from helpers.secret_search import files, found
from helpers.vendors import CREDENTIALS
from plugin.pages import campaign_data as data
from plugin.pages.site import SECRET, Site, running_site
from plugin.pages.visits import QR_CODE, Visited, Visits, form_of, visit_accounts, visit_logins, visit_others
from starlette.routing import compile_path

from airflow_provider_wa.plugin.pages.app import _ACTIONS, _VIEWS
from airflow_provider_wa.sandbox.server import Running, serve_in_thread

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

TESTS = Path(__file__).parents[2]
LOUD = "from helpers.leaky_run import be_loud_and_quick\n\nbe_loud_and_quick(tries=1)\n"
"""A plugin for Airflow's own folder of plugins: the API server loads it."""

MAIN = [f"{conn_type}_main" for conn_type in CREDENTIALS]
WITH_LOGIN = ("wuzapi", "green_api", "wa_portal")
QR_MARKS = (b"\x89PNG", b"iVBORw0KGgo", b"data:image")
"""How a picture begins, as bytes, in base64 and as a URL: no page has any but that of the QR code."""

HOOKS = [f"{odd[1::2]}{odd[::2]}-{place}9f31c07" for place, odd in enumerate(ODD)]
"""Secrets of the receiver: the same characters, in another order."""

STORE_PASSWORD = "st0re:p@ss/w%rd+42-its-end"
ROTATED = ("before-%+rotation-1c77", "after-%+rotation-5d9b")
BROKEN = {
    "as_json": '{"conn_type": "wuzapi", "password": "%s"',
    "as_uri": "wuzapi://name:%s@127.0.0.1:none/",
    "in_host": '{"conn_type": "wuzapi", "password": "other", "host": "https://name:%s@127.0.0.1:9"}',
    "in_extra": '{"conn_type": "wuzapi", "password": "other", "host": "http://127.0.0.1:9", "extra": "%s"}',
    "in_callback": '{"conn_type": "wuzapi", "password": "other", "host": "http://127.0.0.1:9", "extra": '
    '{"webhook_secret": "hook-77", "callback_base_url": "https://name:%s@me.example.com"}}',
}
"""Connections whose credentials are where they do not belong, as texts of the environment."""


@dataclass
class Secrets:
    """Credentials by name; ``hooks`` are the names of the receiver's secrets by connection."""

    values: dict[str, str] = field(default_factory=dict)
    hooks: dict[str, str] = field(default_factory=dict)

    def name(self, kind: str, secret: str) -> str:
        """Keep a secret, which several connections may have, and return its name."""
        name = f"{kind} {secret[:3]!r}"
        self.values[name] = secret
        return name

    def allowed_in(self, visited: Visited) -> str:
        """Return the name of the secret that a reply must show; an empty text for most replies."""
        conn_id = visited.path.removeprefix("/receiver/")
        shows = visited.method == "POST" and visited.user == "ana" and visited.reply.status_code == 200
        return self.hooks.get(conn_id, "") if shows else ""


@dataclass
class Search:
    """What was done, and the secrets to search for.

    ``connections`` are those of the environment, by their ids; ``tested`` are the answers of Airflow's Test button.
    """

    visits: Visits
    secrets: Secrets
    connections: Mapping[str, str]
    tested: dict[str, bytes] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        return self.visits.site

    @property
    def written(self) -> dict[str, bytes]:
        """All files of Airflow and of the store; the log of the server is one of them."""
        own = [self.site.airflow.folder / "passwords.json"]
        return dict(files(self.site.airflow.folder, but=own))


def _connections(urls: Mapping[str, str], secrets: Secrets) -> dict[str, str]:
    """Return a connection to each vendor at each URL, by its id, as JSON."""
    connections = {}
    odd, hooks = itertools.cycle(ODD), itertools.cycle(HOOKS)
    for kind, url in urls.items():
        for conn_type, known in CREDENTIALS.items():
            conn_id, password, hook = f"{kind}_{conn_type}", next(odd), next(hooks)
            secrets.name("password", password)
            extra = {**known.get("extra", {}), "timeout": 0.3}
            if conn_type != "accuauth":
                secrets.hooks[conn_id] = secrets.name("webhook", hook)
                extra |= {"webhook_secret": hook, "callback_base_url": "https://me.example.com"}
            connections[conn_id] = json.dumps(
                {
                    "conn_type": conn_type, "host": f"{url}/{known['path']}", "login": known.get("login"),
                    "password": password, "extra": extra,
                }
            )  # fmt: skip
    for place, (kind, text) in enumerate(BROKEN.items()):
        connections[kind] = text % (secret := f"misplaced-{place}-3f8a1c{place}7")
        secrets.values[kind] = secret
    return connections


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    folder, secrets = tmp_path_factory.mktemp("pages"), Secrets()
    (folder / "plugins").mkdir()
    (folder / "plugins" / "loud.py").write_text(LOUD)
    with ExitStack() as stack:
        servers = {name: stack.enter_context(RawServer(answer)) for name, answer in ANSWERS.items()}
        urls = {name: server.url for name, server in servers.items()}
        urls |= {"tls": urls["refuses"].replace("http:", "https:"), "refused": f"http://127.0.0.1:{free_port()}"}
        # The silent one first: its visits take longest.
        connections = _connections(dict(sorted(urls.items(), key=lambda each: each[0] != "silent")), secrets)
        variables = {
            **{f"AIRFLOW_CONN_{conn_id.upper()}": text for conn_id, text in connections.items()},
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent), *sys.path]),
        }
        sandbox = stack.enter_context(serve_in_thread(delivery_seconds=0.1))
        visits = Visits(stack.enter_context(running_site(folder, sandbox, **variables)))
        secrets.values |= {f"{name}_main password": known["password"] for name, known in CREDENTIALS.items()}
        secrets.hooks |= {name: secrets.name("webhook", SECRET) for name in MAIN if name != "accuauth_main"}
        search = Search(visits, secrets, connections)
        _visit(search, urls["refuses"], sandbox)
        yield search


def _visit(search: Search, refusing: str, sandbox: Running) -> None:
    """Visit everything as each user; then with a password that changes, and with a store that cannot be reached."""
    visits, site = search.visits, search.site
    with site.store() as store:
        data.fill(store)
        data.begin_running(store)
    tokens = {user: site.token(user) for user in ("ana", "vic")}
    search.secrets.values |= {f"session of {user}": token.rpartition(".")[2] for user, token in tokens.items()}
    _post(site)
    for user in ("vic", ""):
        with visits.client(user, tokens.get(user, "")) as client:
            visit_others(client, {})
            visit_accounts(client, {}, MAIN[:1])
    with visits.client("ana", tokens["ana"]) as client:
        form = form_of(client)
        visit_accounts(client, form, [*MAIN, *search.connections])
        _log_out(sandbox)
        visit_others(client, form)  # meanwhile the QR codes come into being
        visit_logins(client, form, [f"{name}_main" for name in WITH_LOGIN])
        with httpx.Client(
            base_url=site.url, headers={"Authorization": f"Bearer {tokens['ana']}"}, timeout=60
        ) as airflow:
            _rotate(search.secrets, airflow, refusing, lambda: visit_accounts(client, form, ["rotating"]))
            _press_test_buttons(search, airflow)
            _lose_store(search.secrets, airflow, client)
        visit_others(client, form)


def _log_out(sandbox: Running) -> None:
    """Let all accounts wait for their login."""
    for name in WITH_LOGIN:
        sandbox.state.log_out(name)
    body = {"vendor": "wuzapi", "state": "qr_shown"}
    httpx.post(f"{sandbox.url}/sandbox/state", json=body).raise_for_status()


def _post(site: Site) -> None:
    """Post events to the receiver, by the right secret and by wrong ones."""
    for secret in (SECRET, "wrong-secret", f"{SECRET}x"):
        httpx.post(f"{site.url}/wa/hooks/checkwa_main/{secret}", json={"num": "51987654321", "token": "t", "code": "1"})


def _rotate(secrets: Secrets, airflow: httpx.Client, url: str, visit: Callable[[], None]) -> None:
    """Visit a connection of Airflow's database before and after its password changes."""
    fields = {"connection_id": "rotating", "conn_type": "wuzapi", "host": url}
    for place, password in enumerate(ROTATED):
        secrets.name("rotated", password)
        body = {**fields, "password": password}
        reply = airflow.patch("/api/v2/connections/rotating", json=body) if place else None
        (reply or airflow.post("/api/v2/connections", json=body)).raise_for_status()
        visit()


def _press_test_buttons(search: Search, airflow: httpx.Client) -> None:
    """Test a connection to each of the vendors that fail, as Airflow's own page does."""
    for place, (conn_id, text) in enumerate(search.connections.items()):
        if place % (len(CREDENTIALS) + 1) == 0 and conn_id not in BROKEN:
            fields = json.loads(text)
            body = {**fields, "connection_id": f"test_{conn_id}", "extra": json.dumps(fields["extra"])}
            reply = airflow.post("/api/v2/connections/test", json=body)
            assert reply.status_code == 200, reply.text
            search.tested[f"test of {conn_id}"] = reply.content


def _lose_store(secrets: Secrets, airflow: httpx.Client, client: httpx.Client) -> None:
    """Make the store a PostgreSQL that nobody runs, and wait until the server has noticed."""
    secrets.values["store"] = STORE_PASSWORD
    fields = {"connection_id": "wa_store_default", "conn_type": "postgres", "host": "127.0.0.1", "login": "name"}
    body = {**fields, "password": STORE_PASSWORD, "port": free_port(), "schema": "wa"}
    airflow.post("/api/v2/connections", json=body).raise_for_status()
    given_up = time.monotonic() + 30
    while client.get("/campaigns").status_code != 503:
        assert time.monotonic() < given_up
        time.sleep(0.3)


def test_no_reply_shows_a_secret_but_the_one_that_is_asked_for(search: Search) -> None:
    groups: dict[str, dict[str, bytes]] = {}
    for number, visited in enumerate(search.visits.found):
        groups.setdefault(search.secrets.allowed_in(visited), {})[f"{visited.name} ({number})"] = visited.whole
    leaks = [
        leak for allowed, replies in groups.items() for leak in found({**search.secrets.values, allowed: ""}, replies)
    ]
    assert leaks == [], "\n".join(leaks)


def test_no_secret_is_written_to_a_file_or_told_by_the_test_button(search: Search) -> None:
    leaks = found(search.secrets.values, {**search.written, **search.tested})
    assert len(search.tested) > 10
    assert leaks == [], "\n".join(leaks)


def test_the_secret_of_an_address_is_shown_on_request_to_those_who_may_edit_the_connection(search: Search) -> None:
    for conn_id, name in search.secrets.hooks.items():
        looked, asked = search.visits.of(f"/receiver/{conn_id}")
        address = f"/wa/hooks/{conn_id}/{quote(search.secrets.values[name], safe='')}"
        # No header takes a password that is not ASCII: the page says so in place of the address.
        expected = html.escape(address) if asked.reply.status_code == 200 else "not printable ASCII"
        assert expected in asked.reply.text, conn_id
        assert looked.reply.status_code == 200
    for user in ("vic", ""):
        assert {each.reply.status_code for each in search.visits.of("/receiver/wuzapi_main", user)} <= {401, 403}


def test_a_code_for_the_login_is_in_no_other_reply_and_in_no_file(search: Search) -> None:
    everything = {f"{each.name} ({number})": each for number, each in enumerate(search.visits.found)}
    pictures = {name: each for name, each in everything.items() if each.path.endswith(QR_CODE)}
    shown = {each.path.split("/")[2] for each in pictures.values() if each.reply.content.startswith(QR_MARKS[0])}
    assert shown == {f"{name}_main" for name in WITH_LOGIN}
    codes = {
        name: code[1].encode()
        for name, each in everything.items()
        if (code := re.search(r'<p class="code">([^<]+)</p>', each.reply.text)) and "_main/" in each.path
    }
    assert len(codes) >= 2
    written = {name: each.whole for name, each in everything.items() if name not in {*pictures, *codes}}
    for place, content in {**written, **search.written}.items():
        assert [mark for mark in (*QR_MARKS, *codes.values()) if mark in content] == [], place


def test_no_reply_can_be_kept_or_names_the_page_to_another_site(search: Search) -> None:
    for each in search.visits.found:
        headers = each.reply.headers
        assert headers["referrer-policy"] == "no-referrer", each.name
        assert "default-src 'none'" in headers["content-security-policy"], each.name
        is_static = each.path.startswith("/static/") and each.reply.status_code == 200
        assert headers["cache-control"] == ("public, max-age=86400" if is_static else "no-store"), each.name


def test_every_page_and_every_action_was_tried(search: Search) -> None:
    done = [
        each for each in search.visits.found if each.user == "ana" and each.reply.status_code not in (401, 403, 405)
    ]
    for method, routes in (("GET", _VIEWS), ("POST", _ACTIONS)):
        for path, _ in routes:
            pattern = compile_path(path)[0]
            tried = [each for each in done if each.method == method and pattern.match(each.path.partition("?")[0])]
            assert tried, path
    log = search.written["api-server.log"]
    for logger in (b"httpcore.http11", b"sqlalchemy.engine", b"http.access"):
        assert logger in log, logger
    assert b"Exception in ASGI application" not in log, "a server's traceback may show texts of messages"
    masked = sum(each.reply.text.count("***") for each in done)
    assert masked > 50
    assert {status for each in done if (status := each.reply.status_code)} >= {200, 303, 400, 404, 502, 503}
