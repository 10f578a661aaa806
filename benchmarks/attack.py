# SPDX-License-Identifier: Apache-2.0
"""Attack ``wa-receiver`` on loopback and print what it cost: the figures of docs/receiver.md, "Threat model".

Each attack has a server of its own, with a SQLite store and at most 1,024 file handles. ``attack.py receipt flood``
runs these two, without arguments all. Memory is that of the server, above what it had before the attack.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from receiver.processes import COMMAND, environment, running, sqlite_store

MB = 1_000_000
HANDLES = 1024
SECRET = "hook-of-the-attacked"
KNOWN = {
    "conn_type": "wuzapi",
    "host": "http://127.0.0.1:9",
    "password": "token-1",
    "extra": {"webhook_secret": SECRET},
}
SIGNED = {**KNOWN, "extra": {"webhook_secret": SECRET, "hmac_secret": "signature-1"}}

BACKEND = """
import json, time
from airflow.secrets import BaseSecretsBackend

class Slow(BaseSecretsBackend):
    def __init__(self, connections):
        super().__init__()
        self._connections = connections

    def get_conn_value(self, conn_id, **_):
        time.sleep(0.1)
        return json.dumps(self._connections[conn_id]) if conn_id in self._connections else None
"""


@dataclass
class Target:
    """The attacked server."""

    port: int
    process: psutil.Process
    home: Path
    memory_before: int = 0
    memory_peak: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Note the most memory that the server takes."""
        while not self._over.wait(0.01):
            self.memory_peak = max(self.memory_peak, self.process.memory_info().rss)

    def end(self) -> None:
        self._over.set()

    @property
    def memory(self) -> str:
        return f"{(self.memory_peak - self.memory_before) / MB:.0f} MB of memory"

    @property
    def stored(self) -> int:
        """Bytes of the store."""
        return sum(path.stat().st_size for path in self.home.glob("store.db*"))


@contextmanager
def attacked() -> Iterator[Target]:
    """Run a server whose connections come from a secrets backend that takes 0.1 s."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "slow_backend.py").write_text(BACKEND)
        environ = environment(home, **sqlite_store(home / "store.db"))
        environ["PYTHONPATH"] = os.pathsep.join([folder, str(Path(__file__).parent.parent), *sys.path])
        environ["AIRFLOW__SECRETS__BACKEND"] = "slow_backend.Slow"
        given = {"connections": {"known": KNOWN, "signed": SIGNED}}
        environ["AIRFLOW__SECRETS__BACKEND_KWARGS"] = json.dumps(given)
        with running(home, environ=environ, command=COMMAND) as server:
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (HANDLES, HANDLES))
            target = Target(int(urlsplit(server.url).port or 0), psutil.Process(server.process.pid), home)
            asyncio.run(post(target, "known", SECRET, message(0)))
            target.memory_before = target.memory_peak = target.process.memory_info().rss
            watching = threading.Thread(target=target.watch)
            watching.start()
            try:
                yield target
            finally:
                target.end()
                watching.join()


def message(number: int, **more: Any) -> bytes:
    """Return the body of a WuzAPI webhook."""
    jid = "51987654321@s.whatsapp.net"
    info = {"ID": f"3EB0{number:012X}", "Chat": jid, "Sender": jid, "Timestamp": "2026-11-21T10:00:00Z", **more}
    return json.dumps({"type": "Message", "event": {"Info": info, "Message": {"conversation": "Hello!"}}}).encode()


async def post(
    target: Target, conn_id: str, secret: str, body: bytes, patience: float = 60, address: str = "127.0.0.1"
) -> tuple[int, float]:
    """Post; return the status, 0 for none, and the seconds that it took."""
    began = time.monotonic()
    try:
        status = await asyncio.wait_for(_status(target, conn_id, secret, body, address), patience)
    except (OSError, asyncio.TimeoutError):
        status = 0
    return status, time.monotonic() - began


async def _status(target: Target, conn_id: str, secret: str, body: bytes, address: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, local_addr=(address, 0))
    try:
        head = f"POST /wa/hooks/{conn_id}/{secret} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        line = await reader.readline()
        return int(line.split()[1]) if line else 0
    finally:
        writer.close()


async def honest(target: Target, seconds: float, pause: float = 0.03) -> list[tuple[int, float]]:
    """Post as a vendor does, one message after the other."""
    ends, answers = time.monotonic() + seconds, []
    while time.monotonic() < ends:
        # From an address of its own: one client has a quarter of the connections.
        answers.append(await post(target, "known", SECRET, message(len(answers) + 1), address="127.0.0.2"))
        await asyncio.sleep(pause)
    return answers


def told(answers: list[tuple[int, float]]) -> str:
    """Return how honest posts fared."""
    taken = [seconds for status, seconds in answers if status == 200]
    times = f", {statistics.median(taken) * 1000:.0f} ms each, {max(taken) * 1000:.0f} ms at most" if taken else ""
    return f"{len(taken)} of {len(answers)} honest posts answered{times}"


async def receipt(target: Target, ids: int = 4000) -> str:
    """Post one receipt of many message ids."""
    before = target.stored
    event = {"Chat": "51987654321@s.whatsapp.net", "Sender": "51987654321@s.whatsapp.net", "Type": "read"}
    event |= {"Timestamp": "2026-11-21T10:00:00Z", "MessageIDs": [f"{n:08X}" for n in range(ids)]}
    body = json.dumps({"type": "ReadReceipt", "event": event, "state": "Read"}).encode()
    status, seconds = await post(target, "known", SECRET, body)
    grown = (target.stored - before) / MB
    return f"{len(body):,} bytes: {status} after {seconds:.1f} s, {grown:.1f} MB of store, {target.memory}"


async def silent(target: Target, connections: int = 1100, seconds: float = 12) -> str:
    """Open connections that say nothing, and post honestly."""
    opened = []
    for _ in range(connections):
        try:
            opened.append(await asyncio.wait_for(asyncio.open_connection("127.0.0.1", target.port), 1))
        except (OSError, asyncio.TimeoutError):
            continue
    spent = target.process.cpu_times()
    answers = await honest(target, seconds)
    used = target.process.cpu_times()
    ended = sum(reader.at_eof() or reader.exception() is not None for reader, _ in opened)
    for _, writer in opened:
        writer.close()
    cpu = used.user + used.system - spent.user - spent.system
    left = f"{len(opened) - ended} of {len(opened)} silent ones left after {seconds:g} s"
    return f"{told(answers)}; {left}; {cpu:.1f} s of CPU"


async def flood(target: Target, clients: int = 150, seconds: float = 10) -> str:
    """Let clients guess secrets, of known and of unknown ids, and post honestly meanwhile."""
    ends = time.monotonic() + seconds
    refusals: dict[str, list[float]] = {"known": [], "unknown": []}

    async def guess(client: int) -> None:
        turn = client
        while time.monotonic() < ends:
            turn += 1
            kind = ("known", "unknown")[turn % 2]
            conn_id = "signed" if kind == "known" else f"nobody-{client}-{turn}"
            _, taken = await post(target, conn_id, f"wrong-{turn}", b"{}")
            refusals[kind].append(taken)

    answers, *_ = await asyncio.gather(honest(target, seconds), *map(guess, range(clients)))
    times = " and ".join(f"{statistics.median(found):.2f} s ({kind} id)" for kind, found in refusals.items())
    return f"{told(answers)}; time to the refusal {times}"


async def large(target: Target, bodies: int = 60) -> str:
    """Post unsigned bodies of 9 MB at once."""
    return await _unsigned(target, bodies, 9 * MB)


async def many(target: Target, bodies: int = 1000) -> str:
    """Post unsigned bodies of 200 KB at once."""
    return await _unsigned(target, bodies, 200_000)


async def _unsigned(target: Target, count: int, size: int) -> str:
    body = b'{"type":"Message","event":"' + b"x" * size + b'"}'
    answers = await asyncio.gather(*(post(target, "signed", SECRET, body) for _ in range(count)))
    return f"{target.memory}; answers {dict(Counter(status or 'closed' for status, _ in answers))}"


async def junk(target: Target, rounds: int = 20) -> str:
    """Post bodies that are no event, to the right address."""
    bodies = [
        b"",
        b"{",
        b"[" * 10_000,
        b"\xff" * 5000,
        b"1" * 5000,
        b'{"type":' + b"9" * 500 + b"}",
        b'"\\ud800"',
        b"null",
    ]
    deep = b'{"event":' * 500 + b"1" + b"}" * 500
    jid = message(1, Chat="1" * 60_000 + "@", Sender=":" * 60_000)
    answers = [await post(target, "known", SECRET, body) for body in [*bodies, deep, jid] * rounds]
    slowest = max(seconds for _, seconds in answers)
    return f"answers {dict(Counter(status for status, _ in answers))}, {slowest * 1000:.0f} ms at most"


ATTACKS: Mapping[str, Callable[..., Any]] = {
    "junk": junk, "receipt": receipt, "silent": silent, "flood": flood, "large": large, "many": many,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", help=f"some of {', '.join(ATTACKS)}")
    wanted = parser.parse_args().attacks
    if unknown := set(wanted) - set(ATTACKS):
        parser.error(f"attacks: {', '.join(sorted(unknown))} not known; expected some of {', '.join(ATTACKS)}")
    # The attacker needs handles too.
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    for name in wanted or ATTACKS:
        with attacked() as target:
            print(f"{name:8} {asyncio.run(ATTACKS[name](target))}", flush=True)


if __name__ == "__main__":
    main()
