"""How entries are written and bound to each other, so that a changed, removed or inserted one shows.

An entry's hash is SHA-256 over the 32 bytes of the hash before it (zeros before the first) and the entry as RFC 8785
canonical JSON. That JSON holds the entry's number and the digests of its columns; the store keeps exactly these bytes, so
that checking needs no second serialisation.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.journal import canonical
from reconciler.journal.entry import HMAC_BYTES, NO_COLUMNS, Columns, Entry, Event, Stored
from reconciler.resource import Action, Address

START: Final = bytes(32)
KEY_BYTES: Final = 32


class Break(Exception):
    """The chain does not hold at entry `number` (0: whoever read it knows which); `why` is fit for a person."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number
        self.why = why


def key_check(key: bytes) -> str:
    """What the first entry keeps of the key, in hex: enough to know the key again, and nothing to learn it from."""
    return hmac.digest(key, b"check", "sha256").hex()


def link(previous: bytes, body: bytes) -> bytes:
    """The hash of an entry of that body after an entry of that hash."""
    return hashlib.sha256(previous + body).digest()


def digests(columns: Columns) -> dict[str, str]:
    """SHA-256, in hex, of each column that holds something."""
    return {name: hashlib.sha256(packed).hexdigest() for name, packed in columns.by_name().items()}


def write(number: int, previous: bytes, entry: Entry, columns: Columns) -> tuple[bytes, Stored]:
    """The canonical JSON of an entry that follows the hash `previous`, and the entry as reading that JSON would give it.

    What stands at its default is left out. ValueError or TypeError for what no caller may ask: a time without an offset, an
    intent that does not say what of which operation and address, a NUL in a name, a column that is not whole 16-byte
    values, facts that JSON does not know (a `Secret` above all).
    """
    bound = {} if columns is NO_COLUMNS else digests(columns)
    if bound and any(len(packed) % HMAC_BYTES for packed in columns.by_name().values()):
        raise ValueError(f"columns hold packed values of {HMAC_BYTES} bytes")
    data = _content(number, entry, bound)
    body = canonical.dumps(data)
    own = link(previous, body)
    read = _as_read(entry, data, body)
    return body, Stored(number=number, entry=read, previous=previous.hex(), hash=own.hex(), digests=bound)


def content(stored: Stored) -> dict[str, Any]:
    """What the hash of a stored entry covers beside the hash before it, as plain values."""
    return _content(stored.number, stored.entry, stored.digests)


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry as plain values."""
    if entry.at.tzinfo is None:
        raise ValueError("the time of an entry needs an offset")
    if entry.event is Event.INTENT and not (entry.operation and entry.address and entry.action):
        raise ValueError("an intent names its operation, address and action")
    address = str(entry.address) if entry.address else ""
    if "\0" in f"{entry.run}{entry.operation}{address}{entry.call}{entry.container}":
        raise ValueError("no name holds a NUL: not every database can keep it")
    optional = {
        "run": entry.run,
        "operation": entry.operation,
        "address": address,
        "action": entry.action.value if entry.action else "",
        "call": entry.call,
        "container": entry.container,
        "count": entry.count,
        "boot": entry.boot,
        "clock_s": entry.clock_s,
        "facts": entry.facts,
    }
    data: dict[str, Any] = {"event": entry.event.value, "at": entry.at.isoformat()}
    data |= {name: canonical.plain(value) for name, value in optional.items() if value}
    if entry.generation != 1:
        data["generation"] = entry.generation
    return data


def entry_from(data: Mapping[str, Any]) -> Entry:
    """The inverse of `entry_json`; KeyError, TypeError or ValueError when `data` is no entry of ours."""
    return Entry(
        event=Event(data["event"]),
        at=datetime.fromisoformat(data["at"]),
        run=data.get("run", ""),
        operation=data.get("operation", ""),
        address=Address.parse(data["address"]) if "address" in data else None,
        action=Action(data["action"]) if "action" in data else None,
        call=data.get("call", ""),
        container=data.get("container", ""),
        generation=data.get("generation", 1),
        count=data.get("count", 0),
        boot=data.get("boot", ""),
        clock_s=float(data.get("clock_s", 0.0)),
        facts=data.get("facts", {}),
    )


def _as_read(entry: Entry, data: Mapping[str, Any], body: bytes) -> Entry:
    """The entry that `data` and `body` were made of, as `entry_from` would give it again: mostly as it is."""
    if body.isascii() and data.get("facts", entry.facts) is entry.facts:
        return entry
    return Entry(
        event=entry.event,
        at=entry.at,
        run=data.get("run", ""),
        operation=data.get("operation", ""),
        address=Address.parse(data["address"]) if entry.address else None,
        action=entry.action,
        call=data.get("call", ""),
        container=data.get("container", ""),
        generation=entry.generation,
        count=entry.count,
        boot=data.get("boot", ""),
        clock_s=entry.clock_s,
        facts=data.get("facts", {}),
    )


def read(previous: bytes, body: bytes, own: bytes) -> Stored:
    """An entry from its stored form; Break when its hash does not hold or its content is not known to this version."""
    if link(previous, body) != own:
        raise Break(0, say("its hash does not agree with its content"))
    try:
        data = json.loads(body)
        number, entry = int(data["number"]), entry_from(data)
    except (KeyError, TypeError, ValueError) as error:
        raise Break(0, say("its content is not known to this version")) from error
    return Stored(number=number, entry=entry, previous=previous.hex(), hash=own.hex(), digests=data.get("columns", {}))


def _content(number: int, entry: Entry, bound: Mapping[str, str]) -> dict[str, Any]:
    data = {"number": number, **entry_json(entry)}
    if bound:
        data["columns"] = dict(bound)
    return data
