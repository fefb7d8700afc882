"""What Lynn's methods share: bodies, ids, refusals. JSON in camelCase, ids are GUIDs, dates ISO 8601 with offset."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from reconciler.sandbox.exchange import Answer, Ask, Refused, Turn, json_answer
from reconciler.sandbox.store import next_number

NAMESPACE = uuid.UUID("6c796e6e-0000-4000-8000-73616e64626f")


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method name. `by_id` says whether the url ends with an id after the tenant."""

    verb: str
    answer: Callable[[Turn, Ask, str], Answer]
    by_id: bool = False
    reads: bool = False


def problem(status: int, message: str) -> Refused:
    return Refused(json_answer({"message": message}, status))


def new_id(turn: Turn, kind: str) -> str:
    """A GUID that is the same in every run that does the same."""
    return str(uuid.uuid5(NAMESPACE, f"{turn.account}/{kind}/{next_number(turn.db, turn.account, kind)}"))


def object_body(ask: Ask) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(ask.body)
    except msgspec.DecodeError as error:
        raise problem(400, "The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise problem(400, "The body must be an object.")
    return body


def moment(value: Any, name: str) -> str | None:
    """An ISO 8601 instant as it was sent, None when it is absent."""
    if value in (None, ""):
        return None
    try:
        known = datetime.fromisoformat(str(value)).tzinfo is not None
    except ValueError:
        known = False
    if not known:
        raise problem(400, f"{name} must be an ISO 8601 date with an offset.")
    return str(value)
