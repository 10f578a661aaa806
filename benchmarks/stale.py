# SPDX-License-Identifier: Apache-2.0
"""Count the messages that stay in doubt because the server closed a kept connection just as they were written.

The server closes idle connections at random moments, without a word. Some workers send over them, with a short pause
after each message, as the store takes. What the server took is counted: nothing twice, and nothing that is said to
have failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from helpers.certificates import make_certificate
from helpers.moody_server import moody_server

from airflow_provider_wa.api.flow import Effect, Reply, Request
from airflow_provider_wa.transport import kept
from airflow_provider_wa.transport.channel import AsyncChannel, Endpoint


def measured(
    sends: int, workers: int, longest: float, pause: float, fresh_seconds: float, tls: bool = False
) -> dict[str, Any]:
    """Send, and return the counts.

    :param longest: maximum seconds for which the server lets a connection be idle.
    :param pause: maximum seconds between two messages of a worker.
    :param fresh_seconds: see ``kept.FRESH_SECONDS``; with 0 a server that closes connections is trusted as any other.
    """
    kept.FRESH_SECONDS = fresh_seconds
    outcomes: dict[str, Any] = {}

    async def run(endpoint: Endpoint) -> None:
        places = iter(range(sends))
        async with AsyncChannel(endpoint) as channel:

            async def worker() -> None:
                for place in places:
                    path = f"/{place}"
                    outcomes[path] = await channel.carry_out(Request("GET", path, Effect.SEND))
                    await asyncio.sleep(random.uniform(0, pause))

            await asyncio.gather(*(worker() for _ in range(workers)))

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificate = make_certificate(folder / "certificate.pem") if tls else None
        with moody_server(longest, certificate) as ledger:
            verify = str(certificate) if certificate else True
            asyncio.run(run(Endpoint(ledger.url, concurrency=workers, timeout=10, verify=verify)))
    counts = Counter("accepted" if isinstance(answer, Reply) else type(answer).__name__ for answer in outcomes.values())
    return {
        "sends": sends,
        "connections": ledger.connections,
        "closed_by_server": ledger.closed,
        **counts,
        "twice": sum(count > 1 for count in ledger.taken.values()),
        # Said to have been sent, and not there.
        "accepted_but_not_taken": sum(
            path not in ledger.taken for path, answer in outcomes.items() if isinstance(answer, Reply)
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sends", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument("--longest", type=float, default=0.02)
    parser.add_argument("--pause", type=float, default=0.02)
    parser.add_argument("--fresh-seconds", type=float, default=kept.FRESH_SECONDS)
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    given = (options.sends, options.workers, options.longest, options.pause, options.fresh_seconds, options.tls)
    print(json.dumps(measured(*given)))


if __name__ == "__main__":
    main()
