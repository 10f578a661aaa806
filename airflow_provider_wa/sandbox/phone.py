# SPDX-License-Identifier: Apache-2.0
"""The phones of the sandbox's people as web pages: messages to a number, answers, and the accounts' QR codes.

The pages are plain HTML without scripts. All texts of messages are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.ledger import Message
from airflow_provider_wa.sandbox.state import Sandbox

_NUMBER = re.compile(r"[0-9]{8,15}")

LISTED = 200
"""Maximum number of phones in the list; phones with the newest messages come first."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; frame-ancestors 'self'"
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.4 system-ui, sans-serif }
body { max-width: 42rem; margin: 1rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .6rem .3rem 0 }
.m { border: 1px solid #8886; border-radius: .8rem; padding: .4rem .8rem; margin: .4rem 0; max-width: 80%;
     white-space: pre-wrap; overflow-wrap: anywhere }
.own { margin-left: auto; background: #3a73 } small { opacity: .7; display: block } form { display: inline }
iframe { width: 100%; height: 24rem; border: 1px solid #8886; border-radius: .8rem }
input[name=text] { width: 60% } button, input { font: inherit; padding: .2rem .7rem }
"""
_TEXTS = ("header", "title", "text", "caption", "name", "address", "footer", "filename")
_CHOICES = ("text", "title", "name", "optionName", "buttonText")


@dataclass(frozen=True)
class _Line:
    """A message on a phone: a received message, or a message of the phone's owner (``own``)."""

    at: float
    vendor: str
    number: str
    own: bool
    text: str
    note: str
    choices: tuple[str, ...] = ()
    message_id: str = ""


async def phones(request: Request) -> Response:
    """Show the accounts with their logins, and the phones that have received or sent a message."""
    sandbox = _sandbox(request)
    newest: dict[str, _Line] = {}
    for line in sorted(_lines(sandbox), key=lambda line: line.at):
        newest[line.number] = line
    people = sorted(newest.values(), key=lambda line: line.at, reverse=True)
    listed = "".join(
        f'<tr><td><a href="/phone/{line.number}">+{line.number}</a></td><td>{escape(_short(line.text))}</td>'
        f"<td>{_clock(line.at)}</td></tr>"
        for line in people[:LISTED]
        if _NUMBER.fullmatch(line.number)
    )
    nobody = "" if listed else "<p>No messages yet.</p>"
    more = f"<p>and {len(people) - LISTED:,} more</p>" if len(people) > LISTED else ""
    accounts = "".join(_account(name, sandbox) for name in sandbox.accounts)
    return _page(
        "Phones of the sandbox",
        f"<h1>Accounts</h1><table>{accounts}</table><h1>Phones</h1><table>{listed}</table>{nobody}{more}",
        refresh=5,
    )


async def phone(request: Request) -> Response:
    """Show the phone of a number: its messages, and a form to write to an account."""
    number, sandbox = _number(request), _sandbox(request)
    wrote = [line.vendor for line in sorted(_lines(sandbox, number), key=lambda line: line.at)]
    options = "".join(
        f"<option{' selected' if wrote and name == wrote[-1] else ''}>{escape(name)}</option>"
        for name in sandbox.accounts
    )
    return _page(
        f"Phone +{number}",
        f'<p><a href="/">All phones</a></p><h1>+{number}</h1>'
        f'<iframe src="/phone/{number}/messages" title="Messages"></iframe>'
        f'<form method="post" action="/phone/{number}"><label>To <select name="vendor">{options}</select></label> '
        f'<input name="text" aria-label="Answer" required autofocus> <button>Send</button></form>',
    )


async def messages(request: Request) -> Response:
    """Show the messages of a phone, the newest first. The page reloads itself every two seconds."""
    number = _number(request)
    lines = sorted(_lines(_sandbox(request), number), key=lambda line: line.at, reverse=True)
    return _page(f"Messages of +{number}", "".join(map(_bubble, lines)) or "<p>No messages yet.</p>", refresh=2)


async def answer(request: Request) -> Response:
    """Send a text or a tapped choice of the phone's owner, and redirect to the page."""
    number, sandbox = _number(request), _sandbox(request)
    form = await _form(request)
    vendor, text = form.get("vendor", ""), form.get("text", "").strip()
    if vendor not in sandbox.accounts or not text:
        return _page("Not sent", "<p>An account or the text is missing.</p>", status=400)
    sandbox.receive(vendor, number, text, in_reply_to=form.get("in_reply_to", ""))
    inside = "/messages" if form.get("in_reply_to") else ""
    return RedirectResponse(f"/phone/{number}{inside}", 303)


async def login(request: Request) -> Response:
    """Scan the QR code of an account, or log the account out, as its owner's phone does."""
    sandbox, vendor = _sandbox(request), request.path_params["vendor"]
    change = {"scan": sandbox.scan, "log-out": sandbox.log_out}.get(request.path_params["action"])
    if vendor not in sandbox.accounts or change is None:
        raise HTTPException(404)
    change(vendor)
    return RedirectResponse("/", 303)


def _lines(sandbox: Sandbox, number: str = "") -> Iterator[_Line]:
    """Yield the messages of one phone, or of all."""
    now, seconds = sandbox.clock(), sandbox.settings.delivery_seconds
    for message in sandbox.ledger.messages.values():
        arrived = message.delivered_at(now, seconds)
        if arrived is not None and not message.group and number in ("", message.to):
            yield _arrived(message, arrived)
    for vendor in sandbox.accounts:
        for incoming in sandbox.incoming(vendor):
            if not incoming.group and number in ("", incoming.sender):
                yield _written(incoming)


def _arrived(message: Message, at: float) -> _Line:
    return _Line(
        at,
        message.vendor,
        message.to,
        own=False,
        text="\n".join(_texts(message.content)) or message.type,
        note="" if message.type == "text" else message.type,
        choices=tuple(_choices(message.content)),
        message_id=message.message_id,
    )


def _written(message: IncomingMessage) -> _Line:
    return _Line(message.at, message.vendor, message.sender, own=True, text=message.text, note=message.filename)


def _texts(content: Mapping[str, Any]) -> list[str]:
    return [str(content[name]) for name in _TEXTS if isinstance(content.get(name), str) and content[name]]


def _choices(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of a message's buttons, rows or options."""
    for name in ("buttons", "options", "rows", "sections"):
        for choice in _list(content.get(name)):
            if isinstance(choice, str):
                yield choice
            elif isinstance(choice, Mapping) and choice.get("rows"):
                yield from _choices({"rows": choice["rows"]})
            elif isinstance(choice, Mapping):
                yield from [str(choice[key]) for key in _CHOICES if choice.get(key)][:1]


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _bubble(line: _Line) -> str:
    note = " · ".join(filter(None, (_clock(line.at), line.vendor, line.note)))
    taps = "".join(_tap(line, choice) for choice in line.choices)
    return f'<div class="m{" own" if line.own else ""}">{escape(line.text)}<small>{escape(note)}</small>{taps}</div>'


def _tap(line: _Line, choice: str) -> str:
    hidden = {"vendor": line.vendor, "text": choice, "in_reply_to": line.message_id}
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    return f'<form method="post" action="/phone/{quote(line.number)}">{fields}<button>{escape(choice)}</button></form> '


def _account(name: str, sandbox: Sandbox) -> str:
    logged_in = sandbox.session(name).logged_in
    action, label = ("log-out", "Log out") if logged_in else ("scan", "Scan the QR code")
    return (
        f"<tr><td>{escape(name)}</td><td>{'logged in' if logged_in else 'logged out'}</td>"
        f'<td><form method="post" action="/account/{quote(name)}/{action}"><button>{label}</button></form></td></tr>'
    )


def _page(title: str, body: str, *, refresh: int = 0, status: int = 200) -> Response:
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{again}'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{body}</body></html>'
    )
    return HTMLResponse(text.encode(errors="replace"), status, _HEADERS)


async def _form(request: Request) -> dict[str, str]:
    fields = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


def _number(request: Request) -> str:
    """Return the number of the request's phone.

    :raises HTTPException: 404 if it is not a number.
    """
    number = str(request.path_params["number"])
    if not _NUMBER.fullmatch(number):
        raise HTTPException(404)
    return number


def _short(text: str) -> str:
    first = text.partition("\n")[0]
    return first if len(first) <= 60 else f"{first[:59]}…"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")


ROUTES = [
    Route("/", phones),
    Route("/phone/{number}", phone),
    Route("/phone/{number}", answer, methods=["POST"]),
    Route("/phone/{number}/messages", messages),
    Route("/account/{vendor}/{action}", login, methods=["POST"]),
]
