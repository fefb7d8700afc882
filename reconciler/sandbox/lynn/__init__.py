"""Lynn's outbound interface. The vendor names the methods and prints two urls; the rest are the project's assumptions."""

from __future__ import annotations

import msgspec

from reconciler.sandbox.exchange import Answer, Ask, Refused, Turn, html_answer, json_answer
from reconciler.sandbox.lynn import campaigns, contacts, rows
from reconciler.sandbox.lynn.tasks import finish_due
from reconciler.sandbox.lynn.wire import Method, new_id, object_body

METHODS: dict[str, Method] = campaigns.METHODS | contacts.METHODS | rows.METHODS
LOGIN = "/api/LynnService/CreateToken"


def _parts(path: str) -> tuple[str, str, str]:
    """Method, tenant and id of `/api/LynnService/<method>/<tenant>[/<id>]`."""
    method, _, rest = path.removeprefix("/api/LynnService/").partition("/")
    tenant, _, id_ = rest.partition("/")
    return method, tenant, id_


class Lynn:
    """The dialect. An account is a tenant: `lynn/1234`."""

    platform = "lynn"

    def account(self, prefix: str, path: str, body: bytes) -> str:
        tenant = _parts(path)[1]
        if path == LOGIN:
            try:
                tenant = str(msgspec.json.decode(body, type=dict[str, object]).get("tenant"))
            except msgspec.DecodeError:
                tenant = ""
        return f"{prefix}/{tenant}" if tenant.isascii() and tenant.isdigit() and len(tenant) < 10 else prefix

    def operation(self, ask: Ask) -> str:
        return _parts(ask.path)[0][:40]

    def reads(self, ask: Ask) -> bool:
        name = _parts(ask.path)[0]
        return name == "CreateToken" or (METHODS[name].reads if name in METHODS else ask.method == "GET")

    def refusal(self, turn: Turn, ask: Ask, credential: str, in_flight: int) -> Answer | None:
        del in_flight
        if ask.path == LOGIN and ask.method == "POST":
            return self._token(turn, ask, credential)
        scheme, _, token = ask.headers.get("authorization", "").partition(" ")
        known = turn.db.execute(
            "SELECT 1 FROM lynn_token WHERE token = ? AND account = ? AND expired = 0", (token.strip(), turn.account)
        ).fetchone()
        return None if scheme.lower() == "bearer" and known else Answer(status=401, content_type="")

    def _token(self, turn: Turn, ask: Ask, credential: str) -> Answer:
        """CreateToken, which needs no session and is open to any numeric tenant with the right credentials."""
        try:
            body = object_body(ask)
        except Refused as refusal:
            return refusal.answer
        right = body.get("accessToken") == body.get("accessTokenSecret") == credential
        if not right or type(body.get("tenant")) is not int or "/" not in turn.account:
            return Answer(status=401, content_type="")
        token = f"sandbox-{new_id(turn, 'token')}"
        turn.db.execute("INSERT INTO lynn_token (token, account, expired) VALUES (?, ?, 0)", (token, turn.account))
        return json_answer({"token": token})

    def answer(self, turn: Turn, ask: Ask) -> Answer:
        name, _, id_ = _parts(ask.path)
        method = METHODS.get(name)
        if method is None or method.verb != ask.method or method.by_id != bool(id_):
            return html_answer(404, "404 - File or directory not found.")
        return method.answer(turn, ask, id_)

    def due(self, turn: Turn) -> None:
        """Tasks that nobody polls end, and campaigns whose dates have come send what waits in them."""
        finish_due(turn)
        for (campaign,) in turn.db.execute(
            "SELECT id FROM lynn_campaign WHERE account = ? AND mode = 'Scheduled'", (turn.account,)
        ).fetchall():
            campaigns.send_ready(turn, campaign)

    def ordered(self, turn: Turn, kind: str) -> Answer:
        if kind == "token-expired":
            turn.db.execute("UPDATE lynn_token SET expired = 1 WHERE account = ?", (turn.account,))
        if kind in ("token-expired", "403-token"):
            return Answer(status=401, content_type="")
        words = {"403-maintenance": "The service is under maintenance."}
        return json_answer({"message": words.get(kind, "Rate limit is exceeded.")}, 403)
