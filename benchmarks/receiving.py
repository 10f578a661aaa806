# SPDX-License-Identifier: Apache-2.0
"""Measure the posts a second of ``wa-receiver``, the CPU of each side, and check that a kill loses no answered post.

Each post is a different WuzAPI message, over one of 32 or 128 open connections, each with one post under way. Compared
in the same run: a bare uvicorn, which answers 200 and stores nothing; one transaction per post; and the receiver with
one and more processes, on PostgreSQL and on SQLite. Then come duplicates, and a SIGKILL: every post answered with 200
must be stored once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from helpers import postgres

SECRET = "only-for-this-benchmark"
BIN = Path(sys.executable).parent

BARE = """
import sys
sys.path.insert(0, {here!r})
import uvicorn
from airflow_provider_wa.serving import listen
async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({{"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}})
    await send({{"type": "http.response.body", "body": b"{{}}"}})
listener = listen("127.0.0.1", 0)
print("listening on http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off")).run([listener])
"""


def message(number: int) -> bytes:
    """Return the body of a WuzAPI webhook."""
    jid = f"51{900000000 + number % 1000}@s.whatsapp.net"
    info = {"ID": f"3EB0{number:012X}", "Chat": jid, "Sender": jid, "Timestamp": "2026-11-21T10:00:00Z", "Type": "text"}
    return json.dumps({"type": "Message", "event": {"Info": info, "Message": {"conversation": "Hello!"}}}).encode()


async def post(port: int, numbers: Iterator[int], connections: int) -> tuple[list[int], float]:
    """Post a message for each number. Return the numbers answered with 200, and the seconds."""
    taken: list[int] = []

    async def worker() -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for number in numbers:
                body = message(number)
                head = f"POST /wa/hooks/bench/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = int(answer.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                if answer.startswith(b"HTTP/1.1 200"):
                    taken.append(number)
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            return  # the server was killed

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    return taken, time.perf_counter() - started


@contextmanager
def server(folder: Path, *command: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run a server that prints its address, with its log in a file, and yield its port and process."""
    with (folder / "server.log").open("w+b") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            while not (found := re.search(rb"listening on http://127.0.0.1:(\d+)", Path(log.name).read_bytes())):
                if process.poll() is not None:
                    sys.exit(f"the server did not start: {Path(log.name).read_text()}")
                time.sleep(0.05)
            yield int(found[1]), process
        finally:
            process.terminate()
            process.wait()


def counts(text: str) -> list[int]:
    """Return the numbers of a list such as ``32,128``."""
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--connections", type=counts, default=[32, 128], help="open connections, as 32,128")
    parser.add_argument("--workers", type=int, default=2, help="measure up to this number of processes")
    options = parser.parse_args()
    connection = {"conn_type": "wuzapi", "host": "http://127.0.0.1:9", "password": "x"}
    connection = {**connection, "extra": {"webhook_secret": SECRET}}
    with tempfile.TemporaryDirectory() as name, postgres.serve() as database:
        folder = Path(name)
        os.environ |= {"AIRFLOW_HOME": name, "AIRFLOW_CONN_BENCH": json.dumps(connection)}
        print(f"{options.posts:,} posts; CPU in us a post or row")
        print(f"{'':42}{'a second':>10}{'server':>8}{'database':>10}{'client':>8}")
        bare_command = (sys.executable, "-c", BARE.format(here=str(Path(__file__).parent)))
        few = min(options.connections)
        bare = measure("bare uvicorn, nothing stored", bare_command, folder, options.posts, few, None)
        database_pid = database.pid
        url = database.new_database()
        insert = one_transaction_each(url, min(options.posts, 5000), few, database_pid)
        found = {"bare uvicorn": bare, "bare inserts": insert}
        kinds = {"PostgreSQL": url, "SQLite": json.dumps({"conn_type": "sqlite", "host": str(folder / "store.db")})}
        for kind, store in kinds.items():
            os.environ["AIRFLOW_CONN_WA_STORE_DEFAULT"] = store
            for workers in range(1, options.workers + 1):
                command = (str(BIN / "wa-receiver"), "--port", "0", "--workers", str(workers))
                for connections in options.connections:
                    if kind == "PostgreSQL":
                        forget(url)
                    label = f"{kind}, {workers} process{'es' * (workers > 1)}, {connections} connections"
                    cost = database_pid if kind == "PostgreSQL" else None
                    rate = measure(label, command, folder, options.posts, connections, cost)
                    print("   = " + ", ".join(f"{rate / other:.2f} of {what}" for what, other in found.items()))
        os.environ["AIRFLOW_CONN_WA_STORE_DEFAULT"] = url
        forget(url)
        if not each_once(folder, url, options):
            sys.exit(1)


def measure(
    label: str, command: Sequence[str], folder: Path, posts: int, connections: int, database: int | None
) -> float:
    """Post to a server and print the posts a second, with the CPU of each side; return the posts a second."""
    with server(folder, *command) as (port, process):
        # Airflow loads its providers at the first post; with several processes each must have had one.
        asyncio.run(post(port, iter(range(10**9, 10**9 + 1000)), connections))
        before = tree_seconds(process.pid), tree_seconds(database), time.process_time()
        taken, seconds = asyncio.run(post(port, iter(range(posts)), connections))
        after = tree_seconds(process.pid), tree_seconds(database), time.process_time()
    used = [(end - begin) / posts * 1e6 for begin, end in zip(before, after, strict=True)]
    rate = len(taken) / seconds
    print(f"{label:42}{rate:10,.0f}{used[0]:8,.0f}{used[1]:10,.0f}{used[2]:8,.0f}", flush=True)
    return rate


def each_once(folder: Path, url: str, options: argparse.Namespace) -> bool:
    """Post, some twice, and with a kill of the server; print and return whether each answered post is stored once."""
    receiver = (str(BIN / "wa-receiver"), "--port", "0")
    with server(folder, *receiver) as (port, _):
        taken, _ = asyncio.run(post(port, iter(range(options.posts)), min(options.connections)))
        again, _ = asyncio.run(post(port, iter(range(min(1000, options.posts))), min(options.connections)))
    stored = ids(url)
    right = sorted(stored) == sorted(taken)
    print(f"answered 200: {len(taken):,} and {len(again):,} duplicates; stored: {len(stored):,}, each once: {right}")
    with server(folder, *receiver) as (port, process):
        taken_last = asyncio.run(killed(port, process, options))
    stored_now = set(ids(url)) - set(stored)
    lost = set(taken_last) - stored_now
    print(f"SIGKILL under load: {len(taken_last):,} answered 200, {len(lost)} of them lost, "
          f"{len(stored_now) - len(taken_last)} stored without an answer")  # fmt: skip
    return right and not lost


async def killed(port: int, process: subprocess.Popen[bytes], options: argparse.Namespace) -> list[int]:
    """Post, and kill the server after a second. Return the numbers answered with 200."""
    asyncio.get_running_loop().call_later(1.0, process.send_signal, signal.SIGKILL)
    first = options.posts
    taken, _ = await post(port, iter(range(first, first + 10 * options.posts)), min(options.connections))
    return taken


def tree_seconds(pid: int | None) -> float:
    """Return the CPU time of a process and its children, those that have ended as well; 0 without a process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # it has ended: its parent has its time
        return 0.0
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(tree_seconds(int(child)) for child in children)


def forget(url: str) -> None:
    """Remove all events."""
    import psycopg

    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('wa_events')").fetchone() != (None,):
            connection.execute("TRUNCATE wa_events")


def ids(url: str) -> list[int]:
    """Return the numbers of the stored messages."""
    import psycopg

    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT reference FROM wa_events").fetchall()
    return [int(reference[4:], 16) for (reference,) in rows]


def one_transaction_each(url: str, count: int, connections: int, database: int) -> float:
    """Insert rows in threads, one transaction per row; print and return the rows a second."""
    from concurrent.futures import ThreadPoolExecutor

    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE rival (id bigserial PRIMARY KEY, key text UNIQUE, content json)")

    def insert(worker: int) -> None:
        with psycopg.connect(url) as own:
            for number in range(worker, count, connections):
                own.execute("INSERT INTO rival (key, content) VALUES (%s, %s)", (str(number), message(number).decode()))
                own.commit()

    with ThreadPoolExecutor(connections) as threads:
        began, cpu, client = time.perf_counter(), tree_seconds(database), time.process_time()
        list(threads.map(insert, range(connections)))
        rate = count / (time.perf_counter() - began)
    used, client = tree_seconds(database) - cpu, time.process_time() - client
    print(f"{'bare inserts, a transaction each':42}{rate:10,.0f}{'':8}{used / count * 1e6:10,.0f}"
          f"{client / count * 1e6:8,.0f}", flush=True)  # fmt: skip
    return rate


if __name__ == "__main__":
    main()
