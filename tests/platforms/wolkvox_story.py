"""Made-up wishes, rows and answers for the tests of wolkvox's adapter, and two ways to drive its flows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler.call import Batch, Call, Ending, Flow, Page, Reply, Sink, T
from reconciler.plan.known import Seen
from reconciler.platforms.platform import Step
from reconciler.platforms.wolkvox import WOLKVOX, marker, wire
from reconciler.resource import Action, Address, Desired, Live, Origin, Reading, State
from reconciler.rows.sheet import Presence, Verb
from reconciler.target import Target

FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 10:00 in Bogota
SKILLS = {"skill": {"cobranza": "101", "ventas": "102"}, "skill_twice": {"doble": "103,104"}}
NAME = "cobranza-mora-30"


def target(**changes: Any) -> Target:
    """A Colombian account on the sandbox."""
    values: dict[str, Any] = {
        "name": "wolkvox-co",
        "platform": "wolkvox",
        "url": "http://127.0.0.1:1/wolkvox",
        "account": "127.0.0.1:1/wolkvox|",
        "country": "CO",
        "timezone": "America/Bogota",
        "platform_timezone": "America/Bogota",
        "sandbox": True,
        "origin": Origin("reconciler.yaml", 4),
    }
    return Target(**values | changes)


def desired(kind: str = "campaign", name: str = NAME, *, block: Mapping[str, Any] | None = None, **fields: Any) -> Desired:
    """A document; every field that it has was written somewhere."""
    paths = [*fields, *(f"wolkvox.{key}" for key in block or {})]
    return Desired(
        address=Address("wolkvox-co", kind, name),
        platform="wolkvox",
        fields=fields,
        block={"type": "predictive", **(block or {})} if kind == "campaign" else {},
        origin=Origin("specs/a.yaml"),
        origins={path: Origin("specs/a.yaml", line) for line, path in enumerate(paths, 2)},
    )


def seen(*live: Live, now: datetime = FRIDAY) -> Seen:
    """What the account showed."""
    return Seen(campaigns=Reading(live=live, read_at=now), references=SKILLS)


def live(**changes: Any) -> Live:
    """A stopped predictive campaign that carries our mark."""
    type_ = changes.pop("type", "predictive")
    values: dict[str, Any] = {
        "id": "23910",
        "name": NAME,
        "fields": {
            "display_name": NAME,
            "description": "mora",
            "type": type_,
            "skill": "101",
            "speed": 50,
            "turbo_dial": False,
        },
        "state": State.STOPPED,
        "marker": marker(target(), NAME),
        "native": {"type": type_, "records": None},
    }
    return Live(**values | changes)


def people(count: int, start: int = 0) -> list[dict[str, str]]:
    """Rows of people who do not exist."""
    return [{"key": f"C{number}", "phone": f"30000{number:05}", "name": "Ana"} for number in range(start, start + count)]


class Feed:
    """Rows by verb, cut as the engine would cut them; `tables` are what sinks took."""

    def __init__(self, rows: Mapping[Verb, Sequence[Mapping[str, str]]], identity: str = "key") -> None:
        self.rows = rows
        self.identity = identity
        self.tables: dict[str, list[dict[str, str]]] = {}

    def count(self, verb: Verb) -> int:
        return len(self.rows.get(verb, ()))

    def attach(self, table: str) -> None:
        """The rows of these tests carry their ids already."""
        assert table

    def batches(self, verb: Verb, rows_max: int) -> Iterator[Batch]:
        rows = self.rows.get(verb, ())
        for start in range(0, len(rows), rows_max):
            yield Batch(rows=rows[start : start + rows_max])

    def matches(self, verb: Verb, table: str, rows_max: int) -> Iterator[Batch]:
        wanted = {row["phone"] for row in self.rows.get(verb, ())}
        phones = ("phone", *(f"phone{number}" for number in range(2, 11)), "phone_extra")
        found = [{"key": row["key"]} for row in self.tables[table] if wanted & {row.get(phone, "") for phone in phones}]
        for start in range(0, len(found), rows_max):
            yield Batch(rows=found[start : start + rows_max])

    def presence(self, verb: Verb, table: str) -> Presence:
        there = [row[self.identity] for row in self.tables[table]]
        times = [there.count(row[self.identity]) for row in self.rows.get(verb, ())]
        return Presence(present=sum(time > 0 for time in times), missing=times.count(0), twice=sum(time > 1 for time in times))

    def take(self, sink: Sink, body: bytes) -> Page | None:
        """What the engine does with a page."""
        try:
            envelope = json.loads(body)
            rows = envelope.pop(sink.rows_at)
            if not isinstance(rows, list):
                return None
            taken = [{ours: str(row.get(native, "")) for ours, native in sink.columns.items()} for row in rows]
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        table, untold = f"page_{len(self.tables)}", 0
        self.tables[table] = taken
        if sink.only:
            column, meant, others = sink.only
            self.tables[table] = [row for row in taken if row[column].lower() not in others]
            untold = sum(row[column].lower() not in meant for row in self.tables[table])
        return Page(table=table, count=len(taken), envelope=envelope, untold=untold)


def step(action: Action, **changes: Any) -> Step:
    """A change as the platform gets it."""
    values: dict[str, Any] = {
        "action": action,
        "target": target(),
        "desired": None,
        "live": None,
        "seen": seen(),
        "now": FRIDAY,
    }
    return Step(**values | changes)


def reply(body: Any, status: int = 200) -> Reply:
    """An answer in JSON, or as the bytes given."""
    return Reply(
        status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode(), content_type="application/json"
    )


def done(code: int | str = 202, msg: str = "ok", **more: Any) -> Reply:
    """The envelope of a write that was carried out."""
    return reply({"code": code, "error": None, "msg": msg, **more}, int(code))


def listed(*rows: Mapping[str, str]) -> Reply:
    """The list of campaigns, with its empty code."""
    return reply({"code": "", "error": None, "msg": f"{len(rows)} records were found", "data": rows})


def row(**changes: str) -> dict[str, str]:
    """A campaign as the list shows it."""
    mark = marker(target(), NAME)
    return {
        "campaign_id": "23910",
        "campaign_name": NAME,
        "campaign_description": f"mora [reconciler:{mark}]",
        "type_campaign": "predictive",
        "status": "Stopped",
        "records": "0",
        "speed": "50",
        "dial_mode": "autopilot",
        "last_use": " ",
        "recycled": "0",
        "turbo_dial": "no",
        "skill_id": "101",
    } | changes


def drive(flow: Flow[T], answer: Callable[[Call], Reply], feed: Feed | None = None) -> tuple[T | None, list[Call]]:
    """Run a flow as apply does: a write that did not end well closes it, and then there is no result."""
    calls: list[Call] = []
    try:
        call = next(flow)
        while True:
            calls.append(call)
            got = answer(call)
            if call.sink and feed and got.status == 200 and (page := feed.take(call.sink, got.body)):
                got = Reply(status=got.status, page=page)
            if call.safety.writes and WOLKVOX.judge(call, got).ending is not Ending.DONE:
                flow.close()
                return None, calls
            call = flow.send(got)
    except StopIteration as ended:
        result: T = ended.value
        return result, calls


def script(replies: Iterable[Reply]) -> Callable[[Call], Reply]:
    """Answers in turn."""
    waiting = iter(replies)
    return lambda _: next(waiting)


def sent(calls: Iterable[Call]) -> list[str]:
    """What was asked, by name."""
    return [call.operation for call in calls]


EXPORTED = dict.fromkeys(wire.EXPORTED.values(), "")


def exported(rows: Iterable[Mapping[str, str]], total: int | None = None) -> Reply:
    """The export of a campaign."""
    records = [EXPORTED | {wire.EXPORTED[ours]: value for ours, value in row.items()} for row in rows]
    return reply(
        {"code": "200", "total_records": str(len(records) if total is None else total), "campaign_id": "1", "records": records}
    )
