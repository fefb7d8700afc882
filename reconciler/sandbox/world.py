"""The simulated world: every call and every order of the control interface passes through here, one at a time.

A platform call takes this way: what time alone brings about → faults that strike before → the vendor's credentials and
quota → the dialect, inside a savepoint → faults that strike after → the log of calls.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import msgspec

from reconciler.sandbox import drift, effects, faults, seeds
from reconciler.sandbox.clock import Clock, real_now
from reconciler.sandbox.exchange import Answer, Ask, Dialect, Refused, Turn, html_answer, iso, text_answer
from reconciler.sandbox.limits import checked
from reconciler.sandbox.lynn import Lynn
from reconciler.sandbox.store import TABLES, Store, ensure_account, limits_of, set_limits
from reconciler.sandbox.ucontact import Ucontact
from reconciler.sandbox.wolkvox import Wolkvox

DIALECTS: MappingProxyType[str, Dialect] = MappingProxyType(
    {dialect.platform: dialect for dialect in (Wolkvox(), Lynn(), Ucontact())}
)
CREDENTIAL = "sandbox"  # the token, secret and password of every account unless another is given
CALL_COLUMNS = ("seq", "at", "platform", "account", "method", "path", "operation", "status", "fault")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the wire shall do: answer (or close the connection, when None) after `wait_s` seconds."""

    answer: Answer | None
    wait_s: float = 0.0


def platform_of(account: str) -> str:
    """`wolkvox-2` and `lynn/1234` belong to wolkvox and lynn; raises ValueError on anything else."""
    name = account.partition("/")[0].partition("-")[0]
    if name not in DIALECTS:
        raise ValueError(f"unknown account {account!r}: it begins with {', '.join(DIALECTS)}")
    return name


class World:
    """The three platforms, their clock, faults and logs, over one store."""

    def __init__(self, store: Store, *, token: str = CREDENTIAL, real: Callable[[], datetime] = real_now) -> None:
        self.store = store
        self.token = token
        self.clock = Clock(real)
        self.resets = 0  # calls that were in flight before one are no longer anybody's
        self._stale: dict[int, Store] = {}
        with store.transaction() as db:
            fresh = db.execute("SELECT count(*) FROM account").fetchone()[0] == 0
            if fresh:
                seeds.standard(self._turn_maker(db))

    # --- calls to the platforms

    def account_of(self, platform: str, prefix: str, path: str, body: bytes) -> str:
        """The account that a call belongs to."""
        return DIALECTS[platform].account(prefix, path, body)

    def take(self, ask: Ask, in_flight: int = 1) -> Outcome:
        """Answer one call to a platform, whatever happens to it on the way."""
        dialect = DIALECTS[ask.platform]
        operation, reads = dialect.operation(ask), dialect.reads(ask)
        with self.store.transaction() as db:
            turn = self._turn(db, ask.platform, ask.account)
            self._due(db)
            strikes = faults.draw(db, platform=ask.platform, account=ask.account, operation=operation, reads=reads)
            slow = next((one for one in strikes if one.kind == "slow"), None)
            strike = next((one for one in strikes if one.kind != "slow"), None)
            answer = self._answer(turn, ask, strike, in_flight)
            self._count_down(db, ask.account)
            db.execute(
                "INSERT INTO call (at, platform, account, method, path, operation, status, fault) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    iso(turn.now), ask.platform, ask.account, ask.method, ask.path[:200], operation,
                    answer.status if answer else None, ",".join(one.kind for one in strikes),
                ),
            )  # fmt: skip
        wait_s = float(slow.details.get("ms", 1000)) / 1000 if slow else 0.0
        return Outcome(answer=answer, wait_s=wait_s)

    def _answer(self, turn: Turn, ask: Ask, strike: faults.Strike | None, in_flight: int) -> Answer | None:
        dialect = DIALECTS[ask.platform]
        if strike is not None and strike.stage == "before":
            return _before(dialect, turn, strike)
        refusal = dialect.refusal(turn, ask, self.token, in_flight)
        if refusal is not None:
            return refusal if strike is None else _after(refusal, strike)
        match strike.kind if strike else "":
            case "late":
                self._postpone(turn, ask, strike)
                return None
            case "partial":
                share, honest = float(_detail(strike, "share", 0.5)), bool(_detail(strike, "honest", False))
                return _carried_out(dialect, replace(turn, share=share, honest=honest), ask)
            case "task-failed":
                return _carried_out(dialect, replace(turn, share=0.0, fails=True), ask)
            case "stale":
                return self._stale_answer(turn, ask, strike)
            case _:
                answer = _carried_out(dialect, turn, ask)
                return answer if strike is None else _after(answer, strike)

    def _postpone(self, turn: Turn, ask: Ask, strike: faults.Strike | None) -> None:
        seconds = _detail(strike, "seconds", None)
        due = iso(turn.now + timedelta(seconds=float(seconds))) if seconds is not None else None
        calls = None if due else int(_detail(strike, "calls", 2)) + 1  # the call itself is counted down as well
        turn.db.execute(
            "INSERT INTO late (account, calls_left, due, ask) VALUES (?, ?, ?, ?)",
            (ask.account, calls, due, msgspec.msgpack.encode(ask)),
        )

    def _stale_answer(self, turn: Turn, ask: Ask, strike: faults.Strike | None) -> Answer:
        old = self._stale.get(strike.id) if strike else None
        if old is None:  # the copy lives in memory: after a restart there is no older state to show
            return _carried_out(DIALECTS[ask.platform], turn, ask)
        with old.transaction() as db:
            return _carried_out(DIALECTS[ask.platform], replace(turn, db=db), ask)

    def _count_down(self, db: sqlite3.Connection, account: str) -> None:
        db.execute("UPDATE late SET calls_left = calls_left - 1 WHERE account = ? AND calls_left > 0", (account,))

    def _due(self, db: sqlite3.Connection) -> None:
        """Late effects whose time has come, then what time alone does on every account."""
        now = iso(self.clock.now(db))
        for id_, blob in db.execute("SELECT id, ask FROM late WHERE calls_left = 0 OR due <= ? ORDER BY id", (now,)).fetchall():
            db.execute("DELETE FROM late WHERE id = ?", (id_,))
            ask = msgspec.msgpack.decode(blob, type=Ask)
            _carried_out(DIALECTS[ask.platform], self._turn(db, ask.platform, ask.account), ask)
        for account, platform in db.execute("SELECT name, platform FROM account").fetchall():
            DIALECTS[platform].due(self._turn(db, platform, account, known=True))

    def _turn(self, db: sqlite3.Connection, platform: str, account: str, *, known: bool = False) -> Turn:
        turn = Turn(
            db=db,
            now=self.clock.now(db),
            platform=platform,
            account=account,
            limits=limits_of(db, platform, account),
        )
        nameless = platform == "lynn" and "/" not in account  # a call that names no tenant makes no account
        if not known and not nameless and ensure_account(db, platform, account):
            seeds.first_sight(turn)
        return turn

    def _turn_maker(self, db: sqlite3.Connection) -> Callable[[str], Turn]:
        return lambda account: self._turn(db, platform_of(account), account)

    # --- the control interface

    def status(self) -> dict[str, Any]:
        """Counts of everything, per account; no number of any person."""
        with self.store.transaction() as db:
            self._due(db)
            accounts = [
                seeds.summary(self._turn(db, platform, name, known=True))
                for name, platform in db.execute("SELECT name, platform FROM account ORDER BY name").fetchall()
            ]
            counts = {
                name: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for name, table in (("calls", "call"), ("effects", "effect"), ("late", "late"))
            }
            waiting = [one for one in faults.listed(db) if one["left"] != 0]
            return {
                "simulated": True,
                "store": "memory" if self.store.path == ":memory:" else "file",
                "clock": self.clock.shown(db),
                "accounts": accounts,
                "faults_waiting": len(waiting),
                **counts,
            }

    def reset(self) -> dict[str, Any]:
        """Empty everything, faults, logs and clock included, and seed the standard accounts again."""
        self.resets += 1
        with self.store.transaction() as db:
            for table in TABLES:
                db.execute(f"DELETE FROM {table}")
            seeds.standard(self._turn_maker(db))
        self._forget_stale()
        return self.status()

    def seed(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """`{account: {…}}`, as `seeds` describes; answers with the ids made. Seeded rows reach nobody."""
        with self.store.transaction() as db:
            return {account: seeds.sow(self._turn_maker(db)(account), content) for account, content in wish.items()}

    def limits(self, account: str, wish: dict[str, Any]) -> dict[str, Any]:
        """Change an account's limits and answer with all of them."""
        with self.store.transaction() as db:
            turn = self._turn(db, platform_of(account), account)
            set_limits(db, account, checked(turn.platform, wish))
            return limits_of(db, turn.platform, account)

    def drift(self, order: dict[str, Any]) -> dict[str, Any]:
        """A colleague edits in the console: `{platform?, action?, …}`; answers `{account, action, did}`."""
        with self.store.transaction() as db:
            self._due(db)
            names = [row[0] for row in db.execute("SELECT name FROM account ORDER BY name")]
            accounts = sorted(names, key=lambda name: list(DIALECTS).index(platform_of(name)))
            return drift.play(self._turn_maker(db), accounts, order)

    def fault(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Order a fault (`faults.order`) and answer with its id."""
        with self.store.transaction() as db:
            id_ = faults.order(db, wish)
        if wish["kind"] == "stale":
            self._stale[id_] = self.store.snapshot()
        return {"id": id_}

    def faults(self) -> list[dict[str, Any]]:
        with self.store.transaction() as db:
            return faults.listed(db)

    def clear_faults(self) -> dict[str, Any]:
        """Take back every fault that has not struck; late effects already under way still come."""
        with self.store.transaction() as db:
            removed = db.execute("DELETE FROM fault").rowcount
        self._forget_stale()
        return {"removed": removed}

    def effects(self, *, after: int = 0, account: str = "", what: str = "", last: int = 0) -> list[dict[str, Any]]:
        with self.store.transaction() as db:
            self._due(db)
            return effects.listed(db, after=after, account=account, what=what, last=last)

    def calls(self, *, after: int = 0, last: int = 0) -> list[dict[str, Any]]:
        """The log of platform calls, oldest first: neither bodies nor query values, which may hold numbers."""
        query = f"SELECT {', '.join(CALL_COLUMNS)} FROM call WHERE seq > ? ORDER BY seq"
        if last:
            query = f"SELECT * FROM ({query} DESC LIMIT {int(last)}) ORDER BY seq"
        with self.store.transaction() as db:
            return [dict(zip(CALL_COLUMNS, row, strict=True)) for row in db.execute(query, (after,))]

    def turn_clock(self, order: dict[str, Any]) -> dict[str, Any]:
        """Freeze, set, advance or release the clock; what falls due happens at once."""
        with self.store.transaction() as db:
            shown = self.clock.turn(db, order) if order else self.clock.shown(db)
            self._due(db)
            return shown

    def page(self) -> dict[str, Any]:
        """What the page shows: `status` plus campaigns, faults and the newest effects."""
        shown = self.status()
        with self.store.transaction() as db:
            for account in shown["accounts"]:
                turn = self._turn(db, account["platform"], account["account"], known=True)
                account["listed"] = seeds.campaigns(turn)
            shown["faults"] = [one for one in faults.listed(db) if one["left"] != 0]
            shown["last_effects"] = effects.listed(db, last=20)[::-1]
        shown["last_calls"] = self.calls(last=12)[::-1]
        return shown

    def close(self) -> None:
        self._forget_stale()
        self.store.close()

    def _forget_stale(self) -> None:
        for copy in self._stale.values():
            copy.close()
        self._stale.clear()


def _carried_out(dialect: Dialect, turn: Turn, ask: Ask) -> Answer:
    """The dialect's answer; what a refused call had begun is undone."""
    turn.db.execute("SAVEPOINT ask")
    try:
        answer = dialect.answer(turn, ask)
    except Refused as refusal:
        turn.db.execute("ROLLBACK TO ask")
        answer = refusal.answer
    finally:
        turn.db.execute("RELEASE ask")
    return answer


def _detail(strike: faults.Strike | None, name: str, default: Any) -> Any:
    return default if strike is None else strike.details.get(name, default)


def _before(dialect: Dialect, turn: Turn, strike: faults.Strike) -> Answer | None:
    match strike.kind:
        case "drop-before":
            return None
        case "500-before":
            return text_answer("Internal Server Error", 500)
        case "429":
            wait_s = int(strike.details.get("retry_after_s", 1))
            return replace(text_answer("Too Many Requests", 429), retry_after_s=wait_s)
        case "html":
            return html_answer(200, "Service temporarily unavailable")
        case _:
            return dialect.ordered(turn, strike.kind)


def _after(answer: Answer, strike: faults.Strike) -> Answer | None:
    match strike.kind:
        case "drop-after":
            return None
        case "500-after":
            return text_answer("Internal Server Error", 500)
        case "html-after":
            return html_answer(200, "Service temporarily unavailable")
        case "truncated":
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        case "empty":
            return replace(answer, body=b"")
        case "shape":
            return replace(answer, body=_reshaped(answer.body))
        case _:
            return answer


def _reshaped(body: bytes) -> bytes:
    """The same JSON under other names, as after an unannounced release; what is no JSON becomes one."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        value = body.decode(errors="replace")
    if isinstance(value, dict):
        return msgspec.json.encode({f"{name}V3": one for name, one in value.items()})
    return msgspec.json.encode({"result": {"items": value}})
