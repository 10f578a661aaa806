# SPDX-License-Identifier: Apache-2.0
"""Show the benchmark's results as a table: on the terminal and in ``docs/performance.md``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chart import CHECKS, SENDS, chart
from figures import cpu, rate

Results = Mapping[str, Any]

HEAD = ("measurement", "result", "CPU per call", "ours compared with it", "target")
BLOCK = re.compile(r"(<!-- benchmark -->\n).*?(<!-- end benchmark -->)", re.DOTALL)
SQLITE, POSTGRESQL = "ours, SQLite", "ours, PostgreSQL"
SLOWEST = 3
"""Number of modules shown, of those that take longest to import."""
RESUMED = 1_000_000
"""Stored answers that the target of resuming is for."""


class Target(NamedTuple):
    """Target in words, and True if it was met."""

    words: str
    met: bool

    def __str__(self) -> str:
        return f"{self.words}: {'met' if self.met else 'NOT MET'}"


class Row(NamedTuple):
    """A line of the table."""

    what: str
    measured: str
    cpu: str = ""
    ratio: str = ""
    targets: Sequence[Target] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        return (*self[:4], "; ".join(map(str, self.targets)))


def rows(results: Results) -> list[Row]:
    """Return the lines of the table, part by part."""
    return [row for part, lines in PARTS.items() if part in results for row in lines(results)]


def _bulk(results: Results) -> Iterator[Row]:
    bulk = results["bulk"]
    for workers, runs in bulk["runs"].items():
        ours, ideal = runs["ours"], int(workers) / bulk["latency"]
        targets = [Target("at least 2,000 calls/s", rate(ours) >= 2000)] if workers == "500" else []
        share = f"{rate(ours) / ideal:.0%} of the ideal {ideal:,.0f}"
        yield Row(f"**{workers} workers: ours**", _rate(ours), _cpu(ours), share, targets)
        for name, run in runs.items():
            if name == "ours":
                continue
            calls, work = rate(ours) / rate(run), cpu(ours) / cpu(run)
            targets = _against(CHECK_TARGETS.get(name, {}), workers, calls, work)
            ratio = f"{_times(calls)} the calls/s, {_times(work)} the CPU"
            yield Row(f"{workers} workers: {name}", _rate(run), _cpu(run), ratio, targets)
    ours = next(iter(bulk["runs"].values()))["ours"]
    loop, workers = bulk["loop"], next(iter(bulk["runs"]))
    ratio = (
        f"{_times(rate(ours) / rate(loop))} the calls/s with {workers} workers, {_times(cpu(ours) / cpu(loop))} the CPU"
    )
    yield Row("1 worker: requests loop", _rate(loop), _cpu(loop), ratio)


Against = Mapping[str, tuple[Sequence[str], Callable[[float, float], bool]]]
"""Targets against another client: the numbers of workers that they are for, and tests of our ratios to it, those of
the calls/s and of the CPU."""


def _against(targets: Against, workers: str, calls: float, work: float) -> list[Target]:
    return [Target(words, reached(calls, work)) for words, (at, reached) in targets.items() if workers in at]


CHECK_TARGETS: Mapping[str, Against] = {
    "aiohttp": {
        "at least 90 % of its calls/s": (["50"], lambda calls, work: calls >= 0.9),
        "at most 3 times its CPU": (["50"], lambda calls, work: work <= 3),
        "at least 70 % of its calls/s": (["500"], lambda calls, work: calls >= 0.7),
    },
    "httpx": {"at most a tenth of its CPU": (["50"], lambda calls, work: work <= 0.1)},
}


def _operator(results: Results) -> Iterator[Row]:
    run = results["operator"]
    engine, workers = run["engine"], run["workers"]
    work = cpu(run) / cpu(engine)
    ratio = f"{_times(rate(run) / rate(engine))} the engine's calls/s, {_times(work)} its CPU"
    targets = [
        Target("at least 90 % of the engine's calls/s", rate(run) / rate(engine) >= 0.9),
        Target("at most 1.5 times the engine's CPU", work <= 1.5),
    ]
    yield Row(f"**{workers} workers: the whole operator**", _rate(run), _cpu(run), ratio, targets)
    yield Row(f"{workers} workers: the engine, in turn with the operator", _rate(engine), _cpu(engine))
    if validation := run.get("validation"):
        share, each = validation["share"], validation["cpu"] / validation["rows"] * 1000
        targets = [Target("at most 15% of the operator's CPU", share <= 0.15)]
        yield Row("validating the list at the beginning", "-", f"{each:.3f} ms", f"{share:.1%} of its CPU", targets)


def _send(results: Results) -> Iterator[Row]:
    send = results["send"]
    for wire, by_workers in send["runs"].items():
        for workers, runs in by_workers.items():
            yield from _sends(f"{workers} workers, {wire}", int(workers) / send["latency"], runs, workers)


def _sends(where: str, ideal: float, runs: Mapping[str, Any], workers: str) -> Iterator[Row]:
    ours = runs[SQLITE]
    share = f"{rate(ours) / ideal:.0%} of the ideal {ideal:,.0f}"
    targets = [Target("at least 1,200 sends/s", rate(ours) >= 1200)] if workers == "200" else []
    yield Row(f"**sends, {where}: {SQLITE}**", _rate(ours, "sends"), _cpu(ours), share, targets)
    for name, run in runs.items():
        if name == SQLITE:
            continue
        sends, work = rate(ours) / rate(run), cpu(ours) / cpu(run)
        targets = _against(SEND_TARGETS.get(name, {}), workers, sends, work)
        ratio = f"{_times(sends)} the sends/s, {_times(work)} the CPU"
        yield Row(f"sends, {where}: {name}", _rate(run, "sends"), _cpu(run), ratio, targets)


SEND_TARGETS: Mapping[str, Against] = {
    "aiohttp": {
        "at least 80 % of its sends/s": (["50"], lambda sends, work: sends >= 0.8),
        "at most 3 times its CPU": (["50"], lambda sends, work: work <= 3),
    },
    POSTGRESQL: {"at least 80 % of the sends/s on SQLite": (["50", "200"], lambda sends, work: sends <= 1 / 0.8)},
}


def _memory(results: Results) -> Iterator[Row]:
    return _grown(results["memory"], "memory, {count:,} numbers, {workers} workers, no latency", "calls")


def _growth(results: Results) -> Iterator[Row]:
    return _grown(results["growth"], "sends, {count:,} recipients, {workers} workers, no latency", "sends")


def _grown(memory: Results, what: str, unit: str) -> Iterator[Row]:
    counts = list(memory["runs"])
    smallest, largest = counts[0], counts[-1]
    for count, run in memory["runs"].items():
        above = run["peak_mb"] - memory["imports_mb"]
        share = run["peak_mb"] / memory["runs"][smallest]["peak_mb"]
        targets = []
        if count == largest:
            targets = [
                Target("at most 60 MB above the imports", above <= 60),
                Target(f"at most 1.1 times the peak of {int(smallest):,}", share <= 1.1),
            ]
        yield Row(
            what.format(count=int(count), workers=memory["workers"]),
            f"{run['peak_mb']:.0f} MB at the peak, {above:.0f} MB above the imports; {_rate(run, unit)}",
            _cpu(run),
            f"{share:.2f} times the peak of {int(smallest):,}",
            targets,
        )


def _resume(results: Results) -> Iterator[Row]:
    resume = results["resume"]
    seconds, ratio = resume["first_call_seconds"], ""
    if memory := results.get("memory"):
        again = resume["known"] / rate(list(memory["runs"].values())[-1])
        ratio = f"{seconds / again:.2%} of the {again:,.0f} s to check all again"
    yield Row(
        f"resuming after {resume['known']:,} answers",
        f"{seconds:.2f} s to the first new call",
        ratio=ratio,
        targets=[Target("at most 3 s", seconds <= 3)] if resume["known"] >= RESUMED else [],
    )


def _imports(results: Results) -> Iterator[Row]:
    imports = results["imports"]
    airflow, everything = imports["airflow_ms"], imports["all_ms"]
    share = f"{everything / airflow:.1%} of airflow.sdk's own {airflow / 1000:.1f} s"
    yield Row(
        "importing all operators and sensors",
        f"{everything:.0f} ms; a garbage collection ({imports['collection_ms']:.0f} ms) is left out",
        ratio=share,
        targets=[Target("at most 30 ms", everything <= 30)],
    )
    slowest = sorted(imports["modules_ms"].items(), key=lambda item: -item[1])[:SLOWEST]
    for name, taken in slowest:
        yield Row(f"importing {name} alone", f"{taken:.0f} ms", ratio=f"{taken / airflow:.1%} of airflow.sdk's own")


def _mapped(results: Results) -> Iterator[Row]:
    run, ratio = results["mapped"], ""
    if operator := results.get("operator"):
        ratio = f"the operator: {_times(rate(operator) / rate(run))} the calls/s"
    yield Row("one mapped Airflow task per number", f"{rate(run):.2f} calls/s", ratio=ratio)


PARTS = {
    "bulk": _bulk,
    "operator": _operator,
    "send": _send,
    "growth": _growth,
    "memory": _memory,
    "resume": _resume,
    "imports": _imports,
    "mapped": _mapped,
}
"""Functions that make the lines of each part."""


def _rate(run: Results, unit: str = "calls") -> str:
    return f"{rate(run):,.0f} {unit}/s"


def _cpu(run: Results) -> str:
    return f"{cpu(run):.2f} ms"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 20 else f"{ratio:.1f}x" if ratio >= 2 else f"{ratio:.2f}x"


PICTURES: dict[str, tuple[str, str, Callable[[Results], str]]] = {
    "bulk": (
        "performance.svg",
        "calls per second and CPU time per call, by the number of workers",
        lambda part: chart(part["runs"], CHECKS),
    ),
    "send": (
        "performance-sends.svg",
        "sends per second and CPU time per send, by the number of workers",
        lambda part: chart(part["runs"]["plain"], SENDS),
    ),
}
"""Charts by part: file, words for those who do not see it, and the function that draws it."""


def as_text(results: Results) -> str:
    """Return the table for a terminal."""
    lines = [HEAD, *(row.cells for row in rows(results))]
    cells = [[cell.replace("**", "") for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


def as_page_block(results: Results) -> str:
    """Return the block of the page: the chart, the table, the machine and the date."""
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells for row in rows(results))]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    machine = results["machine"]
    where = f"{machine['cores']} cores, Python {machine['python']}, Airflow {machine['airflow']}, {results['date']}"
    pictures = "".join(f"![{words}]({file})\n\n" for part, (file, words, _) in PICTURES.items() if part in results)
    return f"{pictures}{table}\nMeasured on {where}.\n"


def included(page: str, results: Results) -> str:
    """Return a page with its benchmark block up to date."""
    return BLOCK.sub(lambda found: f"{found[1]}{as_page_block(results)}{found[2]}", page)


def write(folder: Path, results: Results) -> None:
    """Write ``performance.json`` and the charts, and update the block in ``performance.md`` if it exists."""
    (folder / "performance.json").write_text(json.dumps(results, indent=2) + "\n")
    for part, (file, _, draw) in PICTURES.items():
        if part in results:
            (folder / file).write_text(draw(results[part]))
    page = folder / "performance.md"
    if page.exists():
        page.write_text(included(page.read_text(), results))
