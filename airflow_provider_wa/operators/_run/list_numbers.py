# SPDX-License-Identifier: Apache-2.0
"""The numbers of a list: read by the author's rules, judged before anything is spent, and warned of at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_wa.api.errors import BadInput
from airflow_provider_wa.api.number_text import given_text
from airflow_provider_wa.api.numbers import NumberRules, is_about_number

ROWS_NAMED = 3
"""Maximum number of invalid rows in an error. All of them are in the results, if the task may continue."""

COUNTRIES_NAMED = 10
"""Maximum countries that a warning names."""

_NOTHING_SENT = ("skipped", "failed")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class InvalidLimit:
    """Maximum number of a list's rows that may be invalid, or their maximum share of the list."""

    rows: int | None = None
    share: float | None = None

    @classmethod
    def of(cls, value: Any) -> InvalidLimit:
        """Read the argument ``max_invalid``: ``20``, ``0.1`` or ``"10%"``.

        :raises BadInput: it is something else.
        """
        text = str(value).strip()
        try:
            if text.endswith("%"):
                return cls(share=_between(float(text[:-1]) / 100))
            if isinstance(value, float) or "." in text:
                return cls(share=_between(float(text)))
            if not isinstance(value, bool) and int(text) >= 0:
                return cls(rows=int(text))
        except ValueError:
            pass
        raise BadInput(
            f"max_invalid: {value!r} is not a limit; expected a number of rows, or a share such as 0.1 or 10%"
        )

    def exceeded(self, invalid: int, total: int) -> bool:
        """Return True if these are more than may be invalid."""
        return invalid > (self.rows if self.rows is not None else (self.share or 0.0) * total)

    def __str__(self) -> str:
        return f"{self.rows:,}" if self.rows is not None else f"{self.share:.6g} of them"


@dataclass
class ListNumbers:
    """The numbers of a list's rows, and the counts of those that deserve a warning.

    :param jids: a JID is a recipient as well.
    """

    column: str
    country_column: str | None
    rules: NumberRules
    jids: bool
    invalid: int = 0
    countries: Counter[str] = field(default_factory=Counter)

    def read(self, row: Row) -> str:
        """Return the recipient of a row as digits or a JID; for a check, only the digits of a number.

        :raises BadInput: the row has none, or the country that it names is unknown.
        """
        rules, given = self.rules.within(self.country(row)), given_text(row.get(self.column))
        return rules.recipient(given) if self.jids else rules.parse(given).digits

    def country(self, row: Row) -> Any:
        """Return the country that a row names; None if there is no such column, or no value."""
        return row.get(self.country_column) if self.country_column else None

    def refuse_over(
        self,
        limit: InvalidLimit,
        rows: Iterable[Row],
        first: int,
        left_out: Callable[[Row], object] | None = None,
    ) -> None:
        """Read all rows of the list, and refuse it if too many are invalid.

        :param first: the place of the first row.
        :param left_out: returns a true value for a row that is not counted, neither as valid nor as invalid; None
            counts all.
        :raises BadInput: more numbers are invalid than the limit allows.
        """
        total, invalid = 0, 0
        named: list[str] = []
        for place, row in enumerate(rows, first):
            if left_out and left_out(row):
                continue
            total += 1
            if reason := self._reason(row):
                invalid += 1
                if len(named) < ROWS_NAMED:
                    named.append(f"row {place:,}: {reason}")
        if limit.exceeded(invalid, total):
            raise BadInput(
                f"max_invalid: {invalid:,} of {total:,} numbers are invalid; at most {limit} may be. Nothing was sent "
                f"or asked for. {' | '.join(named)}"
            )

    def _reason(self, row: Row) -> str:
        try:
            self.read(row)
        except BadInput as error:
            return str(error)
        return ""

    def noted(self, result: dict[str, Any], name: str) -> dict[str, Any]:
        """Count a result; return it with a remark, if the country of its number was assumed.

        :param name: the result's column with the number.
        """
        detail = result["detail"] or ""
        if is_about_number(detail):
            self.invalid += 1
            return result
        if result["status"] in _NOTHING_SENT:
            return result
        remark = self.rules.remark(result["input"], str(result[name] or ""))
        if not remark:
            return result
        self.countries[remark] += 1
        return {**result, "detail": "; ".join(filter(None, (remark, detail)))}

    def warn(self, log: Any, total: int) -> None:
        """Log what the author should look into, of a list with this number of rows; then count from 0 again."""
        if self.countries:
            named = self.countries.most_common(COUNTRIES_NAMED)
            listed = ", ".join(f"{count:,} {remark}" for remark, count in named)
            log.warning(
                "numbers with neither + nor a country: %s (%s%s); set default_region or country_column, or "
                "international_without_plus=True if all numbers begin with a country code",
                f"{self.countries.total():,}",
                listed,
                " ..." if len(self.countries) > len(named) else "",
            )
        if self.invalid and 2 * self.invalid >= total:
            log.warning(
                "%s of %s numbers are invalid: is %r the column with the numbers, and is default_region their country?",
                f"{self.invalid:,}",
                f"{total:,}",
                self.column,
            )
        self.invalid = 0
        self.countries.clear()


def _between(share: float) -> float:
    if not 0 <= share <= 1:
        raise ValueError(share)
    return share
