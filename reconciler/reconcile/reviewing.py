"""What a saved plan keeps for the day when it is applied: what it was made from, and whom it is about.

The basis is found without asking a platform, so that a changed file ends an apply before the first call. The extent is
found from a proposal; both planning and applying measure in the same way.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.plan.narrow import NAME_BYTES, NAMES_MAX, REACHED, Basis, Extent, Names
from reconciler.plan.values import Plan
from reconciler.reconcile.propose import SHAPES, Proposal, selected, written
from reconciler.reconcile.session import Session
from reconciler.resource import Action, Address, Desired, Shape
from reconciler.rows.sheet import Verb
from reconciler.specs import rows_spec
from reconciler.target import Target


def basis_of(session: Session, only: tuple[str, ...]) -> Basis:
    """What a plan of the documents that `only` selects is made from, but for the targets (`targets_of`).

    Reads files and the journal's key, and asks no platform. The rows stay prepared for the proposal that follows. SpecsWrong
    and SourceBroken for mistakes in them.
    """
    key = session.journal.key
    specs, settings = written(session)
    desired = [wish for wish in specs.desired if selected(wish, only)]
    lists = [wish for wish in desired if SHAPES[wish.address.kind] is not Shape.OBJECT]
    return Basis(
        journal=_keyed(key, "journal", None),
        policy=_keyed(key, "policy", settings.inputs),
        documents={str(wish.address): _keyed(key, "document", _understood(wish)) for wish in desired},
        sources={str(wish.address): _rows_of(session, wish) for wish in lists},
    )


def targets_of(session: Session, names: Iterable[str]) -> dict[str, str]:
    """How those targets are set up, as a basis has it; one that the project does not have is left out."""
    key, targets = session.journal.key, session.project.targets
    return {name: _keyed(key, "target", _set_up(targets[name])) for name in names if name in targets}


def _keyed(key: bytes, what: str, value: Any) -> str:
    """A digest that tells nothing to who lacks the key: fields may be guessed, and rows in a document are people."""
    return hmac.digest(key, f"{what}\x1f{json.dumps(value, sort_keys=True, default=dict)}".encode(), "sha256").hex()


def _set_up(target: Target) -> list[Any]:
    """All of a target that decides who is reached, and how; not its secrets, which may be renewed, nor its limits."""
    return [
        *(target.platform, target.url, target.account, target.sandbox, target.settings),
        *(target.country, target.timezone, target.platform_timezone, target.extra_holidays),
        *(target.phone_format, target.dial_prefix, target.test_numbers),
    ]


def _understood(desired: Desired) -> list[Any]:
    """The fields of a document. Rows that stand in it are rows: their order means nothing, and `_rows_of` covers them."""
    fields: dict[str, Any] = dict(desired.fields)
    for name in ("source", "lifts"):
        if isinstance(fields.get(name), Mapping):
            fields[name] = {key: value for key, value in fields[name].items() if key != "rows"}
    return [desired.platform, fields, desired.block, desired.protect]


def _rows_of(session: Session, desired: Desired) -> str:
    """A digest of the rows that a document names, and of those whom it lifts."""
    from reconciler.rows.prepare import prepare
    from reconciler.rows.reviewed import source_digest

    target = session.project.targets[desired.address.target]
    sheet, found = session.platform(target).sheet(desired, target), []
    takes_away = desired.get("missing", "keep") != "keep"
    for lifts in (False, True) if desired.get("lifts") else (False,):
        prepared = prepare(session.engine, rows_spec(desired, target, session.project, sheet, lifts=lifts))
        found.append(source_digest(session.engine, prepared, takes_away=takes_away))
        session.ready[desired.address, lifts] = prepared
    return "+".join(found)


def extent_of(session: Session, proposal: Proposal) -> Extent:
    """What a proposal's plan does, and the names of those whom it is about: the smallest sets first, `NAMES_MAX` in all."""
    plan = proposal.plan
    return Extent(
        # as it reads when it was saved: what is compared has one form
        substance=json.loads(json.dumps(plan.substance())),
        people=plan.people.total,
        names=_names(session, proposal),
        homes={str(change.address): str(change.campaign) for change in plan.changes if change.campaign},
        suppressed={str(rows.address): dict(rows.diff.suppressed) for rows in plan.rows},
        again={str(rows.address): rows.diff.again for rows in plan.rows if rows.diff.again},
        edits=_edits(plan),
    )


def _edits(plan: Plan) -> dict[str, list[str]]:
    """What somebody set in a console, where the documents wish something else: as the plan shows it."""
    found: dict[str, list[str]] = {}
    for drift in plan.drift:
        if drift.contested:
            found.setdefault(str(drift.address), []).append(f"{drift.path}={json.dumps(drift.live, sort_keys=True)}")
    return found


def _names(session: Session, proposal: Proposal) -> dict[str, dict[str, Names]]:
    names: dict[str, dict[str, Names]] = {}
    left = NAMES_MAX
    for count, address, what, tables in sorted(_sets(session, proposal)):
        kept = count <= left
        left -= count if kept else 0
        names.setdefault(address, {})[what] = _named(_pieces(session, what, tables), kept=kept)
    return names


def _sets(session: Session, proposal: Proposal) -> Iterator[tuple[int, str, str, list[str]]]:
    """(how many at most, address, verb or start, a query of rows or tables of persons) of each set. Barring more people needs
    no name.
    """
    for address, listed in proposal.listing.listed.items():
        for verb, marked in listed.compared.feed.marked.items():
            if marked.count and (address.kind, verb) != ("blacklist", Verb.ADD):
                yield marked.count, str(address), verb.value, [listed.compared.feed.reviewed(verb)]
    for change in proposal.plan.changes:
        if change.action is Action.START:
            tables = _reached(proposal, change.address)
            yield sum(session.engine.count(table) for table in tables), str(change.address), REACHED, tables


def _reached(proposal: Proposal, campaign: Address) -> list[str]:
    """Tables of the persons whom a start reaches: who can be dialled already, and who is loaded before."""
    loads = {change.address for change in proposal.plan.changes if change.campaign == campaign}
    listed = (proposal.listing.listed[address] for address in sorted(loads) if address in proposal.listing.listed)
    return [*proposal.listing.dialable.get(campaign, ()), *(each.compared.persons for each in listed)]


def _pieces(session: Session, what: str, tables: list[str]) -> Iterator[bytes]:
    if not tables:  # nobody is known, and without rows there is no engine
        return iter(())
    from reconciler.rows.reviewed import person_names, row_names

    return person_names(session.engine, tables) if what == REACHED else row_names(session.engine, tables[0])


def _named(pieces: Iterable[bytes], *, kept: bool) -> Names:
    digest, count, packed = hashlib.sha256(), 0, bytearray()
    for piece in pieces:
        digest.update(piece)
        count += len(piece) // NAME_BYTES
        if kept:
            packed += piece
    return Names(count=count, digest=digest.hexdigest(), packed=bytes(packed) if kept else None)
