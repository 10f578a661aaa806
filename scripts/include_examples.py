# SPDX-License-Identifier: Apache-2.0
"""Update the blocks of the documentation that come from the code: ``python scripts/include_examples.py``.

Those are parts of the example DAGs, the tables of capabilities and endpoints, and the table of faults from the tests.
A test fails if a block is out of date.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]

INCLUDE = re.compile(r"(<!-- include (?P<what>\S+)(?: (?P<part>\S+))? -->\n).*?(<!-- end -->)", re.DOTALL)


def example(file: str, part: str) -> str:
    """Return the lines of an example DAG between its markers, as a code block."""
    text = (PROJECT / "example_dags" / file).read_text()
    found = re.search(rf"^ *# \[START {part}\]\n(.*?)^ *# \[END {part}\]$", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise SystemExit(f"example_dags/{file} has no part {part!r}")
    return f"```python\n{textwrap.dedent(found[1]).strip()}\n```\n"


def capabilities() -> str:
    """Return the table of what each vendor can do."""
    from airflow_provider_wa.api.capabilities import CAPABILITIES, who_can
    from airflow_provider_wa.vendors.registry import VENDORS

    names = sorted(vendor.name for vendor in VENDORS)
    rows = [["capability", *(f"`{name}`" for name in names)], ["---"] * (len(names) + 1)]
    for capability, deed in CAPABILITIES.items():
        able = who_can(capability, VENDORS)
        rows.append([deed, *("yes" if name in able else "-" for name in names)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


# Operator or sensor for each flow. A flow without one is called through the hook, in @task.
OPERATORS = {
    "check": "`WaBulkCheckOperator`",
    "send": "`WaSendMessageOperator`",
    "session": "`WaSessionSensor`",
    "message_status": "`WaMessageStatusOperator`",
    "delivery_report": "`WaPullDeliveryReportOperator`",
    "inbox": "`WaPullInboxOperator`",
    "contacts": "`WaPullContactsOperator`",
    "groups": "`WaPullGroupsOperator`",
    "balance": "`WaBalanceOperator`",
    "connect": "`WaConnectSessionOperator`",
    "disconnect": "`WaDisconnectSessionOperator`",
    "logout": "`WaLogoutSessionOperator`",
    "qr_code": "`WaQrCodeOperator`",
    "set_webhook": "`WaSetWebhookOperator`",
    "mark_read": "`WaMarkReadOperator`",
    "download": "`WaDownloadMediaOperator`",
}


def endpoints(conn_type: str) -> str:
    """Return the table of a vendor's endpoints, each with its hook method and operator."""
    from importlib import import_module

    from airflow_provider_wa.provider_info import FORMS
    from airflow_provider_wa.vendors.registry import VENDORS

    vendor = next(vendor for vendor in VENDORS if vendor.name == conn_type)
    module, _, name = FORMS[conn_type].hook_class.rpartition(".")
    hook = getattr(import_module(module), name)
    rows = [["endpoint", "hook method", "operator or sensor", "server version"], ["---"] * 4]
    for line in vendor.endpoints:
        if not hasattr(vendor, line.flow) or not hasattr(hook, line.flow):
            raise SystemExit(f"{conn_type}: {line.name} has no method {line.flow!r} on the vendor and its hook")
        operator = "`WaReactOperator`" if "react" in line.name else OPERATORS.get(line.flow, "hook in `@task`")
        rows.append([f"`{line.name}`", f"`{line.flow}`", operator, line.since])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def events(conn_type: str) -> str:
    """Return the list of the kinds of events that a vendor knows, as its tables have them."""
    from importlib import import_module

    tables = import_module(f"airflow_provider_wa.vendors.{conn_type}.tables")
    text = ", ".join(f"`{kind}`" for kind in tables.KNOWN_EVENTS)
    return f"{textwrap.fill(text, 130, break_on_hyphens=False)}\n"


def faults() -> str:
    """Return the tables of faults and their results, as the tests expect them."""
    sys.path.insert(0, str(PROJECT / "tests"))
    from reliability.outcomes import tables

    return tables()


def included(page: str) -> str:
    """Return a page with its included blocks up to date."""

    def written(found: re.Match[str]) -> str:
        made = {
            "capabilities": capabilities,
            "faults": faults,
            "endpoints": lambda: endpoints(found["part"]),
            "events": lambda: events(found["part"]),
        }
        block = made.get(found["what"], lambda: example(found["what"], found["part"]))()
        return f"{found[1]}{block}{found[4]}"

    return INCLUDE.sub(written, page)


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(included(path.read_text()))
