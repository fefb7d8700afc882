"""Where the chain of a long journal was verified before, so that opening it verifies only what came after.

A checkpoint is sealed with the journal's key, and counts only while its entry is the one that it was made of.
"""

from __future__ import annotations

from reconciler.journal.chain import START
from reconciler.journal.database import Database
from reconciler.journal.tables import Tables


def latest(database: Database, tables: Tables) -> tuple[int, bytes]:
    """Number and hash of the last entry up to which the chain was verified; (0, START) when none was."""
    query = """SELECT c.number, c.hash, c.seal FROM checkpoints c JOIN entries e ON e.number = c.number AND e.hash = c.hash
               ORDER BY c.number DESC"""
    for number, own, seal in database.execute(query):
        if seal == tables.seal(number, own):
            return number, own
    return 0, START


def keep(database: Database, tables: Tables, number: int, own: bytes) -> None:
    """Say that the chain is verified up to that entry; the next opening begins there."""
    database.execute(
        "INSERT INTO checkpoints VALUES (?, ?, ?) "
        "ON CONFLICT (number) DO UPDATE SET hash = excluded.hash, seal = excluded.seal",
        (number, own, tables.seal(number, own)),
    )
