# SPDX-License-Identifier: Apache-2.0
"""Write the constraint files: ``make constraints``. Names and versions only, for all supported Python versions."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple


class Pins(NamedTuple):
    """One file of ``constraints/``: an Airflow release, and the day whose releases go with it."""

    airflow: str
    until: str = ""
    """Last day whose releases count; no limit if empty. Airflow 3.2.2 fails with today's pydantic, for example."""
    also: tuple[str, ...] = ()
    """Further requirements: Airflow 3.1.1 allows a structlog that it cannot import."""
    lowest: bool = False
    """The lowest versions that ``pyproject.toml`` allows, in place of the highest."""

    @property
    def head(self) -> str:
        """The comment at the top of the file."""
        which = "the lowest direct dependencies" if self.lowest else f"Airflow {self.airflow} and all that goes with it"
        day = f", as of {self.until}" if self.until else ""
        return (
            f"# {which[0].upper()}{which[1:]}{day}, for Python 3.10 to 3.13.\n"
            "# Made by 'make constraints' (uv pip compile --universal): names and versions only.\n"
        )


FILES = {
    "airflow-3.3": Pins("3.3.*"),  # what every make target installs
    "airflow-3.3.1": Pins("3.3.1", "2026-09-01"),
    "airflow-3.3.0": Pins("3.3.0", "2026-08-01"),
    "airflow-3.2.2": Pins("3.2.2", "2026-07-15"),
    "airflow-3.1.8": Pins("3.1.8", "2026-04-15"),
    "lowest": Pins("3.1.*", "2026-02-01", ("structlog<25.5",), lowest=True),
}


def main(uv: str, folder: str) -> None:
    """Resolve the dependencies of the project and its tests, and write one file for each entry of ``FILES``."""
    for name, pins in FILES.items():
        target = Path(folder, f"{name}.txt")
        target.write_text(pins.head + resolved(uv, pins))
        print(f"{target}: {target.read_text().count('==')} pins")


def resolved(uv: str, pins: Pins) -> str:
    """Return the pins, one a line."""
    command = [uv, "pip", "compile", "--universal", "--python-version", "3.10", "--quiet"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    command += ["--exclude-newer", pins.until] if pins.until else []
    command += ["--resolution", "lowest-direct", "--group", "test"] if pins.lowest else ["--group", "dev"]
    with tempfile.NamedTemporaryFile("w", suffix=".in") as wanted:
        wanted.write("\n".join([f"apache-airflow=={pins.airflow}", *pins.also]))
        wanted.flush()
        # The lowest versions are sought of what the project asks for; all else is a bound, no wish.
        command += ["--constraint", wanted.name, "pyproject.toml"] if pins.lowest else ["pyproject.toml", wanted.name]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
