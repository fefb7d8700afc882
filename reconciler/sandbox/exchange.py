"""One call to a simulated platform, as values: what was asked, what is answered, and what an answer may touch.

Dialects are plain functions over these values, so that a call can be answered now, later (a late effect), or against an
older copy of the state (a stale read), without any of them knowing which.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

JSON_TYPE = "application/json; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it arrived; `path` begins after the account's prefix, header names are lower case."""

    platform: str
    account: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back on the wire."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    retry_after_s: int = 0


class Refused(Exception):
    """Raised by a dialect to answer at once and undo whatever the call had begun to change."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one call may see and change while it is being answered.

    `share` is set by the fault `partial`: the part (0 to 1) of a bulk write that takes effect; `honest` says whether the
    answer admits it. `fails` is set by the fault `task-failed`: the background task that this call begins comes to nothing.
    """

    db: sqlite3.Connection
    now: datetime
    platform: str
    account: str
    limits: Mapping[str, Any]
    share: float | None = None
    honest: bool = False
    fails: bool = False

    def taken(self, rows: int) -> int:
        """How many of `rows` a bulk write stores: all, unless a fault ordered a part."""
        return rows if self.share is None else int(rows * self.share)

    def told(self, rows: int, stored: int) -> int:
        """How many of `rows` the answer claims were stored."""
        return stored if self.share is None or self.honest else rows


class Dialect(Protocol):
    """One vendor's way of speaking."""

    platform: str

    def account(self, prefix: str, path: str, body: bytes) -> str:
        """The account a call belongs to, from its url prefix and path (Lynn's login: from the tenant in its body)."""

    def operation(self, ask: Ask) -> str:
        """The name under which calls are logged and faults are matched."""

    def reads(self, ask: Ask) -> bool:
        """Whether the call leaves the platform's content as it is (a session counts as a read)."""

    def refusal(self, turn: Turn, ask: Ask, credential: str, in_flight: int) -> Answer | None:
        """The vendor's refusal of credentials, quota or concurrency, or None when the call may go on."""

    def answer(self, turn: Turn, ask: Ask) -> Answer:
        """Carry the call out."""

    def due(self, turn: Turn) -> None:
        """Bring about what the passing of time alone does: tasks end, windows open, blocks expire."""

    def ordered(self, turn: Turn, kind: str) -> Answer:
        """The vendor's own words for a refusal that a fault orders (`faults.REFUSALS`)."""


def json_answer(value: Any, status: int = 200) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(value))


def text_answer(text: str, status: int = 200) -> Answer:
    return Answer(status=status, body=text.encode(), content_type=TEXT_TYPE)


def html_answer(status: int, title: str) -> Answer:
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status=status, body=page.encode(), content_type=HTML_TYPE)


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
