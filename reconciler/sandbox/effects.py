"""The log of effects: one entry for each call or message that a person would have got. Tests read it as the truth.

What counts (the `what` of an entry):
- `call`: a wolkvox record that its started campaign may dial, once; a row of an activated uContact voice base;
- `sms`, `email`, `whatsapp`: a message handed to the network;
- `scheduled_sms`: accepted by a scheduler that has no way to take it back; `due` says for when;
- `upload`: a file whose content only the vendor understands (Lynn's .cpg); `recipient` is its SHA-256.

`container` is the name of the campaign or dialer, `container_id` its id where the platform has one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.exchange import Turn, iso

COLUMNS = ("seq", "at", "platform", "account", "container", "container_id", "recipient", "what", "text", "key", "due")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One person reached, or about to be."""

    container: str
    recipient: str
    what: str
    container_id: str = ""
    text: str = ""
    key: str = ""
    due: str = ""


def log(turn: Turn, reached: Iterable[Reached]) -> None:
    at = iso(turn.now)
    turn.db.executemany(
        "INSERT INTO effect (at, platform, account, container, container_id, recipient, what, text, key, due) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (at, turn.platform, turn.account, r.container, r.container_id, r.recipient, r.what, r.text, r.key, r.due)
            for r in reached
        ],
    )


def listed(db: sqlite3.Connection, *, after: int = 0, account: str = "", what: str = "", last: int = 0) -> list[dict[str, Any]]:
    """Entries with a number above `after`, oldest first; `last` keeps only that many of the newest."""
    query = f"SELECT {', '.join(COLUMNS)} FROM effect WHERE seq > ?"
    values: list[Any] = [after]
    for column, wished in (("account", account), ("what", what)):
        if wished:
            query += f" AND {column} = ?"
            values.append(wished)
    if last:
        query = f"SELECT * FROM ({query} ORDER BY seq DESC LIMIT ?) ORDER BY seq"
        values.append(last)
    else:
        query += " ORDER BY seq"
    return [dict(zip(COLUMNS, row, strict=True)) for row in db.execute(query, values)]
