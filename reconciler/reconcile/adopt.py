"""Adopting what is live: an entry in the journal, and a document where none wishes it. Never a write to the platform."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler import document
from reconciler.catalogue import say
from reconciler.errors import Blocked, Mistaken, Unreachable
from reconciler.journal.entry import Columns, Entry, Event
from reconciler.kinds import KINDS
from reconciler.plan.known import Seen
from reconciler.platforms.platform import Platform
from reconciler.reconcile.carry import claim, new_run
from reconciler.reconcile.presence import baseline
from reconciler.reconcile.reading import read_target
from reconciler.reconcile.session import Session
from reconciler.resource import Address, Desired, Live, State
from reconciler.specs import load
from reconciler.target import Target

FOLDER: Final = "imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What an import did. `written` is the new document, None where one wishes the address already."""

    address: Address
    id: str
    rows: int = 0
    written: Path | None = None


def adopt(session: Session, address: Address) -> Adoption:
    """Adopt a live campaign, or the rows that are in a campaign now, under `address`; Stale while somebody applies."""
    run = new_run()
    with session.journal.lock(claim(run), session.moment):
        return _adopt(session, address, run)


def _adopt(session: Session, address: Address, run: str) -> Adoption:
    project = session.project
    target = project.targets.get(address.target)
    if target is None:
        raise Mistaken(
            say("'{target}' is not a target", target=address.target), code="SPC007", remedy=say("see reconciler.yaml")
        )
    if address.kind not in ("campaign", "contacts"):
        message = say("'{kind}' cannot be imported: only campaigns, and the rows of contacts", kind=address.kind)
        raise Mistaken(message, code="SPC006", remedy=say("write the document yourself; what is live stays as it is"))
    specs = load(project, KINDS, session.platforms)
    desired = next((wish for wish in specs.desired if wish.address == address), None)
    memory = session.journal.memory()
    here = [wish for wish in specs.desired if wish.address.target == target.name]
    reading = read_target(session, target, here, memory, session.world.now())
    if reading.seen is None:
        raise Unreachable(reading.state.note, code=reading.finding.code if reading.finding else "PLT007")
    if address.kind == "contacts":
        return _adopt_rows(session, target, desired, address, reading.seen, run)
    live = _live(desired, address, reading.seen)
    owner = next(
        (owned.address for owned in memory.owned.values() if owned.id == live.id and owned.container == target.container), None
    )
    if owner and owner != address:
        raise Blocked(say("it is managed already, as {address}", address=owner), code="OWN001", remedy=say("use that address"))
    facts = {
        "id": live.id,
        "name": live.name,
        "container": target.container,
        "fields": {},
        "readable": _as_found(live, session.platform(target)),
        "protect": False,
    }
    _write(session, address, facts, Columns(), run)
    written = None if desired else _document(session, target, address, live, reading.seen)
    return Adoption(address=address, id=live.id, written=written)


def _as_found(live: Live, platform: Platform) -> dict[str, Any]:
    """What the platform shows of a campaign now, so that a later edit of somebody else can be told from it.

    The run state is no part of it where it follows from the fields, or is not a steady one.
    """
    unreadable = platform.supports["campaign"].unreadable
    fields = {name: value for name, value in live.fields.items() if name not in unreadable}
    steady = live.state in (State.STARTED, State.STOPPED) and not platform.runs_by_itself(live.fields)
    return fields | {"state": live.state.value if steady else None}


def _live(desired: Desired | None, address: Address, seen: Seen) -> Live:
    name = (desired.get("display_name") if desired else None) or address.name
    found = seen.campaign(name)
    if not found:
        message = say("no live campaign is called '{name}'", name=name)
        raise Mistaken(
            message,
            code="PTH002",
            remedy=say("live: {names}", names=", ".join(sorted(live.name for live in seen.campaigns.live)[:20]) or "–"),
        )
    if len(found) > 1:
        message = say("{count} live campaigns are called '{name}'", count=len(found), name=name)
        raise Blocked(message, code="OWN002", remedy=say("rename one of them in the console"))
    return found[0]


def _adopt_rows(session: Session, target: Target, desired: Desired | None, address: Address, seen: Seen, run: str) -> Adoption:
    """Remember which rows were in the campaign before us: only those and our own may be taken away later."""
    if desired is None or not desired.get("campaign"):
        message = say("no contacts document with a campaign has the address {address}", address=address)
        raise Mistaken(message, code="SPC010", remedy=say("write the document first"))
    home = session.journal.memory().owned.get(Address(target.name, "campaign", desired.fields["campaign"]))
    live = seen.by_id(home.id) if home else None
    if live is None:
        message = say("the campaign '{name}' is not managed yet", name=desired.fields["campaign"])
        raise Blocked(
            message,
            code="OWN001",
            remedy=say(
                "run 'reconciler import {address}' first", address=f"{target.name}/campaign/{desired.fields['campaign']}"
            ),
        )
    columns, count, container = baseline(session, desired, target, live, seen)
    facts = {"id": live.id, "name": live.name, "container": container, "fields": {}, "protect": False, "rows": count}
    _write(session, address, facts, columns, run)
    return Adoption(address=address, id=live.id, rows=count)


def _write(session: Session, address: Address, facts: Mapping[str, Any], columns: Columns, run: str) -> None:
    now = session.world.now()
    entry = Entry(event=Event.ADOPTED, at=now, run=run, address=address, container=str(facts["container"]), facts=facts)
    session.journal.append(entry, columns)
    pin_journal(session)


def pin_journal(session: Session) -> bool:
    """Write the journal's id into reconciler.yaml, so that a lost journal is noticed; False where it stands there already."""
    project = session.project
    if project.journal_id:
        return False
    path = project.root / project.file
    text = path.read_text("utf-8")
    line = f"journal_id: {session.journal.id}\n"
    place = re.search(r"^journal:.*\n", text, re.MULTILINE) or re.search(r"^version:.*\n", text, re.MULTILINE)
    end = place.end() if place else 0
    path.write_text(text[:end] + line + text[end:], "utf-8")
    return True


def _document(session: Session, target: Target, address: Address, live: Live, seen: Seen) -> Path:
    """The live campaign as YAML: what the platform shows, in the language of documents."""
    project = session.project
    block_fields = {field.name for field in session.platform(target).blocks.get("campaign", ())}
    own_fields = {field.name for field in KINDS["campaign"].fields} - {"display_name"}
    names = {identifier: name for name, identifier in seen.references.get("skill", {}).items()}
    shown = {name: value for name, value in live.fields.items() if value not in (None, "", {}, [])}
    if "skill" in shown:
        shown["skill"] = names.get(str(shown["skill"]), shown["skill"])
    wish: dict[str, Any] = {"kind": "campaign", "target": target.name, "name": address.name}
    startable = shown.get("execution_mode", "manual") == "manual"
    if startable and live.state in (State.STARTED, State.STOPPED):
        wish["state"] = live.state.value
    wish |= {name: value for name, value in shown.items() if name in own_fields}
    block = {name: value for name, value in shown.items() if name in block_fields}
    if block:
        wish[target.platform] = block
    folder = project.root / project.specs / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", address.name).strip("-.") or "campaign"
    path = folder / f"{target.name}-{address.kind}-{safe}.yaml"
    path.write_text(document.write([wish]), "utf-8")
    return path.relative_to(project.root)
