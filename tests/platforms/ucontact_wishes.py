"""Made-up wishes, rows and answers for uContact's adapter, and a driver for its flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler.call import Batch, Call, Flow, Reply, T
from reconciler.plan.known import Seen
from reconciler.platforms.platform import Step
from reconciler.platforms.ucontact import KEYS
from reconciler.resource import Action, Address, Desired, Live, Origin, Reading
from reconciler.rows.sheet import Presence, Verb
from reconciler.target import Target

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 2
NOTHING_SEEN = Seen(campaigns=Reading(read_at=NOW))


class Feed:
    """Rows of a document, cut as the engine would cut them."""

    def __init__(self, rows: Sequence[Mapping[str, str]]) -> None:
        self.rows = rows

    def count(self, verb: Verb) -> int:
        return len(self.rows) if verb is Verb.ADD else 0

    def attach(self, table: str) -> None:
        """The rows of these tests carry their ids already."""
        assert table

    def batches(self, verb: Verb, rows_max: int) -> Iterator[Batch]:
        for start in range(0, self.count(verb), rows_max):
            yield Batch(rows=self.rows[start : start + rows_max], digest=f"{start:08x}{DIGEST}")

    def matches(self, verb: Verb, table: str, rows_max: int) -> Iterator[Batch]:
        raise AssertionError(f"nothing is matched here: {verb}, {table}, {rows_max}")

    def presence(self, verb: Verb, table: str) -> Presence:
        raise AssertionError(f"nothing is read back here: {verb}, {table}")


def target(**settings: Any) -> Target:
    own = {name: settings.pop(name) for name in [key.name for key in KEYS.fields] if name in settings}
    return Target(
        name="ucontact-uy",
        platform="ucontact",
        url="https://acme.ucontactcloud.com",
        account="acme",
        country="UY",
        timezone="America/Montevideo",
        platform_timezone=settings.pop("platform_timezone", "America/Montevideo"),
        settings={"sms_api": "v2"} | own,
        origin=Origin("reconciler.yaml"),
        **settings,
    )


def wish(kind: str, name: str = "uno", block: Mapping[str, Any] | None = None, **fields: Any) -> Desired:
    written: dict[str, Any] = {"source": {"rows": []}} if kind != "campaign" else {}
    lines = [*fields, *(f"ucontact.{key}" for key in block or ())]
    return Desired(
        address=Address("ucontact-uy", kind, name),
        platform="ucontact",
        fields=written | fields,
        block=block or {},
        origin=Origin("specs/a.yaml", 1),
        origins={path: Origin("specs/a.yaml", line) for line, path in enumerate(lines, 10)},
    )


def step(action: Action, desired: Desired, rows: Sequence[Mapping[str, str]], on: Target, live: Live | None = None) -> Step:
    return Step(action=action, target=on, desired=desired, live=live, feed=Feed(rows), seen=NOTHING_SEEN, now=NOW)


def text(body: str, status: int = 200, content_type: str = "text/plain") -> Reply:
    return Reply(status=status, body=body.encode(), content_type=content_type)


def drive(flow: Flow[T], *answers: Reply) -> tuple[list[Call], T]:
    """Run a flow to its end with these answers, no more and no fewer."""
    calls: list[Call] = []
    waiting = list(answers)
    try:
        call = next(flow)
        while True:
            calls.append(call)
            call = flow.send(waiting.pop(0))
    except StopIteration as end:
        assert not waiting

        return calls, end.value
