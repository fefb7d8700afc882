"""The lock as a journal keeps it: the one row of the lease, and what its holder has in hands. The rules are in `lease`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reconciler.catalogue import say
from reconciler.journal.database import Database, unreadable
from reconciler.journal.lease import Claim, Clock, Lease, lost


@dataclass(slots=True, kw_only=True)
class Holding:
    """See `lease.Held`. `lease` is measured by this machine's clocks, whatever the row in the database is measured by."""

    lease: Lease
    claim: Claim
    clock: Clock
    renewed: Callable[[Holding], Lease]

    def left_s(self) -> float:
        """See `lease.Held`."""
        return self.lease.left_s(self.clock())

    def renew(self) -> None:
        """See `lease.Held`."""
        self.lease = self.renewed(self)

    def check(self, now: Lease) -> None:
        """Stale (LCK002) when the lease in the journal is not this one any more."""
        if now.epoch != self.lease.epoch:
            raise lost(now)


def kept_lease(database: Database) -> Lease:
    """The lease as the journal has it, inside a transaction; JournalBroken (JRN003) where it is none."""
    rows = database.execute("SELECT epoch, run, holder, host, reason, since, until, boot, until_clock_s, moved FROM lease")
    if not rows:
        return Lease()
    epoch, run, holder, host, reason, since, until, boot, until_clock_s, moved = rows[0]
    try:
        return Lease(
            epoch=epoch,
            run=run,
            holder=holder,
            host=host,
            reason=reason,
            since=datetime.fromisoformat(since) if since else None,
            until=datetime.fromisoformat(until) if until else None,
            boot=boot,
            until_clock_s=until_clock_s,
            moved=moved,
        )
    except (TypeError, ValueError) as error:
        raise unreadable(database.name, say("its lock is damaged")) from error


def keep_lease(database: Database, lease: Lease) -> None:
    """Put it in the journal, inside a transaction."""
    since = lease.since.isoformat() if lease.since else None
    until = lease.until.isoformat() if lease.until else None
    held = lease.epoch, lease.run, lease.holder, lease.host, lease.reason, since, until, lease.boot, lease.until_clock_s
    database.execute("DELETE FROM lease")
    database.execute("INSERT INTO lease VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*held, lease.moved))
