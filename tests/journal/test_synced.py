"""How a commit reaches the disk: waited for where it counts, and where it does not, at least safe from a kill."""

from __future__ import annotations

from reconciler.journal.entry import Event
from reconciler.resource import Action
from tests.journal.histories import call
from tests.journal.places import File, journal_at

NORMAL, FULL = 1, 2  # PRAGMA synchronous


def test_only_what_may_be_lost_with_the_power_is_not_waited_for(file: File) -> None:
    with journal_at(file) as journal:
        connection = vars(vars(journal)["_database"])["_connection"]

        def waited() -> int:
            return int(connection.execute("PRAGMA synchronous").fetchone()[0])

        journal.append(call(Event.INTENT, "op", Action.ROWS_ADD))
        assert waited() == FULL
        journal.append_all([call(Event.ACKED, "op", Action.ROWS_ADD)], synced=False)
        assert waited() == NORMAL
        journal.append_all([call(Event.VERIFIED, "op", Action.ROWS_ADD)])
        assert waited() == FULL
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
