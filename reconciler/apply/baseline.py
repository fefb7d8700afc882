"""What was there right before a write, and what is there after it: whether somebody else changed the same thing.

Pure. Platforms cannot be told "only if it is still so", so that a look right before the write keeps the gap in which an
edit goes unseen as short as one call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.plan.values import Change, Wish
from reconciler.platforms.platform import Certainty, Evidence
from reconciler.resource import Action, Live, State, Support
from reconciler.target import Target

STATE: Final = "state"


def looks_first(change: Change) -> bool:
    """Whether the object is read once more before the change is made: where fields of a campaign that is there would go."""
    if change.address.kind != "campaign" or not change.live_id:
        return False
    sets_fields = any(difference.path != STATE for difference in change.diff)
    return change.action in (Action.UPDATE, Action.DELETE) or (change.action is Action.START and sets_fields)


def looks_twice(change: Change, target: Target) -> bool:
    """Whether a second look, a moment later, proves the change: a run state that an older reading would show just as well."""
    return change.action in (Action.START, Action.STOP) and target.read_again_s > 0


def names_of(change: Change) -> frozenset[str]:
    """The top-level names of the stored form that a change sets."""
    return frozenset(difference.path.partition(".")[0] for difference in change.diff) - {STATE}


def facts_of(change: Change, wish: Wish | None, support: Support, container: str, before: Live | None) -> dict[str, Any]:
    """What an intent says of a campaign, so that a lost outcome can be settled, and a later edit be seen, by comparing.

    `readable` is how it is to be shown afterwards, its run state included where the change sets it; `before` how the same
    fields were shown last.
    """
    facts: dict[str, Any] = {"id": change.live_id} if change.live_id else {}
    if change.address.kind != "campaign":
        return facts
    readable: dict[str, Any] = dict(_state_after(change))
    if wish is not None:
        names = sorted(name for name in names_of(change) - support.unreadable if name in wish.stored)
        readable |= {name: wish.stored[name] for name in names}
        if before is not None and names:
            facts["before"] = {name: before.fields.get(name) for name in names}
        facts["name"] = wish.desired.get("display_name") or change.address.name
        facts["container"] = container
        facts["protect"] = wish.desired.protect
        facts["fields"] = {name: wish.stored[name] for name in wish.stored if name in support.unreadable}
    return facts | ({"readable": readable} if wish is not None or readable else {})


def _state_after(change: Change) -> Mapping[str, str | None]:
    """The run state that a change leaves behind, as a field; None where the object runs by itself from then on."""
    match change.action:
        case Action.CREATE | Action.STOP:
            return {STATE: State.STOPPED.value}
        case Action.START:
            return {STATE: None if names_of(change) else State.STARTED.value}
        case _:
            return {}


def changed_since(
    change: Change, planned: Live, last: Live | None, now: Live, stored: Mapping[str, Any], support: Support
) -> list[str]:
    """What differs from the object that the plan was made from, and is not as wished already.

    An update is held against the fields that it sets, a delete against everything that is shown. `last` is the object as
    this run left it: its own stop is nobody else's doing.
    """
    if change.action is not Action.DELETE:
        names = names_of(change) - support.unreadable
        return sorted(
            name
            for name in names
            if now.fields.get(name) != planned.fields.get(name) and now.fields.get(name) != stored.get(name)
        )
    ours = last or planned
    other = {
        name
        for name in {*planned.fields, *now.fields} - support.unreadable
        if now.fields.get(name) != (ours if name in support.running_fields else planned).fields.get(name)
    }
    return sorted(other | ({STATE} if _moved(ours, now) else set()))


def weighed(
    evidence: Evidence,
    now: Live,
    change: Change,
    facts: Mapping[str, Any],
    looked: Live | None,
    stored: Mapping[str, Any],
    support: Support,
) -> tuple[Evidence, dict[str, Any]]:
    """What a read-back proves once edits of others are told from our own, and what the journal is to know of it.

    A field of ours that shows neither what was sent nor what was there before was set by somebody in between: who was last
    is not known, and a person looks. Other fields may change; where a platform therefore shows another object than it
    would have, ours are looked at alone.
    """
    readable, before = facts.get("readable") or {}, facts.get("before") or {}
    found: dict[str, Any] = {}
    if others := [name for name in before if now.fields.get(name) not in (readable[name], before[name])]:
        why = say("somebody changed {paths} in between: look in the console", paths=", ".join(others))
        return replace(evidence, certainty=Certainty.UNKNOWN, why=why), found
    if changed := _meanwhile(change, looked, now, support):
        found["meanwhile"] = changed
        as_wished = before and all(now.fields.get(name) == readable[name] for name in before)
        if evidence.certainty is Certainty.WRONG and as_wished:
            evidence = replace(evidence, certainty=Certainty.VERIFIED if change.verifiable else Certainty.WEAK, why="")
    if evidence.certainty not in (Certainty.VERIFIED, Certainty.WEAK):
        return evidence, found
    if changed:
        note = say("somebody changed {paths} meanwhile", paths=", ".join(changed))
        evidence = replace(evidence, why=f"{evidence.why}; {note}" if evidence.why else note)
    if readable:
        found["readable"] = _applied(change, readable, now, support.running_fields & stored.keys())
    return evidence, found


def _meanwhile(change: Change, looked: Live | None, now: Live, support: Support) -> list[str]:
    """What changed between the look and the read-back, beside what the change itself sets."""
    if looked is None or change.action is Action.DELETE:
        return []
    starts = change.action is Action.START
    names = {*looked.fields, *now.fields} - names_of(change) - support.unreadable
    names -= support.running_fields if starts else frozenset()
    moved = {STATE} if _moved(looked, now) and not starts else set()
    return sorted({name for name in names if looked.fields.get(name) != now.fields.get(name)} | moved)


def _applied(change: Change, readable: Mapping[str, Any], now: Live, running_fields: Collection[str]) -> dict[str, Any]:
    """What a confirmed write left behind, as it was shown. A start or a stop may bring running fields along, unasked."""
    names = {*readable} - {STATE}
    if change.action in (Action.START, Action.STOP):
        names |= {name for name in running_fields if name in now.fields}
    shown = {name: now.fields.get(name, readable.get(name)) for name in sorted(names)}
    if STATE not in readable:
        return shown
    wished = readable[STATE]
    return shown | {STATE: now.state.value if wished is not None and _steady(now) else wished}


def _moved(before: Live, now: Live) -> bool:
    """Whether it was started or stopped; in between and unknown states say nothing."""
    return _steady(before) and _steady(now) and before.state is not now.state


def _steady(live: Live) -> bool:
    """Whether the platform shows it as running or as standing."""
    return live.state in (State.STARTED, State.STOPPED) and not live.supposed
