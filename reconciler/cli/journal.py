"""journal: where the memory lies."""

from __future__ import annotations

import json

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common
from reconciler.cli.output import FORMAT_VERSION, data, note
from reconciler.cli.workspace import open_project, open_session


@click.group()
def journal() -> None:
    """The journal's place: a file, or a PostgreSQL database that a team shares."""


@journal.command("copy")
@click.argument("to", metavar="TO")
@common
def copy(shared: Shared, to: str) -> int:
    """Copy the journal to TO, where nothing is: a path, postgresql://user@host/db, or env:NAME that holds such a URL.

    Entries, hashes, recipients and key stay what they are, and are verified on both sides. The old one says from then on that
    it has moved: nothing is planned or sent with it any more, and `audit` reads it.
    """
    from reconciler.reconcile.relocate import copy as copied

    with open_session(open_project(shared)) as session:
        done = copied(session, to)
    if shared.format == "json":
        shown = {"format_version": FORMAT_VERSION, "to": done.to, "entries": done.entries, "head": done.head}
        data(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        data(
            say(
                "{count:,} entries copied to {place}, all verified; head {head}",
                count=done.entries,
                place=done.to,
                head=done.head,
            )
        )
    note(shared, say("now name the copy in reconciler.yaml, under 'journal'"))
    note(shared, say("the old one is no more than evidence: whoever still names it is told where the journal is now"))
    return exits.DONE


@journal.command("pin")
@common
def pin(shared: Shared) -> int:
    """Write the journal's id into reconciler.yaml: another one, or none, stops everything from then on."""
    from reconciler.reconcile.adopt import pin_journal

    with open_session(open_project(shared)) as session:
        written, identifier = pin_journal(session), session.journal.id
    if shared.format == "json":
        data(json.dumps({"format_version": FORMAT_VERSION, "journal_id": identifier}, indent=2, ensure_ascii=False))
    else:
        data(say("journal {id} is pinned", id=identifier) if written else say("journal {id} was pinned before", id=identifier))
    return exits.DONE
