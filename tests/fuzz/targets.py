# SPDX-License-Identifier: Apache-2.0
"""What is fuzzed: functions of bytes that strangers write. An error of the house refuses them, and nothing else may."""

from __future__ import annotations

import asyncio
import codecs
import io
import itertools
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from helpers.script import GARBAGE, play
from helpers.spellings import FORMS, ODD_SECRETS, PLACES

from airflow_provider_wa.api import json_fields, numbers
from airflow_provider_wa.api.errors import BadInput, UnexpectedReply, WaError
from airflow_provider_wa.api.flow import Reply
from airflow_provider_wa.bulk.files import read_rows
from airflow_provider_wa.operators._run.row_template import RowTemplate
from airflow_provider_wa.receiver.answers import Refused
from airflow_provider_wa.receiver.bodies import decode
from airflow_provider_wa.templating import OutsideText
from airflow_provider_wa.transport.scrub import MASK, Scrubber
from airflow_provider_wa.vendors.registry import VENDORS

CORPUS = Path(__file__).parent / "corpus"

SECRET = "S3cr3tT0k3nXyz"


@dataclass(frozen=True)
class Target:
    """A function of bytes, texts to begin with, and pieces that matter to it."""

    name: str
    check: Callable[[bytes], None]
    """Raise whatever must not happen."""
    seeds: Callable[[], list[bytes]]
    pieces: tuple[bytes, ...]

    def corpus(self) -> list[bytes]:
        """Return what is kept of earlier finds."""
        return [path.read_bytes() for path in sorted((CORPUS / self.name).glob("*"))]


@cache
def _samples() -> list[ModuleType]:
    return [import_module(f"contract.samples_{vendor.name}") for vendor in VENDORS]


def _reply(data: bytes) -> None:
    """A reply to any call of any vendor: a result or an error of the house; no secret is in either."""
    if len(data) < 4:
        return
    exchanges = [(samples, exchange) for samples in _samples() for exchange in samples.EXCHANGES]
    samples, exchange = exchanges[int.from_bytes(data[:2], "big") % len(exchanges)]
    status = (200, 200, 200, 400, 401, 403, 404, 429, 466, 500, 503)[data[2] % 11]
    body = data[3:].replace(b"SECRET", SECRET.encode())
    answer = Reply(status, body, {"content-type": "application/json", "retry-after": "0"})
    played = play(exchange.call(), itertools.islice(itertools.repeat(answer), 200))
    scrubber = Scrubber([SECRET])
    if played.error:
        scrubber.error(played.error)
        assert SECRET not in f"{played.error} {played.error.raw}"
        json.dumps(played.error.raw, default=str)
    else:
        assert SECRET not in repr(scrubber.result(played.outcome))
    assert samples.VENDOR.name


def _reply_seeds() -> list[bytes]:
    places = itertools.count()
    found = []
    for samples in _samples():
        for exchange in samples.EXCHANGES:
            place = next(places)
            found += [place.to_bytes(2, "big") + b"\0" + reply.body for reply in exchange.replies]
    garbage = [text if isinstance(text, bytes) else text.encode() for text in GARBAGE.values()]
    return [*found, *(b"\0\1\0" + text for text in garbage)]


def _webhook(data: bytes) -> None:
    """A post to any vendor's webhook: events that can be stored, or a refusal that does not quote it."""
    if len(data) < 2:
        return
    vendor = _samples()[data[0] % len(_samples())].VENDOR
    kind = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b")[data[1] % 3]
    if not hasattr(vendor, "events"):
        return
    try:
        events = vendor.events(asyncio.run(decode(data[2:], kind)))
    except (Refused, UnexpectedReply):
        return
    for event in events:
        assert len(event.key) == 64
        assert isinstance(event.status, str)
        _ = event.happened_at, event.party, event.reference
        json.dumps(event.raw, allow_nan=False, default=str)
        json.dumps(event.record.to_dict() if event.record else None, allow_nan=False)


def _webhook_seeds() -> list[bytes]:
    found = []
    for place, samples in enumerate(_samples()):
        for incoming in getattr(samples, "INCOMING", {}).values():
            found += [bytes([place, 0]) + json.dumps(post.data).encode() for post in incoming.posts]
            fields = [post.fields for post in incoming.posts if post.fields]
            found += [bytes([place, 1]) + "&".join(f"{k}={v}" for k, v in each.items()).encode() for each in fields]
    return found


def _number(data: bytes) -> None:
    """A number in any spelling: E.164 that stays itself, or a refusal."""
    text = data.decode("utf-8", "replace")
    for region in (None, "PE", "US", "BR"):
        try:
            number = numbers.parse(text, region)
        except BadInput:
            continue
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", number.e164)
        assert numbers.parse(number.e164).e164 == number.e164


_SUFFIXES = (".csv", ".jsonl", ".xlsx", ".parquet", ".csv.gz", ".tsv", ".txt")


def _file(data: bytes) -> None:
    """A list in any format: rows, or a refusal."""
    if not data:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"list{_SUFFIXES[data[0] % len(_SUFFIXES)]}")
        path.write_bytes(data[1:])
        try:
            rows = list(read_rows(path, "phone"))
        except WaError:
            return
    assert all(isinstance(row, dict) for row in rows)


def _file_seeds() -> list[bytes]:
    lists = Path(__file__).parent.parent / "bulk" / "lists"
    known = {suffix: place for place, suffix in enumerate(_SUFFIXES)}
    found = [bytes([known[path.suffix]]) + path.read_bytes() for path in lists.iterdir() if path.suffix in known]
    texts = ["phone,name\n+51987654310,Ann\n", 'phone;name\n"+51 987";"a ""b"""\n', "phone\tname\n1\t2\n"]
    encodings = ("utf-8", "utf-16", "cp1252")
    found += [b"\0" + text.encode(encoding) for text in texts for encoding in encodings]
    found += [b"\1" + b'{"phone": "+51987654310", "name": "Ann"}\n' * 2, b"\1" + codecs.BOM_UTF8 + b'{"phone": 5}']
    return [*found, b"\2" + _workbook(), b"\4\x1f\x8b\x08"]


def _workbook() -> bytes:
    openpyxl = import_module("openpyxl")
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in (("phone", "name"), ("+51987654310", "Ann")):
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def _template(data: bytes) -> None:
    """A template of a stranger over a row of a stranger: a text, or a refusal; nothing of Airflow's is reached."""
    text, _, cell = data.decode("utf-8", "replace").partition("\0")
    row = {"name": cell or "Ann", "phone": "+51987654310", "n": 3}
    context = {"ds": "2026-03-01", "conn": _Reaches(), "var": _Reaches(), "params": {"shop": "Tea"}}
    try:
        template = RowTemplate(OutsideText(text), "message", context)
        template.prove(row)
        rendered = template.render(row, {"to": "+51987654310"})
    except BadInput as error:
        rendered = str(error)
    assert SECRET not in str(rendered)


class _Reaches:
    password = SECRET

    def __getattr__(self, name: str) -> str:
        return SECRET


_TEMPLATES = (
    "Hi {{ name }}", "{{ name | default('-') }} {{ to }}", "{% if n %}x{% endif %}",
    "{% for a in name %}{{ a }}{% endfor %}",
    "{{ row['name'] }}", "{{ conn.password }}", "{{ ''.__class__.__mro__ }}", "{{ name | upper | reverse }}",
    "{{ self }}", "{% set x = 1 %}{{ x }}", "{# c #}", "{% raw %}{{ x }}{% endraw %}", "{{ name.format(1) }}",
    "\0{{ ds }}",
    "{{ cycler }}{{ namespace }}{{ lipsum }}{{ range(3) }}{{ dict(a=1) }}", "{{ 2 ** 3 }}{{ 'a' * 3 }}",
)  # fmt: skip


def _secret(data: bytes) -> None:
    """A text with a secret in it, in a form, somewhere: it is masked, and the text around it makes no difference."""
    if len(data) < 3:
        return
    secret = [*ODD_SECRETS.values()][data[0] % len(ODD_SECRETS)]
    form, place = [*FORMS.values()][data[1] % len(FORMS)], [*PLACES.values()][data[2] % len(PLACES)]
    around = data[3:].decode("utf-8", "replace")
    clean = Scrubber([secret]).text(f"{around} {place.format(form(secret))} {around}")
    assert MASK in clean
    assert form(secret) not in clean.replace(around, "") or form(secret) in around


def _json(data: bytes) -> None:
    """JSON: a value that can be written out again and scrubbed, or a refusal."""
    try:
        value = json_fields.decoded(data)
    except ValueError:
        return
    json.dumps(Scrubber([SECRET]).data(value))
    assert Reply(200, data).json == value or value != value or "NaN" in data.decode("latin-1")


JSON_PIECES = (
    b"null", b"true", b"1e400", b"-0", b"9" * 40, b'""', b"[]", b"{}", b"[[", b'{"a":', b"NaN", b"\\ud83d", b"\\u0000",
    b'"51987654310@s.whatsapp.net"', b'"@lid"', b'"1700000000"', b"99999999999999", b'"2026-13-45T99:99:99Z"',
    b"SECRET", b"\xff",
)  # fmt: skip
BINARY_PIECES = (
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b'"',
    b'""',
    b",",
    b";",
    b"\t",
    b"phone",
    b"PK\x03\x04",
)
NUMBERS = ("+51 987 654 321", "00 51 (987) 654-321", "0151987654321", "51987654321@s.whatsapp.net", "٠١٢")
NUMBER_PIECES = tuple(text.encode() for text in ("+", "00", "(0)", "ext.", "-", "\u00a0", "٣", "１", "@lid", "e5"))
TEMPLATE_PIECES = tuple(
    text.encode()
    for text in ("{{", "}}", "{%", "%}", "name", "|", ".", "[", "__class__", "attr(", "~", "**9", "range(")
)


SECRETS = [bytes([3, 5, 2]) + b"\\\\%41&#43;YWI="]
DOCUMENTS = [b'{"a": [1, 2.5, null, "\\u00e9"]}', b"[" * 101 + b"]" * 101]


TARGETS: tuple[Target, ...] = (
    Target("replies", _reply, _reply_seeds, JSON_PIECES),
    Target("webhooks", _webhook, _webhook_seeds, JSON_PIECES),
    Target("numbers", _number, lambda: [text.encode() for text in NUMBERS], NUMBER_PIECES),
    Target("files", _file, _file_seeds, BINARY_PIECES),
    Target("templates", _template, lambda: [text.encode() for text in _TEMPLATES], TEMPLATE_PIECES),
    Target("secrets", _secret, lambda: SECRETS, (b"%", b"\\", b"&#", b"u")),
    Target("json", _json, lambda: DOCUMENTS, JSON_PIECES),
)
