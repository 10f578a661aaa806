# SPDX-License-Identifier: Apache-2.0
"""Make calls with Green-API's Python SDK, in the environment of ``make sdk``, and print the replies as JSON.

Standard input has the server's URL, the instance and the calls: a name, the SDK's method and its arguments. A text
``$name.field`` in the arguments stands for a field of an earlier reply. With ``--async`` the SDK's asynchronous methods
are called.
"""

from __future__ import annotations

import asyncio
import json
import sys
from operator import attrgetter
from typing import Any

from whatsapp_api_client_python import API


def filled(value: Any, replies: dict[str, Any]) -> Any:
    """Return arguments with the fields of earlier replies."""
    if isinstance(value, dict):
        return {name: filled(item, replies) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, replies) for item in value]
    if isinstance(value, str) and value.startswith("$"):
        name, _, field = value[1:].partition(".")
        return replies[name]["data"][field]
    return value


def main() -> None:
    plan = json.load(sys.stdin)
    api = API.GreenApi(plan["login"], plan["password"], host=plan["host"], media=plan["host"])
    replies: dict[str, Any] = {}
    for name, method, arguments in plan["calls"]:
        given = filled(arguments, replies)
        if "--async" in sys.argv:
            reply = asyncio.run(attrgetter(f"{method}Async")(api)(**given))
        else:
            reply = attrgetter(method)(api)(**given)
        replies[name] = {"status": reply.code, "data": reply.data, "error": reply.error}
    print(json.dumps(replies))


if __name__ == "__main__":
    main()
