"""The journal as evidence: what was done, when, by which run, and proof that nobody changed the record since.

The journal itself holds no phone number, name or text; what a platform said is masked here all the same, since its words
are its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import rfc8785

from reconciler.journal import chain
from reconciler.journal.entry import Stored, Verified
from reconciler.journal.store import Journal
from reconciler.personal import mask_text

# Long digits that belong to nobody: instants, digests, and the ids of campaigns and tasks.
_HARMLESS_TEXT: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?|[0-9a-f]{32,}")
_HARMLESS_NAMES: Final = frozenset({"id", "campaign_id", "task_id", "container", "tool"})


def log(journal: Journal, run: str = "", address: str = "") -> Iterator[dict[str, Any]]:
    """Entries as JSON-ready values, oldest first, of a run or of addresses (a shell-style pattern) where one is given.

    An entry that names no address belongs to the address of its operation. JournalBroken at an entry that does not verify.
    """
    operations: set[str] = set()
    for stored in journal.entries(run):
        entry = stored.entry
        if address and entry.address and entry.address.matches(address):
            operations.add(entry.operation)
        elif address and (entry.address or not entry.operation or entry.operation not in operations):
            continue
        yield _line(stored)


def export(journal: Journal) -> Iterator[str]:
    """The journal as JSON lines from which anybody can verify the chain without this program.

    `hash` is SHA-256 over the 32 bytes of `previous` and `entry` as RFC 8785 canonical JSON.
    """
    for stored in journal.entries():
        line: dict[str, Any] = {"previous": stored.previous, "hash": stored.hash, "entry": chain.content(stored)}
        yield rfc8785.dumps(line).decode()


def verify(journal: Journal) -> Verified:
    """Check the whole chain and everything bound to it."""
    return journal.verify()


def _line(stored: Stored) -> dict[str, Any]:
    entry = stored.entry
    return {
        "number": stored.number,
        "at": entry.at.isoformat(),
        "event": entry.event.value,
        "run": entry.run,
        "address": str(entry.address) if entry.address else None,
        "action": entry.action.value if entry.action else None,
        "operation": entry.operation,
        "call": entry.call,
        "container": entry.container,
        "generation": entry.generation,
        "count": entry.count,
        "facts": _masked(entry.facts),
        "hash": stored.hash,
    }


def _masked(value: Any) -> Any:
    """`value` with every text masked that could hold a number of a person's."""
    if isinstance(value, Mapping):
        return {name: item if name in _HARMLESS_NAMES else _masked(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    if isinstance(value, str) and not _HARMLESS_TEXT.fullmatch(value):
        return mask_text(value)
    return value
