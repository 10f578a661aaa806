# SPDX-License-Identifier: Apache-2.0
"""Values of a row as templates see them: a missing value, and a value with parts, is never printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from types import MappingProxyType
from typing import Any, NoReturn

from jinja2 import StrictUndefined, UndefinedError
from jinja2.utils import missing

from airflow_provider_wa.bulk.values import given

ROW = "row"
"""Name of the whole row, for columns whose names Jinja does not allow: ``{{ row["first name"] }}``."""


class Refused(ValueError):
    """A value that must not stand in a message; the text says which one, and what to do."""


class Missing(StrictUndefined):
    """A value that a row lacks: false in a test, and an error wherever it would be printed, compared or counted.

    Its parts are missing as well, so that ``address.city | default("...")`` answers for a row without an address.
    """

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: Any) -> Missing:  # type: ignore[override]
        plain = self._undefined_hint is None and self._undefined_exception is UndefinedError
        return Missing(name=f"{self._path()}.{name}") if plain else self

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint or not (self._undefined_obj is missing or isinstance(self._undefined_obj, Whole)):
            return str(super()._undefined_message)
        column = self._path()
        word = column if column.replace(".", "_").isidentifier() else f"{ROW}[{column!r}]"
        return f"row has no value for column {column!r}; give the template a default: {{{{ {word} | default('...') }}}}"

    def _path(self) -> str:
        whole = self._undefined_obj.path_of_whole() if isinstance(self._undefined_obj, Whole) else ""
        return f"{whole}.{self._undefined_name}".lstrip(".")


class Whole:
    """A value with parts, which is never printed whole; ``_path`` is the name of its column and its place in it."""

    _path: str

    def path_of_whole(self) -> str:
        """Return the name of its column and its place in it; empty for a whole row."""
        return self._path

    def _refuse(self, *_: Any) -> NoReturn:
        refuse_whole(self, self._path or ROW)

    __str__ = __repr__ = __format__ = _refuse


class Parts(Whole, dict[Any, Any]):
    """A mapping, with only the values that are not missing.

    :param spelled: the key for each other spelling of it.
    """

    def __init__(self, values: Mapping[Any, Any], path: str, spelled: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__({name: shown for name, shown in present(values, path)})
        self._path = path
        self._spelled = spelled

    def __missing__(self, name: Any) -> Any:
        meant = self._spelled.get(name)
        return self[meant] if meant is not None and meant in self else Missing(obj=self, name=name)


class Items(Whole, list[Any]):
    """A list; a missing value in it must not be printed either."""

    def __init__(self, values: Any, path: str) -> None:
        places = (_part(value, f"{path}.{place}") for place, value in enumerate(values))
        super().__init__(
            Missing(name=f"{path}.{place}") if value is None else value for place, value in enumerate(places)
        )
        self._path = path


def present(values: Mapping[Any, Any], path: str = "") -> Iterator[tuple[Any, Any]]:
    """Yield the values that are not missing, by name, as templates see them."""
    for name, value in values.items():
        if (shown := _part(value, f"{path}.{name}" if path else str(name))) is not None:
            yield name, shown


def _part(value: Any, path: str) -> Any:
    if isinstance(value, Mapping):
        return Parts(value, path)
    if isinstance(value, (list, tuple, Set)):
        return Items(value, path)
    return given(value)


def printed(value: Any, name: str) -> Any:
    """Return a value as a message shows it: whole numbers without a fraction.

    :param name: its name in errors.
    :raises Refused: it is missing, or not one value.
    """
    if isinstance(value, (str, Missing)):
        return value
    if isinstance(value, (Mapping, Set, list, tuple, Iterator)) or callable(value):
        refuse_whole(value, name)
    shown = given(value)
    if shown is None:
        raise Refused(f"the value of {name!r} is missing ({value}); give the template a default")
    if isinstance(shown, (bytes, bytearray)):
        refuse_whole(value, name)
    return shown


def refuse_whole(value: Any, name: str) -> NoReturn:
    """Raise ``Refused`` for a value that is not printed whole."""
    kinds: dict[type, str] = {Parts: "dict", Items: "list"}
    kind = kinds.get(type(value), type(value).__name__)
    hint = _HINTS.get(kind, "")
    raise Refused(f"column {name!r} holds a {kind}, which is not printed whole; use a part of it{hint}")


_HINTS = {"dict": ", as {{ address.city }} does", "list": ', or {{ items | join(", ") }}'}
