# SPDX-License-Identifier: Apache-2.0
"""Docstrings and messages read as a good manual does: phrases that readers trip over are kept out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "airflow_provider_wa"

FORBIDDEN = re.compile(
    r"(?<!there )\b(?-i:is none|are none)\b|\bnone of (?!them\b|these\b|the\b|its\b)"
    r"|(?<!there )\b(?:is|are) no (?!longer\b|more\b|other\b|better\b)"
    r"|\bso many\b|\bso long at most\b|\bwhom\b|\bof such\b|\banew\b|\bbeside it\b|\bin vain\b"
    r"|\b(?:is|are|was|were|what it|it|what) tells?\b|\btold\b"
    r"|\bwho(?:so)?ever\b|\bwhichever\b|\bas may be\b|\b(?:came|comes?) to nothing\b|\bas secret as that\b"
    r"|\bwhat (?:is|are|was|were) known of\b|\bin place of\b|\bby what they\b|\bnobody can say\b"
    r"|\bwhat (?:it is|they are) about\b(?! to)|\bthat somebody (?:said|gave)\b"
    r"|\bof which (?:no|none|nothing|this)\b|\bprove to come\b|\bsomebody's (?:\w+ )?transaction\b"
    r"|\bbut those that\b|\b(?:is|are) not there any ?more\b"
    r"|\bgive or take\b|\bonce more\b|\bwhat became of\b|\bholds? (?:nobody|no one) up\b|\bcannot say\b"
    r"|\bwhat (?:came in|was written|they wrote)\b|\bpeople who wrote\b|\bquestions asked of\b|\bwhatever\b"
    r"|\bwithout a word\b|\bstands alone\b|\bgoes on\b|\bmay look at\b|\bnot written to\b"
    r"|\bwhich LID is\b|\bwaited out\b|\bmay pass by themselves\b|\bsomebody else\b",
    re.IGNORECASE,
)
"""Phrases that stand neither in docstrings nor in texts that a user may read."""

HEADLESS = re.compile(
    r"(?:What|Who|Whose|Whom|How|Whether|Where|Which|When|Why|By what|By which|For how long|For what|Of what|Of whom"
    r"|Since when|After how long|From where|Until when|So many|At most so|To whom|With what"
    r"|Those|Somebody|Whoever|Whatever|The same with|Do the same)\b"
)
"""Beginnings of a docstring that leave its subject open: say what it is, or what it does."""

NOT_TEXT = re.compile(r"^[^ ]*$|^SELECT |^\s*$")


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of a module with their lines: of what it defines, and under its constants and fields."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            for item in node.body:
                value = item.value if isinstance(item, ast.Expr) else None
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield item.lineno, value.value


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield all texts of a module that are more than one word."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not NOT_TEXT.match(node.value):
            yield node.lineno, node.value


FILES = sorted(PACKAGE.rglob("*.py"))
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]


def forbidden() -> list[str]:
    """Return the places in the package where a forbidden phrase stands."""
    return [
        f"{path.relative_to(PROJECT)}:{line}: {found[0]!r}"
        for path in FILES
        for line, text in texts(path)
        if (found := FORBIDDEN.search(" ".join(text.split())))
    ]


def headless() -> list[str]:
    """Return the docstrings whose first words leave the subject open."""
    return [
        f"{path.relative_to(PROJECT)}:{line}: {text.strip()[:50]!r}"
        for path in FILES
        for line, text in docstrings(path)
        if HEADLESS.match(text.strip())
    ]


def test_no_docstring_and_no_message_has_a_forbidden_phrase() -> None:
    assert forbidden() == []


def test_docstrings_begin_with_a_noun_or_an_imperative() -> None:
    assert headless() == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_has_a_forbidden_phrase(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert [f"{number}: {line}" for number, line in enumerate(lines, 1) if FORBIDDEN.search(line)] == []


@pytest.mark.parametrize(
    "text",
    [
        "on_hold: 'x' is none of wait, skip",
        "since: 'x' is no moment",
        "at most so many calls",
        "whom it went to",
        "the host is told",
        "a list of such",
        "whoever scans it owns the session",
        "stored in place of what was known of them",
        "a code, and as secret as that",
        "the calls that came to nothing",
        "a run of which nothing leaves",
        "by as few queries as may be",
        "tells people what became of a task",
        "the store learns which LID is which number",
        "failures in a row that are waited out, if they may pass by themselves",
        "conversations: what was written to a person and what came in",
        "the people who wrote, the newest first",
        "a code to type into the phone, in place of scanning",
        "the questions asked of a batch's rows",
        "a name that the server does not know is dropped without a word",
        "the connections that the user may look at",
        "one row, whatever the number of requests",
    ],
)
def test_the_search_finds_what_it_is_for(text: str) -> None:
    assert FORBIDDEN.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "there is no file a.csv",
        "it is no longer there",
        "expected one of wait, skip",
        "none of them",
        "what they are about to send",
    ],
)
def test_the_search_leaves_plain_words_alone(text: str) -> None:
    assert not FORBIDDEN.search(text)
