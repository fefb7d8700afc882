"""wolkvox's envelope and the words of its refusals. `code` is an int in some operations and a string in others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

import msgspec

from reconciler.sandbox.exchange import Answer, Ask, Refused, Turn, json_answer

Style = Literal["int", "str"]

ZONE = timezone(timedelta(hours=-5))
NAMES = {400: "BAD REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT FOUND"}
NO_SUCH_API = "THE API YOU WANT TO CONSULT DOES NOT EXIST"
PARAMETERS = "SOME PARAMETERS ARE REQUIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One `api=` of one script. `style` is the type of `code` in its replies."""

    method: str
    script: str
    api: str
    style: Style
    answer: Callable[[Turn, Ask], Answer]
    reads: bool = False


def done(code: int | str | None, msg: str, data: Any = msgspec.UNSET) -> Answer:
    body: dict[str, Any] = {"code": code, "error": None, "msg": msg}
    if data is not msgspec.UNSET:
        body["data"] = data
    return json_answer(body, int(code) if code else 200)


def found(code: int | str, rows: list[dict[str, str]]) -> Answer:
    return done(code, f"{len(rows)} records were found", rows)


def refused(status: int, msg: str, style: Style = "str") -> Answer:
    code = status if style == "int" else str(status)
    return json_answer({"code": code, "error": NAMES[status], "msg": msg}, status)


def bad(msg: str = PARAMETERS) -> Refused:
    return Refused(refused(400, msg))


def missing(msg: str) -> Refused:
    return Refused(refused(404, msg))


def wanted(ask: Ask, name: str) -> str:
    """A query parameter that must be there and not empty."""
    value = ask.query.get(name, "")
    if not value:
        raise bad()
    return value


def json_body(ask: Ask) -> Any:
    try:
        return msgspec.json.decode(ask.body)
    except msgspec.DecodeError as error:
        raise bad("THE BODY IS NOT VALID JSON") from error


def object_body(ask: Ask, *, known: set[str]) -> dict[str, Any]:
    """A JSON object with no other keys than `known`."""
    body = json_body(ask)
    if not isinstance(body, dict) or not set(body) <= known:
        raise bad("INVALID FIELDS")
    return body


def texts(body: dict[str, Any]) -> dict[str, str]:
    """The same object when every value is a string."""
    if not all(isinstance(value, str) for value in body.values()):
        raise bad("INVALID FIELDS")
    return body


def local(moment: datetime) -> str:
    """The moment as the platform prints it: its own clock, GMT-5."""
    return moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def span(turn: Turn, ask: Ask) -> tuple[datetime, datetime]:
    """`date_ini` and `date_end` (YYYYmmddHHiiss, GMT-5) as instants, no further apart than a query may reach."""
    try:
        first, last = (
            datetime.strptime(wanted(ask, name), "%Y%m%d%H%M%S").replace(tzinfo=ZONE).astimezone(UTC)
            for name in ("date_ini", "date_end")
        )
    except ValueError as error:
        raise bad("INVALID DATE FORMAT") from error
    if not timedelta() <= last - first <= timedelta(days=turn.limits["days_per_query"]):
        raise bad("THE DATE RANGE IS NOT VALID")
    return first, last
