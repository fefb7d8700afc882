"""A few of the rows that were taken out, for each reason: masked, and the same ones in whatever order the rows came.

They are those with the smallest names under the journal's key. Smallest by a plain hash would tell: whoever tries all numbers
could leave out those whose hash is larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reconciler.personal import mask_person, mask_shape
from reconciler.rows import digest, sql
from reconciler.rows.engine import Engine

EXAMPLES: Final = 5
_TOLD: Final = ("part", "person", "number", "cell")


def examples(engine: Engine, rows: str, reasons: Sequence[str], values: sql.Bound | None = None) -> dict[str, tuple[str, ...]]:
    """A few rows of each reason, from a query of (why, part, person, number, cell): each as who it is, in which column the
    matter lies and, where there is a `cell`, how that is written.

    `why` is a place in `reasons`, counted from 1. Rows of which the same would be told are one.
    """
    name = digest.example(f"coalesce({column}, '')" for column in _TOLD)
    smallest = "QUALIFY row_number() OVER (PARTITION BY why ORDER BY name) <= "
    found = engine.run(
        f"SELECT why, number, {digest.as_hex(digest.person('person'))}, part, cell FROM "
        f"(SELECT *, {name} AS name FROM (SELECT DISTINCT why, {', '.join(_TOLD)} FROM ({rows})) {smallest}{EXAMPLES}) "
        "ORDER BY name",
        values.values if values else (),
    )
    told: dict[str, tuple[str, ...]] = {}
    for why, number, person, part, cell in found:
        reason = reasons[why - 1]
        shown = " ".join(filter(None, (mask_person(number, person), part, mask_shape(cell))))
        told[reason] = (*told.get(reason, ()), shown)[:EXAMPLES]
    return told
