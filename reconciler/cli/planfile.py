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
    """A saved plan as it was read. `shown` is the plan's public JSON; the rest says how it was made."""

    shown: Mapping[str, Any]
    seal: str
    only: tuple[str, ...]
    at: str | None

    @property
    def digest(self) -> str:
        """The digest that was reviewed."""
        return str(self.shown["digest"])

    @property
    def valid_until(self) -> datetime:
        """When the review ends."""
        return datetime.fromisoformat(str(self.shown["valid_until"]))

    @property
    def allow_delete(self) -> int | None:
        """The number of deletes that the reviewer allowed."""
        number = self.shown["permissions"]["allow_delete"]
        return None if number is None else int(number)

    @property
    def acks(self) -> tuple[str, ...]:
        """The guards that the reviewer acknowledged."""
        return tuple(self.shown["permissions"]["acks"])


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
        made_with = content.pop("made_with")
        saved = SavedPlan(shown=content, seal=seal, only=tuple(made_with["only"]), at=made_with["at"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise Stale(say("the plan file is damaged: its seal does not fit"), code="STL002", remedy=say("plan and review again"))
    return saved


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(content).encode()).hexdigest()
