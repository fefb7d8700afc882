"""How much one plan may change, how many people it may reach, and what that may cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from reconciler.catalogue import say
from reconciler.plan.reached import Spend
from reconciler.plan.values import Plan
from reconciler.policies.looked import Looked, guard
from reconciler.policies.settings import Limit, Settings
from reconciler.resource import Action

SHRUNK_FLOOR: Final = 10
"""Rows below which a source may shrink as it likes: of a few, one is more than half."""


def judge(plan: Plan, settings: Settings, _now: datetime) -> Iterator[Looked]:
    """Each limit against the plan; one that is exceeded names the value that an acknowledgement must name."""
    yield from _shares(plan, settings)
    yield from _totals(plan, settings)
    yield _emptied(plan)
    yield _shrunk(plan)
    yield _erased(plan)
    yield _dear(plan, settings)


def spend(plan: Plan, settings: Settings) -> Spend:
    """What the messages of a plan weigh and cost. Exact: a limit must not trip at its own value."""
    segments = sum(reached.wording.segments for reached in plan.reached if reached.wording)
    price = settings.max_cost
    if price is None:
        return Spend(segments=segments)
    return Spend(segments=segments, amount=segments * price.per_segment, currency=price.currency)


def _shares(plan: Plan, settings: Settings) -> Iterator[Looked]:
    live = sum(target.campaigns for target in plan.targets)
    counts = plan.summary
    removals = sum(rows.diff.to_remove + rows.diff.to_close + rows.diff.to_replace for rows in plan.rows)
    live_rows = sum(rows.diff.live for rows in plan.rows)
    deletes, updates = counts.get(Action.DELETE.value, 0), counts.get(Action.UPDATE.value, 0)
    yield _share("VOL001", "max_deletes", settings.max_deletes, deletes, live, say("deletes"))
    yield _share("VOL002", "max_updates", settings.max_updates, updates, live, say("updates"))
    yield _share("VOL003", "max_row_removals", settings.max_row_removals, removals, live_rows, say("row removals"))


def _share(code: str, name: str, limit: Limit, count: int, live: int, what: str) -> Looked:
    inputs = {"share": limit.share, "floor": limit.floor, "count": count, "live": live}
    if not limit.exceeded(count, live):
        return Looked(rule=code, inputs=inputs)
    message = say(
        "{count:,} {what} of {live:,} live are more than {share:.0%}", count=count, what=what, live=live, share=limit.share
    )
    return Looked(rule=code, inputs=inputs, findings=(guard(code, name, count, message),))


def _totals(plan: Plan, settings: Settings) -> Iterator[Looked]:
    people, lifts = plan.people, sum(rows.diff.to_lift for rows in plan.rows)
    new = say("people would be contacted for the first time")
    yield _total("VOL004", "max_people", settings.max_people, people.total, say("people would be contacted"))
    yield _total("VOL005", "max_new_people", settings.max_new_people, people.first_time, new)
    yield _total("VOL006", "max_calls", settings.max_calls, sum(plan.calls.values()), say("calls would be made"))
    yield _total("VOL008", "max_lifts", settings.max_lifts, lifts, say("blacklist entries would be lifted"))


def _total(code: str, name: str, most: int | None, count: int, what: str) -> Looked:
    inputs = {"most": most, "count": count}
    if most is None or count <= most:
        return Looked(rule=code, inputs=inputs)
    message = say("{count:,} {what}; the project allows {most:,}", count=count, what=what, most=most)
    return Looked(rule=code, inputs=inputs, findings=(guard(code, name, count, message),))


def _emptied(plan: Plan) -> Looked:
    had = {str(rows.address): rows.diff.live or plan.occurrences.get(str(rows.address), 0) for rows in plan.rows}
    message = say("the source is empty, and the list was not")
    return Looked(
        rule="VOL007",
        inputs={str(rows.address): [rows.diff.in_source, had[str(rows.address)]] for rows in plan.rows},
        findings=tuple(
            guard("VOL007", "empty_wish", str(rows.address), message, address=rows.address, origin=rows.origin)
            for rows in plan.rows
            if rows.diff.in_source == 0 and had[str(rows.address)]
        ),
    )


def _shrunk(plan: Plan) -> Looked:
    """Sources that lost more than half of their rows since they were last applied; an empty one is told by itself."""
    counts = [(rows, plan.sources_before.get(rows.address, 0)) for rows in plan.rows]
    return Looked(
        rule="VOL011",
        inputs={str(rows.address): [rows.diff.in_source, before] for rows, before in counts},
        findings=tuple(
            guard(
                "VOL011",
                "shrunk_wish",
                str(rows.address),
                say("the source has {now:,} rows, and had {before:,} when it was last applied", now=now, before=before),
                address=rows.address,
                origin=rows.origin,
            )
            for rows, before in counts
            for now in (rows.diff.in_source,)
            if before >= SHRUNK_FLOOR and 0 < 2 * now < before
        ),
    )


def _erased(plan: Plan) -> Looked:
    dialled = sum(rows.diff.dialled for rows in plan.rows)
    message = say("{count:,} rows to be taken away were dialled: their history goes with them", count=dialled)
    found = (guard("VOL009", "erase_history", dialled, message),) if dialled else ()
    return Looked(rule="VOL009", inputs=dialled, findings=found)


def _dear(plan: Plan, settings: Settings) -> Looked:
    told, most = plan.cost.to_json(), settings.max_cost
    inputs = told | {"most": most.amount if most else None}
    if most is None or told["segments"] * most.per_segment <= most.amount:
        return Looked(rule="VOL010", inputs=inputs)
    message = say(
        "{segments:,} segment(s) would cost {amount} {currency}; the project allows {most:f}",
        segments=told["segments"],
        amount=told["amount"],
        currency=most.currency,
        most=most.amount,
    )
    return Looked(rule="VOL010", inputs=inputs, findings=(guard("VOL010", "max_cost", told["amount"], message),))
