"""Moving a journal to another place: the same entries, hashes and columns, known to be whole on both sides.

At no moment both are of use, wherever it dies: the copy is made under a lock, the old one is then told that it has moved, and
only after that the lock is lifted. Who finds one of them in between is told how to go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.catalogue import say
from reconciler.errors import JournalBroken, Mistaken
from reconciler.journal.entry import Verified
from reconciler.journal.store import Journal, copy_journal
from reconciler.personal import Secret
from reconciler.project import holds_password
from reconciler.reconcile.carry import claim, new_run
from reconciler.reconcile.session import Session
from reconciler.resource import Origin
from reconciler.target import SecretRef

_FROM_ENVIRONMENT: Final = "env:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy holds. `to` names it in messages, without what is secret."""

    to: str
    entries: int
    head: str


def copy(session: Session, to: str) -> Copied:
    """Copy the project's journal to `to`: a path, a database's URL, or env:NAME where such a URL is.

    Both are verified whole, the old one before and the new one after; from then on the old one refuses all work. Stale while
    somebody applies; JournalBroken where something does not verify; Mistaken where the place is none, or is taken.
    """
    location = _location(session, to)
    source, moving = session.journal, claim(new_run())
    with source.lock(moving, session.moment):
        known = _whole(source)
        name = copy_journal(source, location, session.project.root, moving, session.moment)
        target = session.open_journal(location, expected_id=source.id, create=False)
        found = _whole(target)
        if (found.entries, found.head) != (known.entries, known.head):
            message = say("the copy in {path} is not the journal: another head", path=name)
            raise JournalBroken(message, code="JRN003", remedy=say("remove the copy, and copy again while nobody applies"))
        place = name if "://" in location or Path(location).is_absolute() else location
        source.move(place, moving, session.moment)
    target.arrive(moving.run)
    return Copied(to=place, entries=found.entries, head=found.head)


def _whole(journal: Journal) -> Verified:
    verified = journal.verify()
    if verified.broken:
        remedy = say("restore the journal from a copy; nothing is sent without it")
        raise JournalBroken(verified.why, code="JRN003", remedy=remedy, place=str(verified.broken))
    return verified


def _location(session: Session, to: str) -> str:
    if to.startswith(_FROM_ENVIRONMENT):
        reference = SecretRef(env=to.removeprefix(_FROM_ENVIRONMENT), origin=Origin("TO"))
        secret: Secret = reference.resolve(session.world.environ, session.project.root)
        return secret.reveal()
    if holds_password(to):
        message = say("a password may not stand in a command")
        raise Mistaken(message, code="SEC001", remedy=say("give env:NAME, or PGPASSWORD; and change it: it is known now"))
    return to
