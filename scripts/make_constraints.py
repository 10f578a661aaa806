# SPDX-License-Identifier: Apache-2.0
"""Write the constraint file: ``make constraints``. Names and versions only, for all supported Python versions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAD = """\
# What every make target installs: Airflow 3.3 and all that goes with it, for Python 3.10 to 3.13.
# Made by 'make constraints' (uv pip compile --universal): names and versions only.
"""


def main(uv: str, target: str) -> None:
    """Resolve the project's dependencies and those of its tests for Airflow 3.3."""
    wanted = Path(target).with_suffix(".in")
    wanted.write_text("apache-airflow==3.3.*\n")
    command = [uv, "pip", "compile", "--universal", "--upgrade", "--python-version", "3.10", "--quiet"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--group", "dev"]
    try:
        done = subprocess.run([*command, "pyproject.toml", str(wanted)], check=True, capture_output=True, text=True)
    finally:
        wanted.unlink()
    Path(target).write_text(HEAD + done.stdout)
    print(f"{target}: {done.stdout.count('==')} pins")


if __name__ == "__main__":
    main(*sys.argv[1:])
