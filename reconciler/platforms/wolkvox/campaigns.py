"""Campaigns of wolkvox: the list, the wish in the platform's own form, and what a change of one sends and reads back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from reconciler.calendar import Slot, clock, holidays_around, slots, told_in
from reconciler.call import Call, Flow
from reconciler.catalogue import say
from reconciler.plan.known import Quota, Seen
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, Step
from reconciler.platforms.wolkvox import wire
from reconciler.platforms.wolkvox.pages import shown
from reconciler.platforms.wolkvox.replies import NoSuchApi, NotFound, created_id, rows_of
from reconciler.resource import Action, Desired, Live, Reading, State
from reconciler.target import Target

_CONTACTING: Final = frozenset({"contacts", "scheduled_sms"})
_STATES: Final = {"started": State.STARTED, "stopped": State.STOPPED}


def read(target: Target, wanted: frozenset[str], now: datetime) -> Flow[Seen]:
    """The campaigns; the skills where campaigns are wished; who must not be called where people are to be contacted, by
    whichever way the number came on that list; the quota last, so that it counts these calls too.
    """
    reading = yield from _list(target, now)
    references = (yield from _skills()) if "campaign" in wanted else {}
    tables, notes = (yield from _barred(target)) if wanted & _CONTACTING else ({}, {})
    quota = yield from _quota(now)
    return Seen(campaigns=reading, references=references, quota=quota, tables=tables, notes=notes)


def _list(target: Target, now: datetime) -> Flow[Reading]:
    reply = yield wire.CAMPAIGNS.call()
    try:
        live = [decode(row) for row in rows_of(reply)]
    except NotFound as missing:
        note = say("{why}: where the account has no campaign yet, make a first one in its console", why=missing.why)
        return Reading(complete=False, read_at=now, note=note)
    if len(live) >= target.limit("rows_per_download", wire.ROWS_VERIFIABLE_MAX):
        note = say("{count:,} campaigns are as many as one call may return", count=len(live))
        return Reading(live=live, complete=False, read_at=now, note=note)
    return Reading(live=live, read_at=now)


def _skills() -> Flow[Mapping[str, Mapping[str, str]]]:
    """Ids of skills by name. A name that two skills share means neither: it goes to `skill_twice`."""
    reply = yield wire.SKILLS.call()
    names: dict[str, list[str]] = {}
    try:
        for row in rows_of(reply):
            names.setdefault(row.get("skill_name", "").strip(), []).append(row.get("skill_id", "").strip())
    except (NotFound, NoSuchApi):
        return {}
    return {
        "skill": {name: ids[0] for name, ids in names.items() if len(ids) == 1},
        "skill_twice": {name: ",".join(ids) for name, ids in names.items() if len(ids) > 1},
    }


def _barred(target: Target) -> Flow[tuple[Mapping[str, str], Mapping[str, str]]]:
    """The account's do-not-call list for calls that go out, and why it may not be whole; what does not tell its direction bars
    too. What is not shown of it is left to our own lists.
    """
    reply = yield wire.list_dnc("outbound")
    try:
        page = shown(reply, target)
    except NoSuchApi as missing:
        return {}, {"blacklist": missing.why}
    return {"blacklist": page.tables[0]} if page.tables else {}, {"blacklist": page.note}


def _quota(now: datetime) -> Flow[Quota | None]:
    reply = yield wire.TOKEN_INFO.call()
    try:
        rows = rows_of(reply)
    except NotReadable as unreadable:
        if unreadable.code in ("PLT005", "PLT008"):
            raise
        return None
    row = rows[0] if rows else {}
    used, left, limit = (
        int(text) if (text := row.get(name, "").strip()).isdecimal() else None
        for name in ("all_token_today", "available_consumption_options", "token_limit")
    )
    tomorrow = now.astimezone(ZoneInfo(wire.QUOTA_ZONE)).date() + timedelta(days=1)
    return Quota(
        used=used, left=left, limit=limit, ends=told_in(clock(tomorrow, 0, wire.QUOTA_ZONE, later=False), wire.QUOTA_ZONE)
    )


def decode(row: Mapping[str, str]) -> Live:
    """A row of the list. What the list does not show, or says in words that we do not know, is left out."""
    identifier = row.get("campaign_id", "").strip()
    if not identifier:
        raise NotReadable(say("a campaign of the list has no id"))
    fields = wire.decode_settings(row)
    records = row.get("records", "").strip()
    return Live(
        id=identifier,
        name=fields["display_name"],
        fields=fields,
        state=_STATES.get(row.get("status", "").strip().casefold(), State.UNKNOWN),
        marker=wire.without_marker(row.get("campaign_description", ""))[1],
        native={"type": fields["type"], "records": int(records) if records.isdecimal() else None},
    )


def as_stored(desired: Desired, seen: Seen, target: Target) -> Mapping[str, Any]:
    """What the list would show of the wish, and of what it never shows, what create and edit would be told."""
    block = desired.block
    type_ = block.get("type") or wire.PREDICTIVE
    name = desired.get("display_name") or desired.address.name
    stored: dict[str, Any] = {"display_name": name.strip(), "type": type_}
    if (description := desired.get("description")) is not None:
        stored["description"] = wire.without_marker(description)[0]
    if block.get("skill"):
        stored["skill"] = skill_id(block["skill"], seen)
    if block.get("labels") is not None:
        stored["labels"] = {label: text for label, text in sorted(block["labels"].items()) if text}
    wished = ("speed", "editable", "recall_routing", "dial_order", "turbo_dial")
    stored |= {name: block[name] for name in wished if block.get(name) is not None}
    if type_ == wire.PREDICTIVE and block.get("amd"):
        stored["amd"] = block["amd"]
    if keeps_hours(desired):
        stored["window"] = dict(hours(desired, target, seen.campaigns.read_at))
    return stored


def keeps_hours(desired: Desired) -> bool:
    """Whether the platform is told the hours of a campaign: it keeps those of predictive ones alone."""
    return bool(desired.get("window")) and (desired.block.get("type") or wire.PREDICTIVE) == wire.PREDICTIVE


def skill_id(name: str, seen: Seen) -> str:
    """The id of a skill given by id or name; what is not known stays as it was written."""
    skills = seen.references.get("skill", {})
    return name if is_skill_id(name, seen) else skills.get(name, name)


def is_skill_id(name: str, seen: Seen) -> bool:
    """Whether it is an id in the list of skills, or the one that is never listed."""
    once, twice = seen.references.get("skill", {}), seen.references.get("skill_twice", {})
    return name == wire.VAGENT or name in once.values() or any(name in ids.split(",") for ids in twice.values())


def hours(desired: Desired, target: Target, now: datetime) -> Mapping[str, str]:
    """The one daily slot that the platform takes, on its own clock: that of today, else what holds all of them.

    Several slots of one day become the time from the first start to the last end; the plan stops the campaign in between.
    """
    every_day = desired.get("purpose") == "service"
    window = slots(desired.fields["window"], target.timezone, every_day=every_day)
    return _hours(window, target.platform_timezone, target.country, target.extra_holidays, now)


@lru_cache(maxsize=1024)
def _hours(
    window: tuple[Slot, ...], zone: str, country: str, extra_holidays: tuple[str, ...], now: datetime
) -> Mapping[str, str]:
    """The same; a thousand campaigns have the same few windows."""
    if len(window) > 1:
        holidays = holidays_around(country, now, extra_holidays)
        window = tuple(slot for slot in window if slot.on(now.astimezone(ZoneInfo(slot.zone)).date(), holidays)) or window
    return _hull(window, ZoneInfo(zone), now)


def _hull(window: Iterable[Slot], zone: ZoneInfo, now: datetime) -> dict[str, str]:
    edges = [slot.edges(now.astimezone(ZoneInfo(slot.zone)).date()) for slot in window]
    start, end = min(start for start, _ in edges).astimezone(zone), max(end for _, end in edges).astimezone(zone)
    if end - start >= timedelta(days=1):
        return {"from": "00:00", "to": "24:00"}
    ends_at_midnight = (end.hour, end.minute) == (0, 0) and end.date() == start.date() + timedelta(days=1)
    return {"from": f"{start:%H:%M}", "to": "24:00" if ends_at_midnight else f"{end:%H:%M}"}


def write(step: Step) -> Flow[Mapping[str, str]]:
    """Create, edit, start, stop or delete one campaign."""
    if step.action is Action.CREATE:
        return (yield from _create(step))
    live = there(step)
    type_ = live.native["type"]
    if step.action is Action.UPDATE:
        yield from _update(step, live)
    elif step.action is Action.DELETE:
        # The form with ids in the body; an id in the url beside it would leave open which of them counts.
        yield wire.DELETE.call(type_campaign=type_, json={"campaign_ids": [live.id]}, facts={"id": live.id})
    else:
        operation = wire.START if step.action is Action.START else wire.STOP
        yield operation.call(type_campaign=type_, campaign_id=live.id, facts={"id": live.id})
    return {"id": live.id}


def there(step: Step) -> Live:
    """The campaign that a step is about; NotDone when it is gone."""
    if step.live is None:
        raise NotDone(say("the campaign is no longer there; nothing was sent"))
    return step.live


def _mark(step: Step) -> str:
    return wire.marker(step.target, step.desired.address.name) if step.desired else ""


def _create(step: Step) -> Flow[Mapping[str, str]]:
    stored, mark = step.stored, _mark(step)
    body, later = wire.encode_create(stored, mark)
    namesakes = ",".join(live.id for live in step.seen.campaign(stored["display_name"]))
    facts = {"name": stored["display_name"], "marker": mark, "namesakes": namesakes}
    reply = yield wire.CREATE.call(type_campaign=stored["type"], json=body, facts=facts)
    identifier = created_id(reply)
    if later:
        rest = wire.encode_edit({name: stored[name] for name in later})
        yield wire.EDIT.call(campaign_id=identifier, json=rest, facts={"id": identifier})
    if "speed" in stored:
        yield _speed(identifier, stored["type"], stored["speed"])
    return {"id": identifier}


def _update(step: Step, live: Live) -> Flow[None]:
    """Only what differs is sent; the mark comes with it where the live description lacks it."""
    stored, mark = step.stored, _mark(step)
    changed = {name: stored[name] for name in sorted(step.changed) if name in stored}
    if not changed:
        return
    body = wire.encode_edit(changed)
    if "description" in changed or live.marker != mark:
        kept = stored.get("description", live.fields.get("description", ""))
        body["campaign_description"] = wire.with_marker(kept, mark)
    if body:
        yield wire.EDIT.call(campaign_id=live.id, json=body, facts={"id": live.id})
    if "speed" in changed:
        yield _speed(live.id, changed.get("type", live.native["type"]), changed["speed"])


def _speed(identifier: str, type_: str, speed: int) -> Call:
    return wire.SPEED.call(type_campaign=type_, campaign_id=identifier, json={"speed": str(speed)}, facts={"id": identifier})


def now_live(identifier: str) -> Flow[Live | None]:
    """One campaign as the list shows it now; None when it is not shown."""
    reply = yield wire.CAMPAIGNS.call(campaign=identifier)
    try:
        return next((live for live in map(decode, rows_of(reply)) if live.id == identifier), None)
    except NotFound:
        return None


def verify(step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
    """Read the campaign back. Settings that the list never shows are taken on the platform's word, and so said."""
    identifier = facts.get("id") or (step.live.id if step.live else "")
    if step.action is Action.DELETE:
        return (yield from _verify_gone(step, identifier))
    live = (yield from now_live(identifier)) if identifier else None
    if live is None:
        return Evidence(certainty=Certainty.UNKNOWN, why=say("the campaign is not in the list"))
    if step.action in (Action.START, Action.STOP):
        return _verified_state(live, State.STARTED if step.action is Action.START else State.STOPPED)
    names = frozenset(step.stored) if step.action is Action.CREATE else step.changed
    wrong = sorted(name for name in names & wire.READABLE if live.fields.get(name) != step.stored.get(name))
    if live.marker != _mark(step):
        wrong.append("marker")
    if wrong:
        why = say("the platform shows another {names}", names=", ".join(wrong))
        return Evidence(certainty=Certainty.WRONG, why=why, live=live)
    unseen = sorted(names & wire.UNREADABLE)
    if unseen:
        why = say("the platform does not show {names}", names=", ".join(unseen))
        return Evidence(certainty=Certainty.WEAK, why=why, live=live, facts={"id": live.id})
    return Evidence(certainty=Certainty.VERIFIED, live=live, facts={"id": live.id})


def _verified_state(live: Live, wished: State) -> Evidence:
    if live.state is wished:
        return Evidence(certainty=Certainty.VERIFIED, live=live, facts={"id": live.id})
    certainty = Certainty.UNKNOWN if live.state is State.UNKNOWN else Certainty.WRONG
    return Evidence(certainty=certainty, why=say("the platform shows it as {state}", state=live.state.value), live=live)


def _verify_gone(step: Step, identifier: str) -> Flow[Evidence]:
    """From the whole list: that one campaign is not found proves less than a list which shows the others."""
    reading = yield from _list(step.target, step.now)
    live = next((live for live in reading.live if live.id == identifier), None)
    if live is not None:
        return Evidence(certainty=Certainty.WRONG, why=say("the campaign is still in the list"), live=live)
    if not reading.complete:
        return Evidence(certainty=Certainty.UNKNOWN, why=reading.note)
    return Evidence(certainty=Certainty.VERIFIED, facts={"id": identifier})
