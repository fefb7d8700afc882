"""Typed cells as text: parquet's dates and numbers in the form that a document asks for, or plainly.

A text cell stays what it is, so a format on one is a mistake. Number formats are written as spreadsheets write them:
`#.##0` groups by dots, `0,00` has two decimals after a comma.
"""

from __future__ import annotations

import re
from typing import Final

from reconciler.rows import sql

_SIGNED: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "BIGNUM")
_INTEGERS: Final = frozenset({*_SIGNED, *(f"U{kind}" for kind in _SIGNED)})
_FLOATS: Final = frozenset({"FLOAT", "DOUBLE"})
_MOMENTS: Final = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
_ZONED: Final = frozenset({"TIMESTAMP WITH TIME ZONE"})
_PLAIN: Final = frozenset({"VARCHAR", "BOOLEAN", "TIME", "UUID"})
_NUMBER_FORMAT: Final = re.compile(r"(?:#(?P<group>[.,])##)?0(?:(?P<point>[.,])(?P<decimals>0{1,9}))?")
_TOKENS: Final = {
    "yyyy": "%Y",
    "yy": "%y",
    "MM": "%m",
    "M": "%-m",
    "dd": "%d",
    "d": "%-d",
    "HH": "%H",
    "H": "%-H",
    "mm": "%M",
    "ss": "%S",
}
_TOKEN: Final = re.compile("|".join(_TOKENS) + "|[A-Za-z]|[^A-Za-z]+")
_EXACT_MAX: Final = 2**53
_FLOAT_EXACT_MAX: Final = 2**24


def readable(kind: str) -> bool:
    """Whether a cell of this engine type has one text form."""
    return _family(kind) is not None


def plain(cell: str, kind: str) -> str:
    """SQL: a typed cell as text, NULL where it is empty. Whole floats lose their `.0`, moments are ISO 8601."""
    family = _family(kind)
    if family == "float":
        whole = f"{cell} = trunc({cell}) AND abs({cell}) < {_EXACT_MAX}"
        return f"CASE WHEN isfinite({cell}) THEN CASE WHEN {whole} THEN {cell}::BIGINT::VARCHAR ELSE {cell}::VARCHAR END END"
    if family == "moment":
        return f"strftime({cell}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S')"
    if family == "zoned":
        return f"strftime({cell}, '%Y-%m-%dT%H:%M:%S+00:00')"
    return cell if kind == "VARCHAR" else f"{cell}::VARCHAR"


def as_phone(cell: str, kind: str, shown: str) -> str:
    """SQL: the text `shown` of a typed cell that holds a phone number.

    A float that ends in five zeros is what a spreadsheet left of a number that it showed as 5.69667E+10, and a FLOAT has
    room for seven digits; such cells are written so again, for rows of wrong people are worse than rows left out.
    """
    if _family(kind) != "float":
        return shown
    lost = f"abs({cell}) >= {_FLOAT_EXACT_MAX}" if kind == "FLOAT" else f"abs({cell}) >= 1e7 AND {cell} % 100000 = 0"
    return f"CASE WHEN isfinite({cell}) AND {lost} THEN format('{{:E}}', {cell}::DOUBLE) ELSE {shown} END"


def formatted(values: sql.Bound, cell: str, kind: str, pattern: str) -> str | None:
    """SQL: a typed cell in a format, a number of more than 38 digits plainly; None when the type has no such format."""
    family = _family(kind)
    if family in ("date", "moment", "zoned"):
        wanted = _date_format(pattern)
        moment = cell if family != "moment" else f"{cell}::TIMESTAMP"
        return None if wanted is None else f"strftime({moment}, {values(wanted)})"
    if family in ("integer", "float", "decimal"):
        number = _number(cell, family, pattern)
        return None if number is None else f"coalesce({number}, {plain(cell, kind)})"
    return None


def _family(kind: str) -> str | None:
    if kind in _INTEGERS:
        return "integer"
    if kind in _FLOATS:
        return "float"
    if kind.startswith("DECIMAL"):
        return "decimal"
    if kind in _MOMENTS:
        return "moment"
    if kind in _ZONED:
        return "zoned"
    if kind == "DATE":
        return "date"
    return "text" if kind in _PLAIN or kind.startswith("ENUM") else None


def _date_format(pattern: str) -> str | None:
    parts = _TOKEN.findall(pattern)
    if not any(part in _TOKENS for part in parts):
        return None
    if any(part.isalpha() and part not in _TOKENS and part != "T" for part in parts):
        return None
    return "".join(_TOKENS.get(part, part.replace("%", "%%")) for part in parts)


def _number(cell: str, family: str, pattern: str) -> str | None:
    found = _NUMBER_FORMAT.fullmatch(pattern)
    if found is None or (found["group"] and found["group"] == found["point"]):
        return None
    decimals = len(found["decimals"] or "")
    exact = f"try_cast({cell} AS DECIMAL(38, {decimals}))"
    digits = f"abs({exact})::VARCHAR"
    whole = f"split_part({digits}, '.', 1)"
    if found["group"]:
        spaced = f"regexp_replace(reverse({whole}), '([0-9]{{3}})', '\\1{found['group']}', 'g')"
        whole = f"ltrim(reverse({spaced}), '{found['group']}')"
    text = whole if not decimals else f"{whole} || '{found['point']}' || split_part({digits}, '.', 2)"
    signed = f"CASE WHEN {exact} < 0 THEN '-' ELSE '' END || {text}"
    return f"CASE WHEN isfinite({cell}) THEN {signed} END" if family == "float" else signed
