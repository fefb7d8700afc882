"""wolkvox as its public pages describe it: one script per subject, the operation in `api=`, everything a string."""

from __future__ import annotations

from typing import Any

import msgspec

from reconciler.sandbox.exchange import Answer, Ask, Refused, Turn, html_answer
from reconciler.sandbox.wolkvox import campaigns, dialling, lists, records
from reconciler.sandbox.wolkvox.wire import NO_SUCH_API, Operation, refused

SKILLS = (("101", "cobranza"), ("102", "ventas"), ("103", "soporte"))
OPERATIONS: dict[tuple[str, str, str], Operation] = {
    (operation.method, operation.script, operation.api): operation
    for operation in (*campaigns.OPERATIONS, *records.OPERATIONS, *lists.OPERATIONS)
}
WORDS = {
    "403-quota": "TOKEN LIMIT EXCEEDED",
    "403-concurrency": "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)",
    "403-token": "PLEASE VALIDATE TOKEN",
    "token-expired": "PLEASE VALIDATE TOKEN",
    "quota-gone": "TOKEN LIMIT EXCEEDED",
    "403-maintenance": "SERVER UNDER MAINTENANCE, APIS ARE DISABLED",
}


class Wolkvox:
    """The dialect. `/api/v2/<script>.php?api=<operation>`, header `wolkvox-token`."""

    platform = "wolkvox"

    def account(self, prefix: str, path: str, body: bytes) -> str:
        del path, body
        return prefix

    def operation(self, ask: Ask) -> str:
        return f"{_script(ask)}.{ask.query.get('api', '')[:40]}"

    def reads(self, ask: Ask) -> bool:
        known = OPERATIONS.get((ask.method, _script(ask), ask.query.get("api", "")))
        return ask.method == "GET" if known is None else known.reads

    def refusal(self, turn: Turn, ask: Ask, credential: str, in_flight: int) -> Answer | None:
        token = ask.headers.get("wolkvox-token", "")
        if not token:
            return refused(401, "PLEASE ENTER THE WOLKVOX-TOKEN", "int")
        if token != credential:
            return refused(403, WORDS["403-token"])
        most = int(turn.limits["calls_in_flight"])
        if in_flight > most:
            return refused(403, f"EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN ({most})")
        if lists.used_today(turn) >= turn.limits["calls_per_day"]:
            return refused(403, WORDS["403-quota"])
        turn.db.execute(
            "INSERT INTO wolkvox_quota (account, token, day, used) VALUES (?, ?, ?, 1) "
            "ON CONFLICT (account, token, day) DO UPDATE SET used = used + 1",
            (turn.account, token, lists.day_of(turn.now)),
        )
        return None

    def answer(self, turn: Turn, ask: Ask) -> Answer:
        script, api = _script(ask), ask.query.get("api", "")
        if not script:
            return html_answer(404, "404 Not Found")
        operation = OPERATIONS.get((ask.method, script, api))
        if operation is None or api in turn.limits["missing_apis"]:
            return refused(400, NO_SUCH_API)
        try:
            return operation.answer(turn, ask)
        except Refused as refusal:
            if operation.style == "str":
                raise
            body: dict[str, Any] = msgspec.json.decode(refusal.answer.body)
            raise Refused(refused(refusal.answer.status, body["msg"], "int")) from refusal

    def ordered(self, turn: Turn, kind: str) -> Answer:
        if kind == "quota-gone":
            turn.db.execute(
                "INSERT OR REPLACE INTO wolkvox_quota (account, token, day, used) VALUES (?, 'others', ?, ?)",
                (turn.account, lists.day_of(turn.now), turn.limits["calls_per_day"]),
            )
        return refused(403, WORDS[kind])

    def due(self, turn: Turn) -> None:
        """What the passing of time alone brings about."""
        dialling.expire(turn)


def _script(ask: Ask) -> str:
    """The script's name without `.php`, or nothing when the path leads nowhere."""
    name = ask.path.removeprefix("/api/v2/")
    known = {operation.script for operation in OPERATIONS.values()}
    return name.removesuffix(".php") if name != ask.path and name.removesuffix(".php") in known else ""
