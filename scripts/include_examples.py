# SPDX-License-Identifier: Apache-2.0
"""Write into the documentation what comes from the code: parts of the example DAGs, and the table of capabilities.

``python scripts/include_examples.py`` writes; a test fails if that would change anything.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]

INCLUDE = re.compile(r"(<!-- include (?P<what>\S+)(?: (?P<part>\S+))? -->\n).*?(<!-- end -->)", re.DOTALL)


def example(file: str, part: str) -> str:
    """The lines of an example DAG between its markers, as a code block."""
    text = (PROJECT / "example_dags" / file).read_text()
    found = re.search(rf"^ *# \[START {part}\]\n(.*?)^ *# \[END {part}\]$", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise SystemExit(f"example_dags/{file} has no part {part!r}")
    return f"```python\n{textwrap.dedent(found[1]).strip()}\n```\n"


def capabilities() -> str:
    """What each vendor can do, as a table."""
    from airflow_provider_wa.api.capabilities import CAPABILITIES, who_can
    from airflow_provider_wa.api.vendors import VENDORS

    names = sorted(vendor.name for vendor in VENDORS)
    rows = [["can", *(f"`{name}`" for name in names)], ["---"] * (len(names) + 1)]
    for capability, deed in CAPABILITIES.items():
        able = who_can(capability, VENDORS)
        rows.append([deed, *("yes" if name in able else "-" for name in names)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def included(page: str) -> str:
    """A page with everything that it includes written anew."""

    def written(found: re.Match[str]) -> str:
        block = capabilities() if found["what"] == "capabilities" else example(found["what"], found["part"])
        return f"{found[1]}{block}{found[4]}"

    return INCLUDE.sub(written, page)


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(included(path.read_text()))
