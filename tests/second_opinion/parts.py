"""Requests and answers as the second reading of the pages sees them, and how it says that something was not by the letter."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request. `query` keeps every pair, so that a parameter given twice is seen."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    def below(self, prefix: str) -> Asked:
        """The same request without the platform's prefix."""
        return Asked(self.method, self.path.removeprefix(f"/{prefix}"), self.query, self.headers, self.body)

    @property
    def type(self) -> str:
        """The media type of the body, without parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip()

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Answer:
    """What goes back. Anything but bytes is sent as JSON."""

    status: int = 200
    body: Any = b""
    type: str = "application/json"


class WrongError(Exception):
    """A request that the pages do not allow."""


@dataclass
class Strict:
    """What was not by the letter."""

    complaints: list[str] = field(default_factory=list)

    def want(self, truth: object, words: str) -> None:
        """Keep a complaint, and refuse the request, unless `truth`."""
        if not truth:
            self.complaints.append(words)
            raise WrongError(words)


def all_text(value: Any) -> bool:
    """Whether every value in an object or list of objects is text."""
    if isinstance(value, dict):
        return all(all_text(one) for one in value.values())
    if isinstance(value, list):
        return all(all_text(one) for one in value)
    return isinstance(value, str)
