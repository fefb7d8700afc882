"""Campaigns: one object, read, changed and put back whole, so that what we do not know of it survives.

A campaign in manual mode is started and stopped by order; one that is scheduled or always on runs by itself. Every campaign
is therefore created in manual mode, and what makes it run by itself is put on it last, as a start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from reconciler.call import Flow
from reconciler.catalogue import say
from reconciler.platforms.lynn.dialect import CAMPAIGN, RUNNING, call, decoded, encoded, merged, part
from reconciler.platforms.lynn.replies import absent, identifier_in, listed, made_id, shown, single
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, Step
from reconciler.resource import Action, Desired, Live, State
from reconciler.target import Target

FIELDS: Final = frozenset(key.ours for key in CAMPAIGN)
RUNNING_FIELDS: Final = frozenset({"execution_mode", "start_at", "stop_at"})
BY_ITSELF: Final = frozenset({"scheduled", "always_on"})


# --- reading


def as_stored(desired: Desired, target: Target) -> dict[str, Any]:
    """The wish as `decode` would show it."""
    own = {"display_name": desired.get("display_name", desired.address.name), "description": desired.get("description")}
    wished = own | {name: value for name, value in desired.block.items() if name in FIELDS}
    stored = {name: value for name, value in wished.items() if value is not None}
    return decoded(encoded(stored), target.platform_timezone)


def live_of(native: Mapping[str, Any], target: Target, now: datetime) -> Live:
    """One campaign as it was shown. Raises NotReadable when it has no id or no name."""
    fields = decoded(native, target.platform_timezone)
    identifier, name = identifier_in(native), fields.get("display_name")
    if not identifier or not name:
        raise NotReadable(say("a campaign is shown without its id or name"))
    return Live(id=identifier, name=name, fields=fields, state=state_of(native, fields, now), native=dict(native))


def state_of(native: Mapping[str, Any], fields: Mapping[str, Any], now: datetime) -> State:
    """Whether a campaign runs: by order in manual mode, by its dates when scheduled, and always when always on."""
    running = part(native, RUNNING)
    mode = fields.get("execution_mode")
    if mode == "always_on":
        return State.STARTED
    if mode == "manual" and isinstance(running, bool):
        return State.STARTED if running else State.STOPPED
    if mode != "scheduled":
        return State.UNKNOWN
    if running is True:
        return State.STARTED
    try:
        first, last = (datetime.fromisoformat(fields[name]) for name in ("start_at", "stop_at"))
    except (KeyError, ValueError):
        return State.UNKNOWN
    return State.FINISHED if now >= last else State.STARTED if now >= first else State.STOPPED


def read_list(target: Target, now: datetime) -> Flow[list[Live]]:
    """All campaigns that the tenant's list shows. Raises NotReadable when two of them share an id."""
    reply = yield call(target, "GetCampaigns")
    live = [live_of(native, target, now) for native in listed(reply)]
    if len({one.id.casefold() for one in live}) != len(live):
        raise NotReadable(say("two campaigns are shown with one id"))
    return live


def read_one(target: Target, identifier: str, now: datetime) -> Flow[Live | None]:
    """One campaign by its id; None when the platform says that it is not there."""
    reply = yield call(target, "GetCampaign", identifier)
    if absent(reply):
        return None
    live = live_of(single(reply), target, now)
    if live.id.casefold() != identifier.casefold():
        raise NotReadable(say("the platform shows another campaign than the one asked for"))
    return live


def scoped(desired: Desired, campaign: Live | None, live: Sequence[Live]) -> tuple[Live, ...]:
    """The live campaigns that a blacklist's scope means; `campaign` is the one that it names, where it is known."""
    scope = desired.get("scope", {})
    if category := scope.get("category"):
        return tuple(one for one in live if one.fields.get("category") == category)
    if campaign is not None:
        return (campaign,)
    namesakes = tuple(one for one in live if one.name == scope.get("campaign"))
    return namesakes if len(namesakes) == 1 else ()


# --- writing


def write(step: Step) -> Flow[Mapping[str, str]]:
    """Create, update, delete, start or stop one campaign."""
    match step.action:
        case Action.CREATE:
            return (yield from _create(step))
        case Action.UPDATE:
            names = _put_by_update(step)
            if names:
                yield from _put(step, {name: step.stored[name] for name in names})
        case Action.DELETE:
            identifier = _identifier(step)
            yield call(step.target, "DeleteCampaign", identifier, facts={"id": identifier})
        case Action.START:
            yield from _start(step)
        case Action.STOP:
            yield from _stop(step)
        case _:
            raise ValueError(step.action)
    return {"id": _identifier(step)}


def _create(step: Step) -> Flow[Mapping[str, str]]:
    still = {name: value for name, value in step.stored.items() if name not in RUNNING_FIELDS}
    name = step.stored["display_name"]
    facts = {"name": name, "marker": "", "namesakes": ",".join(live.id for live in step.seen.campaign(name))}
    body = encoded(still | {"execution_mode": "manual"})
    reply = yield call(step.target, "PostCampaign", json=body, facts=facts)
    return {"id": made_id(reply)}


def _put_by_update(step: Step) -> frozenset[str]:
    """What an update may set: never what makes a campaign run by itself; back to manual mode only."""
    plain = step.changed - RUNNING_FIELDS
    back = {"execution_mode"} if step.stored.get("execution_mode") == "manual" else set()
    return frozenset(name for name in plain | (step.changed & back) if name in step.stored)


def _start(step: Step) -> Flow[None]:
    """Put on what makes it run by itself; in manual mode, order the start."""
    running = {name: step.stored[name] for name in RUNNING_FIELDS if name in step.stored}
    if step.changed & RUNNING_FIELDS:
        yield from _put(step, running)
        if running.get("execution_mode") in BY_ITSELF or not _to_be_started(step):
            return
    identifier = _identifier(step)
    yield call(step.target, "StartCampaignExecution", identifier, facts={"id": identifier})


def _to_be_started(step: Step) -> bool:
    return step.desired is not None and step.desired.get("state") == "started"


def _stop(step: Step) -> Flow[None]:
    """Order the stop in manual mode; what runs by itself is put into manual mode, and stopped if it still runs then."""
    identifier = _identifier(step)
    if _to_manual(step):
        state = yield from _put(step, {"execution_mode": "manual"})
        if state is State.UNKNOWN:  # the answer shows no campaign
            after = yield from read_one(step.target, identifier, step.now)
            state = after.state if after else State.UNKNOWN
        if state is not State.STARTED:
            return
    yield call(step.target, "StopCampaignExecution", identifier, facts={"id": identifier})


def _to_manual(step: Step) -> bool:
    mode = step.live.fields.get("execution_mode") if step.live else None
    return mode in BY_ITSELF or "execution_mode" in step.changed


def _put(step: Step, wished: Mapping[str, Any]) -> Flow[State]:
    """Read the object anew, change what is wished, put the whole back. The run state that the answer shows."""
    identifier = _identifier(step)
    fresh = yield from read_one(step.target, identifier, step.now)
    if fresh is None:
        raise NotDone(say("the campaign is no longer there"))
    body = merged(fresh.native, encoded(wished))
    reply = yield call(step.target, "PutCampaign", fresh.id, json=body, facts={"id": fresh.id})
    native = shown(reply)
    return state_of(native, decoded(native, step.target.platform_timezone), step.now)


def _identifier(step: Step) -> str:
    if step.live is None:
        raise NotDone(say("the campaign is not there"))
    return step.live.id


# --- reading back


def verify(step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
    """The object as it is after a change, and whether that is what was wished."""
    identifier = facts.get("id") or _identifier(step)
    live = yield from read_one(step.target, identifier, step.now)
    if step.action is Action.DELETE:
        if live is None:
            return Evidence(certainty=Certainty.VERIFIED)
        return Evidence(certainty=Certainty.WRONG, why=say("the campaign is still there"), live=live)
    if live is None:
        return Evidence(certainty=Certainty.WRONG, why=say("the campaign is not there"))
    certainty, why = _compared(step, live)
    return Evidence(certainty=certainty, why=why, live=live, facts={"id": live.id})


def _compared(step: Step, live: Live) -> tuple[Certainty, str]:
    expected = _expected(step)
    other = sorted(name for name in expected if live.fields.get(name) != expected[name])
    if other:
        return Certainty.WRONG, say("the platform shows another value of {names}", names=", ".join(other))
    if step.action is Action.CREATE and live.state is State.STARTED:
        return Certainty.WRONG, say("the new campaign runs")
    if step.action is Action.STOP:
        return _by_state(live, State.STOPPED, say("the campaign still runs"))
    if step.action is Action.START and expected.get("execution_mode", "manual") == "manual" and not _only_put(step):
        return _by_state(live, State.STARTED, say("the campaign does not run"))
    return Certainty.VERIFIED, ""


def _only_put(step: Step) -> bool:
    return bool(step.changed & RUNNING_FIELDS) and not _to_be_started(step)


def _expected(step: Step) -> Mapping[str, Any]:
    """The fields that must be shown after the step."""
    still = {name: value for name, value in step.stored.items() if name not in RUNNING_FIELDS}
    match step.action:
        case Action.CREATE:
            return still | {"execution_mode": "manual"}
        case Action.UPDATE:
            return still | {name: step.stored[name] for name in _put_by_update(step)}
        case Action.START if step.changed & RUNNING_FIELDS:
            return {name: step.stored[name] for name in RUNNING_FIELDS if name in step.stored}
        case Action.STOP if _to_manual(step):
            return {"execution_mode": "manual"}
        case _:
            return {}


def _by_state(live: Live, wished: State, otherwise: str) -> tuple[Certainty, str]:
    if live.state is wished:
        return Certainty.VERIFIED, ""
    if live.state is State.UNKNOWN:
        return Certainty.WEAK, say("the platform does not show whether it runs")
    return Certainty.WRONG, otherwise
