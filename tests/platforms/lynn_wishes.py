"""Made-up wishes, rows and answers for the tests of Lynn, and a way to drive a flow by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler.call import Batch, Call, Ending, Flow, Page, Reply, T
from reconciler.diagnostics import Finding
from reconciler.plan.known import Seen
from reconciler.platforms.lynn import LYNN
from reconciler.platforms.platform import Step
from reconciler.resource import Action, Address, Desired, Live, Origin, Reading
from reconciler.rows.sheet import Presence, Verb
from reconciler.target import Target

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ID = "11111111-0000-4000-8000-000000000001"
OTHER = "11111111-0000-4000-8000-000000000002"
PERSON = "22222222-0000-4000-8000-00000000000"  # and one more digit
TASK = "33333333-0000-4000-8000-000000000001"
TEMPLATE = "3c6f10ec-0000-4000-8000-210008f00900"

RUNNING, FINISHED, FAILED = ({"Status": status} for status in ("102", "200", "500"))


class Feed:
    """Rows of a document, cut as the engine would cut them; `stands` is what a read-back shows."""

    def __init__(self, stands: Presence | None = None, content: bytes = b"", **rows: Sequence[Mapping[str, str]]) -> None:
        self.rows = {Verb(verb): list(some) for verb, some in rows.items()}
        self.stands = stands
        self.content = content

    def count(self, verb: Verb) -> int:
        return len(self.rows.get(verb, ()))

    def attach(self, table: str) -> None:
        """The rows of these tests carry their ids already."""
        assert table

    def batches(self, verb: Verb, rows_max: int) -> Iterator[Batch]:
        if self.content and verb is Verb.ADD:
            yield Batch(rows=(), content=self.content, digest="f1")
        for start in range(0, self.count(verb), rows_max):
            yield Batch(rows=self.rows[verb][start : start + rows_max], digest=f"{verb.value}{start}")

    def matches(self, verb: Verb, table: str, rows_max: int) -> Iterator[Batch]:
        raise AssertionError(f"nothing is matched here: {verb}, {table}, {rows_max}")

    def presence(self, verb: Verb, table: str) -> Presence:
        assert table == "t1"
        return self.stands if self.stands and self.count(verb) else Presence(present=0, missing=0, twice=0)


def target(**words: Any) -> Target:
    return Target(
        name="lynn-cl",
        platform="lynn",
        url="https://premium-production.lynn.cx",
        account="premium-production.lynn.cx|1234",
        country="CL",
        timezone="America/Santiago",
        platform_timezone=words.pop("platform_timezone", "America/Santiago"),
        settings={"tenant": "1234"},
        origin=Origin("reconciler.yaml"),
        **words,
    )


def wish(kind: str, name: str = "uno", block: Mapping[str, Any] | None = None, **fields: Any) -> Desired:
    written: dict[str, Any] = {"source": {"rows": []}} if kind != "campaign" else {}
    lines = [*fields, *(f"lynn.{key}" for key in block or ())]
    return Desired(
        address=Address("lynn-cl", kind, name),
        platform="lynn",
        fields=written | fields,
        block=block or {},
        origin=Origin("specs/a.yaml", 1),
        origins={path: Origin("specs/a.yaml", line) for line, path in enumerate(lines, 10)},
    )


def campaign(name: str = "bienvenida", *, fields: Mapping[str, Any] | None = None, **block: Any) -> Desired:
    own = {"division": "Ventas", "category": "alta", "type": "single", "execution_mode": "manual"}
    return wish("campaign", name, own | block, **(fields or {}))


def native(**words: Any) -> dict[str, Any]:
    shown = {"id": ID, "division": "Ventas", "name": "bienvenida", "description": "", "campaignType": "SingleMessage"}
    dates = {"startDate": None, "endDate": None, "validUntil": None}
    return {**shown, "executionMode": "Manual", "category": "alta", **dates, "running": False, **words}


def live(**words: Any) -> Live:
    return read([native(**words)]).campaigns.live[0]


def seen(*natives: Mapping[str, Any]) -> Seen:
    return read(list(natives))


def read(shown: Any) -> Seen:
    return drive(LYNN.read(target(), frozenset({"campaign"}), NOW), ok(shown))[1]


def step(action: Action, desired: Desired | None = None, now: Live | None = None, **words: Any) -> Step:
    on = words.pop("on", target())
    known = words.pop("seen", Seen(campaigns=Reading(read_at=NOW)))
    stored = LYNN.as_stored(desired, known, on) if desired else {}
    return Step(action=action, target=on, desired=desired, stored=stored, live=now, seen=known, now=NOW, **words)


def ok(value: Any = None, status: int = 200) -> Reply:
    body = b"" if value is None else json.dumps(value).encode()
    return Reply(status=status, body=body, content_type="application/json")


def page(count: int) -> Reply:
    return Reply(status=200, page=Page(table="t1", count=count, envelope={}))


GONE = ok({"message": "The campaign does not exist."}, 404)
HTML = Reply(status=200, body=b"<!DOCTYPE html><title>Wait</title>", content_type="text/html")


def drive(flow: Flow[T], *answers: Reply) -> tuple[list[Call], T]:
    """Run a flow to its end with these answers, no more and no fewer; writes must be judged as done or taken."""
    calls: list[Call] = []
    waiting = list(answers)
    try:
        call = next(flow)
        while True:
            calls.append(call)
            answer = waiting.pop(0)
            if call.safety.writes:
                assert LYNN.judge(call, answer).ending in (Ending.DONE, Ending.LATER), call.operation
            call = flow.send(answer)
    except StopIteration as end:
        assert not waiting

        return calls, end.value


def operations(calls: Iterable[Call]) -> list[str]:
    return [call.operation for call in calls]


def codes(findings: Iterable[Finding]) -> list[tuple[str, int]]:
    found = list(findings)
    assert all(finding.remedy and finding.address for finding in found if finding.code != "SPC013")

    return [(finding.code, finding.origin.line if finding.origin else 0) for finding in found]


def check(desired: Desired) -> list[tuple[str, int]]:
    return codes(LYNN.check(desired, target()))


def load(**words: Any) -> Desired:
    block = words.pop("block", {"template": TEMPLATE, "fields": {"numeropedido": "pedido"}, "type_of_data": 0})
    columns = words.pop("columns", {"key": "pedido", "phone": "telefono", "name": "nombre", "pedido": "pedido"})
    return wish("contacts", "carga", block, campaign="bienvenida", columns=columns, **words)


ROWS = [{"key": str(n), "phone": f"5696666{n:04}", "name": "Ana Prueba", "pedido": str(n)} for n in range(1, 1002)]


BOOK = wish("contacts", "clientes", columns={"identifier": "tel", "channel": {"value": "whatsapp"}, "correlation2": "rut"})


def barred(contact_ids: str, number: int = 0) -> dict[str, str]:
    return {"_id": f"e{number}", "phone": "56966666666", "contact_ids": contact_ids}


def by(**scope: str) -> Desired:
    return wish("blacklist", "no-molestar", scope=scope, columns={"phone": "telefono"})


def dnd(*identifiers: str) -> Reply:
    return ok([{"CampaignId": identifier, "name": "x", "category": "alta"} for identifier in identifiers])
