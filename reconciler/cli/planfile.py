"""Saved plans: the plan's own JSON with a seal over every byte, so that what is applied is what was reviewed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.errors import Mistaken, Stale

SEAL: Final = "seal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A saved plan as it was read. `shown` is the plan's public JSON; `only` and `at` say how it was made.

    `allow_delete` and `acks` are what the reviewer allowed; `valid_until` is when the review ends.
    """

    shown: Mapping[str, Any]
    seal: str
    digest: str
    valid_until: datetime
    allow_delete: int | None
    acks: tuple[str, ...]
    only: tuple[str, ...]
    at: str | None


def sealed(plan: Mapping[str, Any], *, only: Sequence[str], at: str | None) -> str:
    """The file's text: the plan, how it was made, and a seal over both."""
    content = {**plan, "made_with": {"only": list(only), "at": at}}
    return _text({**content, SEAL: _seal(content)})


def read_plan(path: Path) -> SavedPlan:
    """A saved plan; Stale (STL002) when a byte of it is not as it was written."""
    try:
        data = path.read_bytes()
    except OSError:
        raise Mistaken(
            say("there is no plan at {path}", path=path), code="PTH002", remedy=say("run 'reconciler plan --out FILE'")
        ) from None
    try:
        content = json.loads(data)
        seal = content.pop(SEAL)
        whole = _seal(content) == seal and _text({**content, SEAL: seal}).encode() == data
        saved = _saved(content, seal)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise Stale(say("the plan file is damaged: its seal does not fit"), code="STL002", remedy=say("plan and review again"))
    return saved


def _saved(content: dict[str, Any], seal: str) -> SavedPlan:
    made_with, permissions = content.pop("made_with"), content["permissions"]
    valid_until = datetime.fromisoformat(content["valid_until"])
    if valid_until.tzinfo is None:
        raise ValueError("a time without an offset")
    return SavedPlan(
        shown=content,
        seal=seal,
        digest=str(content["digest"]),
        valid_until=valid_until,
        allow_delete=None if permissions["allow_delete"] is None else int(permissions["allow_delete"]),
        acks=tuple(permissions["acks"]),
        only=tuple(made_with["only"]),
        at=made_with["at"],
    )


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(content).encode()).hexdigest()
