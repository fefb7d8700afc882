"""Copying a journal from one database to another, byte for byte, so that ids, hashes and the chain stay what they are."""

from __future__ import annotations

from reconciler.catalogue import say
from reconciler.errors import Mistaken
from reconciler.journal.database import Database
from reconciler.journal.layout import migrate, version
from reconciler.journal.lease import Lease
from reconciler.journal.locks import keep_lease
from reconciler.journal.noted import Row
from reconciler.journal.reading import COLUMNS_MAX

_PAGE = """SELECT e.number, e.body, e.hash, c.number, c.recipients, c.persons, c.contents
           FROM entries e LEFT JOIN columns c ON c.number = e.number WHERE e.number > ? ORDER BY e.number LIMIT ?"""


def copy(source: Database, target: Database, lock: Lease) -> None:
    """Put every entry with its columns, and the key, into `target`, all or nothing; Mistaken (JRN006) where something is.

    Nobody may append to `source` meanwhile. The copy lies under `lock` from its first moment: nobody sends by two journals.
    What is derived is derived anew when the copy is opened.
    """
    with target.writing():
        if version(target):
            message = say("{path} holds a journal already", path=target.name)
            raise Mistaken(message, code="JRN006", remedy=say("name a place where nothing is"))
        migrate(target, 0)
        with source.reading():
            keys = source.execute("SELECT value FROM key")
        for key in keys:
            target.execute("INSERT INTO key VALUES (?)", key)
        last = 0
        while page := _page(source, last):
            for row in page:
                target.execute("INSERT INTO entries VALUES (?, ?, ?)", row[:3])
                if row[3] is not None:
                    target.execute("INSERT INTO columns VALUES (?, ?, ?, ?)", row[3:])
            last = page[-1][0]
        keep_lease(target, lock)


def _page(source: Database, after: int) -> list[Row]:
    """The next entries after one, each with its columns."""
    with source.reading():
        return source.execute(_PAGE, (after, COLUMNS_MAX))
