# SPDX-License-Identifier: Apache-2.0
"""Measure the posts a second of ``wa-receiver`` on PostgreSQL, and check that a kill loses no answered post.

Each post is a different WuzAPI message, over one of 32 open connections. Compared in the same run: the same server
without a receiver (it answers 200 and stores nothing), and one transaction per post. Then come duplicates, and a
SIGKILL: every post that was answered with 200 must be stored once.
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
from collections.abc import Iterator
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, default=1, help="measure up to this number of processes as well")
    options = parser.parse_args()
    connection = {"conn_type": "wuzapi", "host": "http://127.0.0.1:9", "password": "x"}
    connection = {**connection, "extra": {"webhook_secret": SECRET}}
    with tempfile.TemporaryDirectory() as name, postgres.serve() as database:
        url, folder = database.new_database(), Path(name)
        os.environ |= {"AIRFLOW_HOME": name, "AIRFLOW_CONN_BENCH": json.dumps(connection)}
        os.environ["AIRFLOW_CONN_WA_STORE_DEFAULT"] = url
        receiver = (str(BIN / "wa-receiver"), "--port", "0")
        print(f"{options.posts:,} posts over {options.connections} connections, PostgreSQL")

        with server(folder, sys.executable, "-c", BARE.format(here=str(Path(__file__).parent))) as (port, _):
            taken, seconds = asyncio.run(post(port, iter(range(options.posts)), options.connections))
            bare = len(taken) / seconds
        for workers in range(2, options.workers + 1):
            with server(folder, *receiver, "--workers", str(workers)) as (port, _):
                start = workers * 10**7
                asyncio.run(post(port, iter(range(start - 500, start)), options.connections))
                taken, seconds = asyncio.run(post(port, iter(range(start, start + options.posts)), options.connections))
            print(f"{workers} processes                   {len(taken) / seconds:7,.0f} posts/s")
            forget(url)
        with server(folder, *receiver) as (port, process):
            # Airflow loads its providers at the first post.
            warm, _ = asyncio.run(post(port, iter(range(10**9, 10**9 + 100)), options.connections))
            used = cpu_seconds(process.pid)
            taken, seconds = asyncio.run(post(port, iter(range(options.posts)), options.connections))
            rate = len(taken) / seconds
            used = cpu_seconds(process.pid) - used
            again, _ = asyncio.run(post(port, iter(range(1000)), options.connections))
        single = one_transaction_each(url, min(options.posts, 5000), options.connections)
        print(f"no receiver, nothing stored   {bare:7,.0f} posts/s")
        print(f"receiver                      {rate:7,.0f} posts/s  = {rate / bare:.0%} of it")
        print(f"CPU of the receiver           {used / options.posts * 1e6:7,.0f} us a post")
        print(f"one transaction per post      {single:7,.0f} rows/s  (receiver: {rate / single:.1f} times)")
        stored = ids(url)
        right = sorted(stored) == sorted(taken + warm)
        print(
            f"answered 200: {len(taken):,} and {len(again):,} duplicates; stored: {len(stored):,}, each once: {right}"
        )

        with server(folder, *receiver) as (port, process):
            taken_last = asyncio.run(killed(port, process, options))
        stored_now = set(ids(url)) - set(stored)
        lost = set(taken_last) - stored_now
        print(f"SIGKILL under load: {len(taken_last):,} answered 200, {len(lost)} of them lost, "
              f"{len(stored_now) - len(taken_last)} stored without an answer")  # fmt: skip
        if lost or not right:
            sys.exit(1)


async def killed(port: int, process: subprocess.Popen[bytes], options: argparse.Namespace) -> list[int]:
    """Post, and kill the server after a second. Return the numbers answered with 200."""
    asyncio.get_running_loop().call_later(1.0, process.send_signal, signal.SIGKILL)
    first = options.posts
    taken, _ = await post(port, iter(range(first, first + 10 * options.posts)), options.connections)
    return taken


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def forget(url: str) -> None:
    """Remove all events."""
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE wa_events")


def ids(url: str) -> list[int]:
    """Return the numbers of the stored messages."""
    import psycopg

    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT reference FROM wa_events").fetchall()
    return [int(reference[4:], 16) for (reference,) in rows]


def one_transaction_each(url: str, count: int, connections: int) -> float:
    """Return the rows a second that threads insert, one transaction per row."""
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
        started = time.perf_counter()
        list(threads.map(insert, range(connections)))
        return count / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
