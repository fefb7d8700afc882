"""What became of a write whose outcome is unknown: decided from what was read afterwards, by the write's safety class.

Pure: the reading is done elsewhere. A verdict that reading cannot give is left to a person, and until then the recipients
are held and nothing is repeated. What would let a call be made again rests on two readings that agree, since one may be
older than the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.call import Safety, Verdict
from reconciler.catalogue import say
from reconciler.journal.entry import Event
from reconciler.plan.known import Seen, Unsettled
from reconciler.resource import Action, State
from reconciler.rows.sheet import Presence

APART_S: Final = 20.0
LOOKS_MAX: Final = 3
_STATE: Final = "state"
_STATES_AFTER: Final[Mapping[Action, State]] = {Action.START: State.STARTED, Action.STOP: State.STOPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The outcome of settling one operation. `event` is None while a person has to decide."""

    doubt: Unsettled
    verdict: Verdict
    event: Event | None
    why: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A moment on a clock that nobody can set: which boot of which machine, and the seconds since then."""

    boot: str
    clock_s: float


def settling_s(settle_s: float, known: Event, leaving_s: float) -> float:
    """Seconds from what was last `known` of a call until it can no longer take effect. Of an intent alone nobody knows when the
    request left: for `leaving_s` its run could still send it.
    """
    return settle_s + leaving_s if known is Event.INTENT else settle_s


def seconds_left(settle_s: float, *, stamped: Instant, first_seen: Instant, now: Instant) -> float:
    """Until the call can no longer take effect: one that timed out may still be at work on the platform's side.

    On the boot that stamped the doubt the true time counts; elsewhere it counts from when the doubt was first seen there.
    """
    since = stamped if stamped.boot and stamped.boot == now.boot else first_seen
    return settle_s - (now.clock_s - since.clock_s)


def settle(doubt: Unsettled, seen: Seen, presence: Presence | None, task: Verdict | None) -> Settlement:
    """Decide one doubt. `presence` = how its recipients stand in the live rows, where they can be listed; `task` = its poll."""
    safety = Safety(doubt.facts.get("safety", Safety.BLIND.value))
    if not seen.campaigns.complete:
        return _open(doubt, Verdict.HOLD, say("the target did not show its whole state"))
    if safety is Safety.SET:
        return _set(doubt, seen)
    if presence is not None and (safety is Safety.MARKER or doubt.address.kind == "contacts"):
        return _marker(doubt, presence)
    if safety is Safety.CREATE:
        return _create(doubt, seen)
    if safety is Safety.TASK:
        return _task(doubt, task)
    return _open(doubt, Verdict.ASK, say("the platform cannot show it; look in its console and tell 'reconciler resolve'"))


def rests_on_one_reading(settlement: Settlement) -> bool:
    """Whether one reading alone, which may be old, would let something be made or somebody be contacted once more, or prove
    that a state was set or an object made: an older state may look just like it.
    """
    if settlement.doubt.facts.get("safety") == Safety.SET.value:
        return settlement.event is Event.VERIFIED
    made = settlement.doubt.facts.get("safety") == Safety.CREATE.value and settlement.event is Event.VERIFIED
    return made or settlement.event in (Event.NO_EFFECT, Event.PARTIAL)


def apart(first_s: float, between_s: float, pause_s: float) -> bool:
    """Whether two readings lie too far apart to count together: between the end of the one and the end of the other more time
    passed than a pause and as long a reading take. Of two looks at once one may be old; of two far apart each may be.
    """
    return between_s > first_s + pause_s + APART_S


def agreed(first: Settlement, second: Settlement) -> Settlement:
    """What two readings say together: the second where they agree; else the doubt stays."""
    if (first.event, first.why) == (second.event, second.why):
        return second
    return held(second.doubt, say("two readings in a row differ: run it again"))


def held(doubt: Unsettled, why: str) -> Settlement:
    """The doubt stays, until a later reading can tell."""
    return _open(doubt, Verdict.HOLD, why)


def asked(doubt: Unsettled, why: str) -> Settlement:
    """The doubt stays, until a person tells."""
    return _open(doubt, Verdict.ASK, why)


def _set(doubt: Unsettled, seen: Seen) -> Settlement:
    """A set state is compared: where it is as before, the next plan wishes it again; where it is neither, a person tells."""
    live = seen.by_id(str(doubt.facts.get("id", "")))
    if doubt.address.kind != "campaign":
        return _closed(doubt, Event.NO_EFFECT, say("the next plan compares the list again"))
    if doubt.action is Action.DELETE:
        return _closed(
            doubt,
            Event.NO_EFFECT if live else Event.VERIFIED,
            say("read again: it is {what}", what=say("there") if live else say("gone")),
        )
    if live is None:
        return _closed(doubt, Event.NO_EFFECT, say("the campaign is not there any more"))
    fields = {name: value for name, value in (doubt.facts.get("readable") or {}).items() if name != _STATE}
    before = doubt.facts.get("before") or {}
    others = [name for name in before if live.fields.get(name) not in (before[name], fields.get(name))]
    if others:
        return asked(doubt, say("somebody changed {paths} in between", paths=", ".join(others)))
    state = _state_wished(doubt, fields)
    if not fields and state is None:
        return _closed(doubt, Event.NO_EFFECT, say("the platform does not show these fields; they are set again"))
    hidden = live.supposed or live.state is State.UNKNOWN
    if state is State.STARTED and hidden:
        return asked(doubt, say("the platform does not show whether it runs, and nothing is started twice on a guess"))
    right = all(live.fields.get(name) == value for name, value in fields.items())
    if right and (state is None or (state is live.state and not hidden)):
        return _closed(doubt, Event.VERIFIED, say("read again: it is as wished"))
    return _closed(doubt, Event.NO_EFFECT, say("read again: it is not as wished"))


def _state_wished(doubt: Unsettled, fields: Mapping[str, Any]) -> State | None:
    """The run state that a start or stop was to bring about; None where it is a matter of its fields."""
    readable = doubt.facts.get("readable") or {}
    by_fields = not readable[_STATE] if _STATE in readable else bool(fields)
    return None if by_fields else _STATES_AFTER.get(doubt.action)


def _create(doubt: Unsettled, seen: Seen) -> Settlement:
    """A created object is found by our marker, else by a name that nobody had before."""
    before = set(str(doubt.facts.get("namesakes", "")).split(","))
    marker, name = str(doubt.facts.get("marker", "")), doubt.facts.get("name")
    if doubt.address.kind != "campaign":
        return _closed(doubt, Event.NO_EFFECT, say("the next plan compares the list again"))
    found = [
        live
        for live in seen.campaigns.live
        if live.id not in before and (live.marker == marker if marker else live.name == name)
    ]
    if len(found) > 1:
        return _open(doubt, Verdict.ASK, say("{count} live campaigns could be it", count=len(found)))
    if found:
        return _closed(doubt, Event.VERIFIED, say("found by listing"), {"id": found[0].id})
    return _closed(doubt, Event.NO_EFFECT, say("listed again: it is not there"))


def _marker(doubt: Unsettled, presence: Presence) -> Settlement:
    if not presence.present and not presence.missing:
        return _open(doubt, Verdict.ASK, say("the journal does not say which rows it was for"))
    if presence.twice:
        return _open(doubt, Verdict.ASK, say("{count} rows are there twice", count=presence.twice))
    if not presence.missing:
        return _closed(doubt, Event.VERIFIED, say("all {count} rows are listed", count=presence.present))
    if not presence.present:
        return _closed(doubt, Event.NO_EFFECT, say("none of the rows is listed"))
    why = say(
        "{present} of {all} rows are listed; the others may be sent",
        present=presence.present,
        all=presence.present + presence.missing,
    )
    return _closed(doubt, Event.PARTIAL, why)


def _task(doubt: Unsettled, task: Verdict | None) -> Settlement:
    if task is Verdict.DONE:
        return _closed(doubt, Event.VERIFIED_WEAK, say("its task has ended well"))
    if task is Verdict.NOT_DONE:
        return _closed(doubt, Event.NO_EFFECT, say("its task did not end; the state is set again"))
    if task is Verdict.HOLD:
        return _open(doubt, Verdict.HOLD, say("its task is still at work"))
    return _open(
        doubt, Verdict.ASK, say("its task failed or is not known; look in the console, when no load is at work there any more")
    )


def _closed(doubt: Unsettled, event: Event, why: str, facts: Mapping[str, Any] | None = None) -> Settlement:
    verdict = Verdict.NOT_DONE if event is Event.NO_EFFECT else Verdict.DONE
    return Settlement(doubt=doubt, verdict=verdict, event=event, why=why, facts=facts or {})


def _open(doubt: Unsettled, verdict: Verdict, why: str) -> Settlement:
    return Settlement(doubt=doubt, verdict=verdict, event=None, why=why)
