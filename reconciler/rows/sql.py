"""SQL text, made in one way: identifiers are quoted, values are bound.

Names come from users' files and may hold quotes, semicolons or any letter; values never become part of a statement.
`literal` exists for views alone, which cannot be bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def name(identifier: str) -> str:
    """`identifier` as SQL reads it back, whatever it holds."""
    return '"' + identifier.replace('"', '""') + '"'


def names(identifiers: Iterable[str], table: str = "") -> str:
    """Identifiers as a list, each of `table` where one is named."""
    lead = f"{table}." if table else ""
    return ", ".join(lead + name(identifier) for identifier in identifiers)


def literal(value: str) -> str:
    """A text constant for the body of a view or macro."""
    return "'" + value.replace("'", "''") + "'"


class Bound:
    """The values of one statement, in the order in which they were asked for."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: list[Any] = []

    def __call__(self, value: Any) -> str:
        """The place that stands for `value` in the statement."""
        self.values.append(value)
        return f"${len(self.values)}"
