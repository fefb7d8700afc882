"""Where people may be, from the number alone: the zones of every E.164 number, as steps that are joined at column speed.

phonenumbers knows zones by prefix, and the longest prefix counts. Here the same stands as a list of steps: a number, filled
with zeros on its right to 15 digits, lies on the last step that does not exceed it. That is a binary search for one number
and an ASOF join for a column of them. A number without a place has all zones of its calling code.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from typing import Final

from reconciler.rows.engine import Engine

DIGITS: Final = 15  # ITU-T E.164: the most that a number has
HEAD: Final = 4  # digits: within them every calling code ends, and those countries differ that share the code 1

# Numbers that say nothing about a place, by calling code and first digits of the national number: toll-free, shared-cost,
# premium and personal ones everywhere, and Ecuador's mobiles, which carry no area code.
_PLACELESS: Final = {
    "1": ("800", "822", "833", "844", "855", "866", "877", "888", "900"),
    "52": ("300", "500", "800", "888", "900"),
    "55": ("300", "303", "400", "402", "4370", "4864", "500", "800", "900"),
    "593": ("1800", "2890", "3890", "4890", "5890", "6890", "7890", "9"),
}

# Area codes with a clock of their own that phonenumbers counts to the capital's: Chile's 61 (Magallanes) and 67 (Aysén).
_OWN_CLOCK: Final = {
    "5661": ("America/Punta_Arenas", "America/Santiago"),
    "5667": ("America/Coyhaique", "America/Santiago"),
}


@cache
def steps() -> tuple[tuple[int, tuple[str, ...]], ...]:
    """(first number, zones) in ascending order: the zones hold up to the next step; () where no calling code is."""
    from phonenumbers.tzdata import TIMEZONE_DATA

    placeless = {code + digits: TIMEZONE_DATA[code] for code, lists in _PLACELESS.items() for digits in lists}
    known = {prefix: zones for prefix, zones in TIMEZONE_DATA.items() if not prefix.startswith(tuple(placeless))}
    known |= placeless | _OWN_CLOCK
    longest = max(map(len, known))
    edges = {_filled(prefix) for prefix in known} | {_filled(str(int(prefix) + 1)) for prefix in known}
    found: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    for edge in sorted(edges):
        digits = str(edge)
        prefix = next((digits[:length] for length in range(longest, 0, -1) if digits[:length] in known), "")
        zones = tuple(known.get(prefix, ()))
        if zones != found[-1][1]:
            found.append((edge, zones))
    return tuple(found)


def _filled(digits: str) -> int:
    return int(digits.ljust(DIGITS, "0"))


def filled(number: str) -> str:
    """SQL: a number's BIGINT as it is compared with the first number of a step."""
    return f"rpad({number}::VARCHAR, {DIGITS}, '0')::BIGINT"


def placed(engine: Engine, rows: str) -> str:
    """A table of a query's rows, `number` among its columns, with the `head` of each number and the `step` that it lies on."""
    ladder, found = engine.fresh("steps"), engine.fresh("placed")
    engine.run(
        f"CREATE TABLE {ladder} AS SELECT unnest($1::BIGINT[]) AS first, unnest(range({len(steps())})) AS step",
        [[first for first, _zones in steps()]],
    )
    engine.run(
        f"CREATE TABLE {found} AS SELECT n.* EXCLUDE (mark), left(n.number::VARCHAR, {HEAD}) AS head, l.step "
        f"FROM (SELECT *, {filled('number')} AS mark FROM ({rows})) n ASOF LEFT JOIN {ladder} l ON n.mark >= l.first"
    )
    engine.drop(ladder)
    return found


def zones_of(number: int) -> tuple[str, ...]:
    """The zones in which an E.164 number may be; () where its calling code is not known."""
    return steps()[bisect_right(steps(), _filled(str(number)), key=lambda step: step[0]) - 1][1]


def possible(row: str, number: int | None, target: str) -> tuple[str, ...]:
    """All zones in which a recipient may be: the one that the row says, else those of the number, else the target's."""
    return (row,) if row else (zones_of(number) if number else ()) or (target,)
