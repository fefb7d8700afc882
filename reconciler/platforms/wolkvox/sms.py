"""SMS of wolkvox: one message a call, at once, with nothing to list, schedule or take back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.call import Batch, Call, Flow
from reconciler.platforms.platform import Step
from reconciler.platforms.wolkvox import wire
from reconciler.resource import Desired
from reconciler.rows.sheet import Column, Sheet, Verb

COLUMNS: Final = (Column(name="key"), Column(name="phone", phone=True, required=True))


def sheet(desired: Desired) -> Sheet:
    """Messages, remembered by the journal alone; every other column is there for the text."""
    columns, rows = desired.get("columns"), desired.get("source", {}).get("rows") or ()
    keyed = "key" in columns if columns is not None else any("key" in row for row in rows)
    identity = ("key",) if keyed else ("phone",)
    return Sheet(columns=COLUMNS, identity=identity, readable=False, others=True, add_max=1, remove_max=1)


def write(step: Step) -> Flow[Mapping[str, str]]:
    """Send each message."""
    if step.feed is None:
        raise ValueError("a step that sends needs its rows")
    for batch in step.feed.batches(Verb.ADD, 1):
        yield send_call(batch)
    return {"sent": str(step.feed.count(Verb.ADD))}


def send_call(batch: Batch) -> Call:
    """One message to one number. ValueError for more than one row, or without number or text."""
    row = batch.rows[0] if len(batch) == 1 else {}
    if not row.get("phone") or not row.get("text"):
        raise ValueError("send_sms takes one number and one text")
    body = {"telephone": row["phone"], "message": row["text"]}
    return wire.SEND_SMS.call(json=body, batch=batch, facts={"count": "1"})
