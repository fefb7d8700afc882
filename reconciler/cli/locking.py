"""lock and unlock: a person keeps everybody from applying, or lifts a lock that its holder left behind."""

from __future__ import annotations

import json

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common
from reconciler.cli.output import FORMAT_VERSION, data, note
from reconciler.cli.workspace import open_project, open_session


def _reasoned(_context: click.Context, _parameter: click.Parameter, reason: str) -> str:
    if not reason.strip():
        raise click.UsageError(say("a lock needs --reason: others will ask"))
    return reason.strip()


@click.command()
@click.option("--reason", default="", callback=_reasoned, help="Why; shown to whoever wants to apply, and kept in the journal.")
@common
def lock(shared: Shared, reason: str) -> int:
    """Keep everybody from applying, until `unlock`. What is dialling goes on: nothing is stopped."""
    from reconciler.reconcile.carry import claim, new_run

    with open_session(open_project(shared)) as session:
        lease = session.journal.seize(claim(new_run(), life_s=None, reason=reason), session.moment)
    told = {"format_version": FORMAT_VERSION, "id": lease.run, "holder": lease.holder, "reason": reason}
    lines = (
        say("locked: {id}", id=lease.run),
        say("nobody applies until 'reconciler unlock {id} --reason TEXT'", id=lease.run),
    )
    data(json.dumps(told, indent=2, ensure_ascii=False) if shared.format == "json" else "\n".join(lines))
    return exits.DONE


@click.command()
@click.argument("identifier", metavar="ID")
@click.option("--reason", default="", callback=_reasoned, help="Why; kept in the journal.")
@common
def unlock(shared: Shared, identifier: str, reason: str) -> int:
    """Lift the lock of that ID, a person's or a run's: whoever held it can record, and so send, nothing more.

    A journal that has moved is taken back in the same way.
    """
    from reconciler.reconcile.carry import claim, new_run

    with open_session(open_project(shared)) as session:
        lifted = session.evidence().unlock(identifier, claim(new_run(), reason=reason), session.moment)
    told = {"format_version": FORMAT_VERSION, "id": lifted.run, "holder": lifted.holder, "reason": reason}
    line = say("lifted: {id}, which {holder} held", id=lifted.run, holder=lifted.holder)
    if lifted.moved:
        note(shared, say("what was sent by the journal in {place} is not known here: never use both", place=lifted.moved))
    data(json.dumps(told, indent=2, ensure_ascii=False) if shared.format == "json" else line)
    return exits.DONE
