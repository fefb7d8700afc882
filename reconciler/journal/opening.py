"""Opening a journal: laid out or migrated, known to be the project's own, verified, and told what an emergency file kept."""

from __future__ import annotations

import hmac
import secrets
import uuid
from datetime import datetime
from pathlib import Path
from typing import Final

from reconciler import __version__
from reconciler.catalogue import say
from reconciler.errors import JournalBroken
from reconciler.journal import chain, reading
from reconciler.journal.chain import Break
from reconciler.journal.database import Database, explained
from reconciler.journal.emergency import left_in, take_emergency
from reconciler.journal.entry import NO_COLUMNS, Entry, Event
from reconciler.journal.layout import VERSION, migrate, version
from reconciler.journal.lease import held
from reconciler.journal.ledger import Ledger
from reconciler.journal.locks import kept_lease
from reconciler.journal.tables import Tables

_FIRST: Final = 1


def may_begin(name: str, emergency: Path, *, expected_id: str, create: bool) -> None:
    """JournalBroken (JRN001) unless a new journal may be made where there is none: whatever hints at a lost one forbids it."""
    remedy = say("restore the journal from a copy; without its memory people would be contacted again")
    if expected_id:
        message = say("the journal {location} is missing; the project names one of id {id}", location=name, id=expected_id)
        raise JournalBroken(message, code="JRN001", remedy=remedy)
    if not create:
        raise JournalBroken(say("there is no journal at {location}", location=name), code="JRN001", remedy=remedy)
    for file in left_in(emergency)[:1]:
        message = say("the journal {location} is missing, and an emergency file is there: {file}", location=name, file=file)
        remedy = say("restore the journal; or, when the file is of another project's, run that one first: it takes it in")
        raise JournalBroken(message, code="JRN001", remedy=remedy)


def open_ledger(
    database: Database, *, expected_id: str, key: bytes | None, now: datetime, create: bool, evidence: bool
) -> Ledger:
    """The journal in a database; see `store.open_journal`. What is not opened is closed."""
    try:
        fresh = _lay_out(database, expected_id=expected_id, key=key, now=now, create=create)
        with explained(database.name), database.reading():
            identity, used = _recognise(database, expected_id, key)
            here = _lies_here(database, evidence=evidence)
        ledger = Ledger(database, identity=identity, key=used, fresh=fresh)
        if here:  # else what is beside it may be the copy's, which has the same id
            take_emergency(ledger.emergency, ledger.append_late)
    except BaseException:
        database.close()
        raise
    return ledger


def _lies_here(database: Database, *, evidence: bool) -> bool:
    """Whether the journal has not moved; JournalBroken (JRN008) where it has, and is to be more than evidence."""
    lease = kept_lease(database)
    if lease.moved and not evidence:
        raise held(lease)
    return not lease.moved


def _lay_out(database: Database, *, expected_id: str, key: bytes | None, now: datetime, create: bool) -> bool:
    """Lay out an empty database as a new journal, or bring an older layout up to date; whether the journal is new."""
    with database.reading():
        if version(database) == VERSION:
            return False
    with database.writing():
        taken = version(database)  # another process may have been faster
        if not taken and (expected_id or not create):
            message = say("the journal {path} is empty", path=database.name)
            raise JournalBroken(message, code="JRN003", remedy=say("restore the journal from a copy"))
        migrate(database, taken)
        if not taken:
            _begin(database, key, now)
    return not taken


def _begin(database: Database, key: bytes | None, now: datetime) -> None:
    """Write the first entry; the key is kept beside it unless it is kept elsewhere."""
    used = key or secrets.token_bytes(chain.KEY_BYTES)
    if key is None:
        database.execute("INSERT INTO key VALUES (?)", (used,))
    facts = {"id": uuid.uuid4().hex, "schema": VERSION, "key_check": chain.key_check(used), "tool": __version__}
    body, stored = chain.write(_FIRST, chain.START, Entry(event=Event.GENESIS, at=now, facts=facts), NO_COLUMNS)
    own = bytes.fromhex(stored.hash)
    database.execute("INSERT INTO entries VALUES (?, ?, ?)", (_FIRST, body, own))
    tables = Tables(database, used)
    tables.save(_FIRST, own)
    tables.mark(_FIRST, own)


def _recognise(database: Database, expected_id: str, key: bytes | None) -> tuple[str, bytes]:
    """The id and the key, once both are known to be the journal's own."""
    first = database.execute("SELECT body, hash FROM entries WHERE number = ?", (_FIRST,))
    if not first:
        raise Break(_FIRST, say("it is missing"))
    genesis = reading.stored(_FIRST, None, *first[0]).entry
    name, check = str(genesis.facts.get("id", "")), str(genesis.facts.get("key_check", ""))
    remedy = say("name the right journal and key in reconciler.yaml, or restore the journal that it names")
    if expected_id not in ("", name):
        message = say(
            "the journal {path} has the id {id}, the project names {expected}",
            path=database.name,
            id=name,
            expected=expected_id,
        )
        raise JournalBroken(message, code="JRN002", remedy=remedy)
    kept = database.execute("SELECT value FROM key")
    if key is None and not kept:
        message = say("the key of the journal {path} is kept outside it, and none was given", path=database.name)
        raise JournalBroken(message, code="JRN002", remedy=say("set `journal_key` in reconciler.yaml"))
    used = key if key is not None else kept[0][0]
    if not isinstance(used, bytes) or not hmac.compare_digest(chain.key_check(used), check):
        if key is None:
            raise Break(_FIRST, say("the key beside it is not the one that it was made with"))
        message = say("the key given is not the one of the journal {path}", path=database.name)
        raise JournalBroken(message, code="JRN002", remedy=remedy)
    return name, used
