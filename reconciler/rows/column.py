"""In which column of a csv file something is wrong, once its line is known. Looked for only when the file is refused.

A column is told by its number: a header may be a row of people, and its names are not always shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from reconciler.rows.packing import BROKEN
from reconciler.rows.places import Place

CSV_LINE_MAX_BYTES: Final = 2_000_000

Offset = Callable[[bytes], int]
"""Where in a line, from 0, something is wrong; -1 for nowhere."""


def column_of(place: Place, line: int, delimiter: str, wrong: Offset) -> int:
    """The column, from 1, in which `wrong` finds something in a line of the file, or the first whose quotes are wrong; 0 where
    it cannot be told: the line begins inside of quotes, or the file cannot be read.
    """
    if place.form != "csv" or not line:
        return 0
    quotes = 0
    try:
        with place.open() as file:
            for number, text in enumerate(iter(lambda: file.readline(CSV_LINE_MAX_BYTES), b""), 1):
                if number == line:
                    at = wrong(text)
                    return 0 if quotes % 2 or at < 0 else _column_at(text, delimiter, at)
                quotes += text.count(b'"')
    except BROKEN:
        return 0
    return 0


def nul(text: bytes) -> int:
    """The place of a NUL byte."""
    return text.find(b"\0")


def undecodable(encoding: str) -> Offset:
    """The place of the first byte that an encoding does not have."""

    def wrong(text: bytes) -> int:
        try:
            text.decode(encoding)
        except UnicodeDecodeError as broken:
            return broken.start
        return -1

    return wrong


def last(text: bytes) -> int:
    """The place of the last byte."""
    return len(text) - 1


def _column_at(text: bytes, delimiter: str, at: int) -> int:
    between = re.escape(delimiter.encode())
    # The patterns give nothing back, so that a long line takes no longer than its bytes.
    quoted, plain = rb'"[^"]*+(?:""[^"]*+)*+"', rb'(?!")[^' + between + rb"\r\n]*+"
    cell = re.compile(b"(?:%b|%b)(?:(%b)|\r\n?|\n|$)" % (quoted, plain, between))
    column, start = 1, 0
    while (found := cell.match(text, start)) and found.end() <= at:
        column, start = (column + 1 if found[1] else 1), found.end()
    return column
