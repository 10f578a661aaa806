# SPDX-License-Identifier: Apache-2.0
"""The benchmarks run, at tiny sizes, and what they print and write says what was measured."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import report
from chart import CHECKS, SENDS, chart
from contestants import ASYNC, THREADS, Numbers
from helpers.certificates import make_certificate
from stub import BODY, GREEN_BODY, GREEN_SENT_BODY, SENT_BODY, stub

PROJECT = Path(__file__).parent.parent
BENCHMARKS = PROJECT / "benchmarks"
SDK = "Green-API SDK pool"
SDK_PYTHON = PROJECT / ".venv-sdk" / "bin" / "python"


def run(calls: float, cpu_ms: float, seconds: float = 1.0) -> dict[str, float]:
    return {"calls": calls, "seconds": seconds, "cpu": calls * cpu_ms / 1000}


def sent(times: float) -> dict[str, dict[str, float]]:
    """Runs of sends that reach every target."""
    return {
        "ours, SQLite": run(800 * times, 0.6),
        "ours, PostgreSQL": run(700 * times, 0.8),
        "aiohttp": run(900 * times, 0.3),
        "httpx": run(60, 6.0),
    }


def results(**changed: Any) -> dict[str, Any]:
    """Results that reach every target, but for what is changed."""
    at_50 = {"ours": run(950, 0.3), "aiohttp": run(960, 0.15), "httpx": run(60, 6.0)}
    at_500 = {"ours": run(2500, 0.4), "aiohttp": run(2800, 0.15), "httpx": {"calls": 0, "seconds": 9.5, "cpu": 9.4}}
    measured = {
        "date": "2026-11-21",
        "machine": {"cores": 2, "python": "3.11.7", "airflow": "3.3.2"},
        "bulk": {"latency": 0.05, "runs": {"50": at_50, "500": at_500}, "loop": run(19, 1.2)},
        "operator": {**run(930, 0.4), "workers": 50, "engine": run(950, 0.3)},
        "send": {"latency": 0.05, "runs": {wire: {"50": sent(1.0), "200": sent(2.0)} for wire in ("plain", "TLS")}},
        "growth": {
            "imports_mb": 120.0,
            "workers": 200,
            "runs": {
                "1000": {**run(1_000, 0.4, 5.0), "peak_mb": 160.0},
                "1000000": {**run(1_000_000, 0.4, 500.0), "peak_mb": 170.0},
            },
        },
        "memory": {
            "imports_mb": 120.0,
            "workers": 200,
            "runs": {
                "10000": {**run(10_000, 0.4, 5.0), "peak_mb": 160.0},
                "1000000": {**run(1_000_000, 0.4, 500.0), "peak_mb": 170.0},
            },
        },
        "resume": {"known": 1_000_000, "first_call_seconds": 1.5},
        "imports": {
            "airflow_ms": 2400.0,
            "collection_ms": 90.0,
            "all_ms": 25.0,
            "modules_ms": {"operators.check": 20.0},
        },
        "mapped": {"calls": 100, "seconds": 130.0},
    }
    for path, value in changed.items():
        *parents, name = path.split("__")
        target = measured
        for parent in parents:
            target = target[parent]
        target[name] = value
    return measured


def missed(measured: dict[str, Any]) -> list[str]:
    return [target.words for row in report.rows(measured) for target in row.targets if not target.met]


def test_results_that_are_good_enough_reach_every_target() -> None:
    assert missed(results()) == []
    assert sum(len(row.targets) for row in report.rows(results())) == 23


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"bulk__runs__50__aiohttp": run(1100, 0.15)}, "at least 90 % of its calls/s"),
        ({"bulk__runs__50__aiohttp": run(960, 0.09)}, "at most 3 times its CPU"),
        ({"bulk__runs__50__httpx": run(60, 2.9)}, "at most a tenth of its CPU"),
        ({"bulk__runs__500__ours": run(1999, 0.4)}, "at least 2,000 calls/s"),
        ({"bulk__runs__500__aiohttp": run(3600, 0.15)}, "at least 70 % of its calls/s"),
        ({"operator__calls": 850}, "at least 90 % of the engine's calls/s"),
        ({"operator__cpu": 930 * 0.00046}, "at most 1.5 times the engine's CPU"),
        ({"send__runs__TLS__50__aiohttp": run(1001, 0.3)}, "at least 80 % of its sends/s"),
        ({"send__runs__plain__50__aiohttp": run(900, 0.19)}, "at most 3 times its CPU"),
        ({"send__runs__plain__200__ours, PostgreSQL": run(1200, 0.3)}, "at least 80 % of the sends/s on SQLite"),
        ({"growth__imports_mb": 109.0}, "at most 60 MB above the imports"),
        ({"growth__runs__1000__peak_mb": 154.0}, "at most 1.1 times the peak of 1,000"),
        ({"memory__imports_mb": 109.0}, "at most 60 MB above the imports"),
        ({"memory__runs__10000__peak_mb": 154.0}, "at most 1.1 times the peak of 10,000"),
        ({"resume__first_call_seconds": 3.1}, "at most 3 s"),
        ({"imports__all_ms": 31.0}, "at most 30 ms"),
    ],
)
def test_a_target_that_is_missed_is_said_to_be(changed: dict[str, Any], words: str) -> None:
    assert missed(results(**changed)) == [words]
    assert f"{words}: NOT MET" in report.as_text(results(**changed))


def test_the_target_of_resuming_is_for_a_million_answers() -> None:
    assert missed(results(resume__known=100_000, resume__first_call_seconds=3.1)) == []


def test_every_part_alone_makes_a_table() -> None:
    whole = results()
    for part in report.PARTS:
        alone = {name: value for name, value in whole.items() if name == part or name not in report.PARTS}
        assert len(report.as_text(alone).splitlines()) > 1, part


def test_the_chart_has_a_line_for_each_contestant_within_its_bounds() -> None:
    picture = ElementTree.fromstring(chart(results()["bulk"]["runs"], CHECKS))
    lines = picture.findall(".//{*}polyline")
    assert len(lines) == 2 * 3
    for line in lines:
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 430
            assert 0 <= y <= 300


@pytest.mark.parametrize("calls", [1.0, 9999.0], ids=["at the bottom", "at the top"])
def test_labels_of_lines_that_end_together_are_apart(calls: float) -> None:
    together = {name: run(calls, 1.0) for name in ("ours", "aiohttp", "httpx")}
    others = {name: run(100.0, 1.0) for name in ("ours", "aiohttp", "httpx")}
    # One at the other end, so that the axis reaches from 1 to 10,000.
    ends = {**together, "httpx": run(10_000.0 - calls, 1.0)}
    picture = ElementTree.fromstring(chart({"10": others, "50": ends}, CHECKS))
    panel = picture.find("{*}g")
    assert panel is not None
    heights = sorted(float(text.attrib["y"]) for text in panel.iter() if text.text in together)
    assert len(heights) == 3
    assert min(below - above for above, below in pairwise(heights)) >= 14
    assert heights[0] >= 40
    assert heights[-1] <= 266


def test_the_page_and_its_chart_show_the_last_run() -> None:
    docs = PROJECT / "docs"
    last = json.loads((docs / "performance.json").read_text())
    page = (docs / "performance.md").read_text()
    assert report.BLOCK.search(page)
    assert report.included(page, last) == page, "run: make bench"
    for part, (file, _, draw) in report.PICTURES.items():
        if part in last:
            assert draw(last[part]) == (docs / file).read_text(), "run: make bench"


def test_numbers_end_by_count_or_by_time() -> None:
    assert list(Numbers(2)) == ["900000000", "900000001"]
    assert list(Numbers(10, seconds=0)) == []


def test_threads_that_share_numbers_take_each_once() -> None:
    numbers, taken = Numbers(20_000), []
    threads = [threading.Thread(target=lambda: taken.extend(numbers)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(Numbers(20_000))


@pytest.mark.system
@pytest.mark.parametrize("what", ["check", "send"])
@pytest.mark.parametrize("name", [*ASYNC, *THREADS])
def test_a_contestant_counts_its_answers(name: str, what: str, tmp_path: Path) -> None:
    if name == SDK and not SDK_PYTHON.exists():
        pytest.skip("Green-API's SDK is not installed: `make sdk` does that")
    python = SDK_PYTHON if name == SDK else sys.executable
    body = {"check": (BODY, GREEN_BODY), "send": (SENT_BODY, GREEN_SENT_BODY)}[what][name == SDK]
    certificate = make_certificate(tmp_path / "certificate.pem") if what == "send" else None
    given = ("--workers", "3", "--seconds", "0.3", "--what", what)
    given += ("--certificate", str(certificate)) if certificate else ()
    with stub(0.01, body, certificate=certificate) as url:
        measured = script("contestants.py", name, url, *given, python=python)
    assert set(measured) == {"calls", "seconds", "cpu"}
    # Three workers, 10 ms a call: at most 30 in 0.3 s each, and the last one of each may end after the time.
    assert 3 <= measured["calls"] <= 3 * 31
    assert 0.3 <= measured["seconds"] < 10
    assert 0 < measured["cpu"] < measured["seconds"]


@pytest.mark.system
@pytest.mark.timeout(300)
def test_a_whole_run_measures_every_part_and_writes_it_down(tmp_path: Path) -> None:
    (tmp_path / "performance.md").write_text("# Page\n<!-- benchmark -->\n<!-- end benchmark -->\nits end\n")
    sizes = {
        "workers": "2,4", "latency": "0.01", "seconds": "0.1", "rounds": "1", "sdk": "none", "numbers": "30",
        "operator-workers": "4", "send-workers": "3", "growth": "20",
        "sizes": "20", "memory-workers": "4", "known": "60", "tries": "1",
    }  # fmt: skip
    options = [argument for name, value in sizes.items() for argument in (f"--{name}", value)]
    command = [sys.executable, str(BENCHMARKS / "bench.py"), *options, "--docs", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]

    measured = json.loads((tmp_path / "performance.json").read_text())
    assert list(measured) == ["date", "machine", "bulk", "operator", "send", "growth", "memory", "resume", "imports"]
    contestants = {*ASYNC, *THREADS} - {SDK, "requests loop"}
    assert {workers: set(runs) for workers, runs in measured["bulk"]["runs"].items()} == {
        "2": contestants,
        "4": contestants,
    }
    assert measured["operator"]["calls"] == 30
    assert measured["operator"]["validation"]["rows"] == 30
    assert measured["operator"]["validation"]["share"] > 0
    sends = {"ours, SQLite", "ours, PostgreSQL", "ours, without a store", *contestants} - {"ours"}
    for wire in ("plain", "TLS"):
        assert set(measured["send"]["runs"][wire]["3"]) == sends
    assert measured["growth"]["runs"]["20"]["calls"] == 20
    memory = measured["memory"]
    assert memory["runs"]["20"]["calls"] == 20
    assert memory["runs"]["20"]["peak_mb"] > memory["imports_mb"] > 10
    # Sixty numbers were answered before: only the four new ones cost a call.
    assert (measured["resume"]["known"], measured["resume"]["calls"]) == (60, 4)
    assert 0 < measured["resume"]["first_call_seconds"] < 60
    assert {"operators.check", "operators.send", "sensors.reply"} <= set(measured["imports"]["modules_ms"])
    assert all(taken > 0 for taken in measured["imports"]["modules_ms"].values())

    table = report.as_text(measured)
    assert table in done.stdout
    page = (tmp_path / "performance.md").read_text()
    assert page.startswith("# Page\n<!-- benchmark -->\n![")
    assert page.endswith("<!-- end benchmark -->\nits end\n")
    assert (tmp_path / "performance.svg").read_text() == chart(measured["bulk"]["runs"], CHECKS)
    assert (tmp_path / "performance-sends.svg").read_text() == chart(measured["send"]["runs"]["plain"], SENDS)


def script(name: str, *arguments: str, python: Path | str = sys.executable) -> dict[str, Any]:
    command = [str(python), str(BENCHMARKS / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured
