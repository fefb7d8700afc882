"""The sandbox's clock: real time in UTC unless a test freezes, sets or advances it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.sandbox.exchange import iso
from reconciler.sandbox.store import meta, set_meta


def real_now() -> datetime:
    return datetime.now(tz=UTC)


class Clock:
    """Reads the moment from the store, so that a frozen clock survives a restart."""

    def __init__(self, real: Callable[[], datetime] = real_now) -> None:
        self._real = real

    def now(self, db: sqlite3.Connection) -> datetime:
        frozen = meta(db, "clock.frozen")
        if frozen:
            return datetime.fromisoformat(frozen)
        return self._real() + timedelta(seconds=float(meta(db, "clock.offset_s", "0")))

    def turn(self, db: sqlite3.Connection, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out `{real: true} | {set: ISO} | {freeze: true|ISO} | {advance_s: n}`; raises ValueError on others.

        `set` moves a running clock, `freeze` stops it; `advance_s` moves either. The answer says what the clock shows.
        """
        unknown = set(order) - {"real", "set", "freeze", "advance_s"}
        if unknown:
            raise ValueError(f"unknown clock order: {', '.join(sorted(unknown))}")
        if order.get("real"):
            set_meta(db, "clock.frozen", "")
            set_meta(db, "clock.offset_s", "0")
        if "set" in order:
            self._move(db, instant(order["set"]))
        if "freeze" in order:
            until = self.now(db) if order["freeze"] is True else instant(order["freeze"])
            set_meta(db, "clock.frozen", iso(until))
        if "advance_s" in order:
            self._move(db, self.now(db) + timedelta(seconds=float(order["advance_s"])))
        return self.shown(db)

    def shown(self, db: sqlite3.Connection) -> dict[str, Any]:
        return {"now": iso(self.now(db)), "frozen": bool(meta(db, "clock.frozen"))}

    def _move(self, db: sqlite3.Connection, to: datetime) -> None:
        if meta(db, "clock.frozen"):
            set_meta(db, "clock.frozen", iso(to))
        else:
            set_meta(db, "clock.offset_s", str((to - self._real()).total_seconds()))


def instant(text: Any) -> datetime:
    """An ISO 8601 text with an offset as an instant in UTC; raises ValueError on anything else."""
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset, such as 2026-12-01T10:00:00-03:00")
    return moment.astimezone(UTC)
