# SPDX-License-Identifier: Apache-2.0
"""The names that a template uses, and its expressions, found in its syntax tree before anything is rendered."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

from jinja2 import meta, nodes

from airflow_provider_wa.operators._run.row_values import ROW

N = TypeVar("N", bound=nodes.Node)

SHOW = "wa_show"
"""Name of the filter that each expression goes through before it is printed."""

_DEFAULTS = frozenset({"default", "d"})
_TESTS = frozenset({"defined", "undefined"})
_METHODS = frozenset(dir(dict))


class TemplateNames:
    """The names that templates use.

    ``answered`` are names with a ``default`` or a test for rows that lack them; ``of_row`` are names in ``row["..."]``.
    """

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self.of_row: set[str] = set()
        self._variables: set[str] = set()

    def add(self, tree: nodes.Template) -> None:
        """Add the names in a template."""
        self._variables |= meta.find_undeclared_variables(tree)
        self.of_row |= {name for node in _parts_of_row(tree) if (name := _column(node)) is not None}
        asked = [
            *(node.node for node in tree.find_all(nodes.Filter) if node.name in _DEFAULTS and node.node),
            *(node.node for node in tree.find_all(nodes.Test) if node.name in _TESTS),
        ]
        self.answered |= {name for node in asked if (name := _column(node)) is not None}

    def used(self, *, with_row: bool) -> set[str]:
        """Return the names that the templates use.

        :param with_row: ``row`` is the whole row, so that the names in ``row["..."]`` count as well.
        """
        return self._variables | self.of_row if with_row else set(self._variables)


def _parts_of_row(tree: nodes.Template) -> Iterator[nodes.Node]:
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        if _is_part_of_row(node) and not (isinstance(node, nodes.Getattr) and node.attr in _METHODS):
            yield node


def _is_part_of_row(node: nodes.Node) -> bool:
    whole = node.node if isinstance(node, (nodes.Getattr, nodes.Getitem)) else None
    return isinstance(whole, nodes.Name) and whole.name == ROW


def _column(node: nodes.Node) -> str | None:
    """Return the column that an expression reads a value or a part of; None if it is anything else."""
    while isinstance(node, (nodes.Getattr, nodes.Getitem)):
        if _is_part_of_row(node):
            if isinstance(node, nodes.Getattr):
                return node.attr
            return node.arg.value if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) else None
        node = node.node
    return node.name if isinstance(node, nodes.Name) else None


def show_values(tree: nodes.Template, others: Collection[str], *, always: bool) -> None:
    """Have each expression go through ``SHOW`` before it is printed or made part of a text.

    An expression that depends on the row must not give an empty text, unless the author has given it a default.

    :param others: names that are not of the row.
    :param always: a default must not be empty either.
    """
    constants = {*others, *_constants(tree)}
    macros = {macro.name for macro in tree.find_all(nodes.Macro)} | {"caller"}
    for concat in list(tree.find_all(nodes.Concat)):
        concat.nodes = [_shown(node, False) for node in concat.nodes]
    for output in list(tree.find_all(nodes.Output)):
        output.nodes = [
            _shown(node, _of_row(node, constants) and (always or not _is_answered(node, macros)))
            for node in output.nodes
        ]


def _constants(tree: nodes.Template) -> set[str]:
    """Return the names that a template sets to constants."""
    sets = [node for node in tree.find_all(nodes.Assign) if not _names(node.node)]
    return {name.name for each in sets for name in _all(each.target, nodes.Name)}


def _of_row(node: nodes.Expr, constants: Collection[str]) -> bool:
    return any(name not in constants for name in _names(node))


def _is_answered(node: nodes.Expr, macros: Collection[str]) -> bool:
    """Return True if an expression handles a missing value: by a default, ``or``, ``if`` or a macro."""
    if any(_all(node, nodes.Or)) or any(_all(node, nodes.CondExpr)):
        return True
    called = (call.node for call in _all(node, nodes.Call))
    return any(each.name in _DEFAULTS for each in _all(node, nodes.Filter)) or any(
        isinstance(each, nodes.Name) and each.name in macros for each in called
    )


def _shown(node: nodes.Expr, filled: bool) -> nodes.Expr:
    if isinstance(node, nodes.TemplateData) or (isinstance(node, nodes.Const) and isinstance(node.value, str)):
        return node
    name = _column(node) or ", ".join(dict.fromkeys(_names(node))) or "an expression"
    arguments: list[nodes.Expr] = [nodes.Const(name), nodes.Const(filled)]
    shown = nodes.Filter(node, SHOW, arguments, [], None, None)
    shown.set_lineno(node.lineno)
    if node.environment:
        shown.set_environment(node.environment)
    return shown


def _names(node: nodes.Node) -> list[str]:
    return [each.name for each in _all(node, nodes.Name)]


def _all(node: nodes.Node, kind: type[N]) -> Iterator[N]:
    """Yield a node and those in it that are of a kind."""
    if isinstance(node, kind):
        yield node
    yield from node.find_all(kind)
