"""Rows loaded into a campaign: each is a message to a person, and can never be listed, changed or taken back.

The journal is therefore the live side. Into a campaign in manual mode that stands still, rows wait until it is started;
into any other they go out at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from reconciler.call import Batch, Call, Flow, Safety
from reconciler.catalogue import say
from reconciler.platforms.lynn import campaigns
from reconciler.platforms.lynn.dialect import ROW, ROWS_MAX, UPLOAD_FIELD, call
from reconciler.platforms.lynn.replies import Progress, awaited, task_in
from reconciler.platforms.platform import Certainty, Evidence, NotDone, Step
from reconciler.resource import Desired, Live, State
from reconciler.rows.sheet import Column, Sheet, Verb
from reconciler.target import Target

OWN_COLUMNS: Final = (
    Column(name="key"),
    Column(name="phone", phone=True, required=True),
    Column(name="name"),
    Column(name="tags"),
)
PASSED_THROUGH: Final = ".cpg"


def is_file(desired: Desired) -> bool:
    """Whether the source is a file of the vendor's own format, which is passed through as it is."""
    return str(desired.get("source", {}).get("file", "")).lower().endswith(PASSED_THROUGH)


def mapped(desired: Desired) -> frozenset[str]:
    """The columns that a document surely has: those it maps, or without a mapping those of its inline rows."""
    if columns := desired.get("columns"):
        return frozenset(columns)
    return frozenset(name for row in desired.get("source", {}).get("rows") or () for name in row)


def sheet(desired: Desired, target: Target) -> Sheet:
    """How rows of a template are held: our columns, and those that `lynn.fields` names."""
    if is_file(desired):
        return Sheet(columns=(), identity=("key",), readable=False, add_max=1, whole_file=True)
    own = {column.name for column in OWN_COLUMNS}
    further = dict.fromkeys(name for name in (desired.block.get("fields") or {}).values() if name not in own)
    return Sheet(
        columns=(*OWN_COLUMNS, *(Column(name=name, required=True) for name in further)),
        identity=("key",) if "key" in mapped(desired) else ("phone",),
        readable=False,
        add_max=rows_max(target),
    )


def rows_max(target: Target) -> int:
    """Rows of one call on this target."""
    return int(min(ROWS_MAX, target.limit("rows_per_upload", ROWS_MAX)))


def write(step: Step) -> Flow[Mapping[str, str]]:
    """Load the rows, a task a batch; each task is awaited before the next batch is sent.

    Raises NotDone before anything is sent when the campaign is gone, cannot take rows, or runs although it stood still when
    it was read; and when a task failed. A task that does not end is left to be settled later.
    """
    if step.feed is None or step.desired is None:
        raise ValueError("rows without a document or a feed")
    live = yield from _destination(step)
    safety = Safety.TASK if live.state is State.STOPPED and live.fields.get("execution_mode") == "manual" else Safety.BLIND
    rows = tasks = 0
    for batch in step.feed.batches(Verb.ADD, rows_max(step.target)):
        sent = _call(step.target, step.desired, live, batch, safety)
        reply = yield sent
        stands = yield from awaited(step.target, sent.operation, task_in(reply))
        if stands is Progress.FAILED:
            raise NotDone(say("the platform says that loading the rows failed"))
        if stands is not Progress.DONE:
            return {"rows": str(rows), "tasks": str(tasks), "status": stands.value}
        rows, tasks = rows + len(batch), tasks + 1
    return {"rows": str(rows), "tasks": str(tasks), "status": Progress.DONE.value}


def _destination(step: Step) -> Flow[Live]:
    """The campaign as it is at this moment."""
    live = step.live
    fresh = (yield from campaigns.read_one(step.target, live.id, step.now)) if live else None
    if live is None or fresh is None:
        raise NotDone(say("the campaign is not there"))
    if fresh.fields.get("type") == "multiple" and not (step.desired and is_file(step.desired)):
        raise NotDone(say("rows of a template go into campaigns of type single only"))
    hidden = fresh.state is State.UNKNOWN and live.supposed
    if fresh.state in (State.STARTED, State.UNKNOWN) and live.state is State.STOPPED and not hidden:
        raise NotDone(say("the campaign was started by somebody else meanwhile; the rows would go out at once"))
    return fresh


def _call(target: Target, desired: Desired, live: Live, batch: Batch, safety: Safety) -> Call:
    """One batch. A passed-through file names its campaign itself, unseen by us: it is taken to reach people at once."""
    facts = {"campaign": live.id}
    if is_file(desired):
        name = f"{PurePosixPath(desired.get('source')['file']).stem}{PASSED_THROUGH}"
        file = (UPLOAD_FIELD, name, batch.content)
        return call(target, "UploadCampaignDataByTenant", file=file, batch=batch, facts=facts, safety=Safety.BLIND)
    return call(
        target,
        "AddCampaingData",
        json=_body(desired, live, list(_rows(desired, batch))),
        batch=batch,
        facts=facts,
        safety=safety,
    )


def _body(desired: Desired, live: Live, data: list[dict[str, str]]) -> dict[str, Any]:
    """The vendor's spelling is `campaingId`."""
    block = desired.block
    template, kind_of_data = block["template"], block.get("type_of_data", 0)
    return {"campaingId": live.id, "templateId": template, "typeOfData": kind_of_data, "data": data}


def _rows(desired: Desired, batch: Batch) -> Iterator[dict[str, str]]:
    """Every row has exactly the template's columns, all of them text."""
    columns = {**ROW, **(desired.block.get("fields") or {})}
    for row in batch.rows:
        yield {native: row.get(ours, "") for native, ours in columns.items()}


def verify(step: Step, facts: Mapping[str, str]) -> Evidence:
    """The platform never shows rows; that its tasks are done is all there is."""
    del step
    if facts.get("status") == Progress.DONE.value:
        return Evidence(certainty=Certainty.WEAK, why=say("the platform took the rows and never shows them"), facts=facts)
    return Evidence(certainty=Certainty.UNKNOWN, why=say("the platform is still loading the rows"), facts=facts)
