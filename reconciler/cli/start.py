"""init and import: how a project begins, and how what is live becomes part of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common
from reconciler.cli.output import data, note, write_file
from reconciler.cli.pipelines import JOURNAL, PIPELINES
from reconciler.cli.workspace import open_project, open_session
from reconciler.errors import Mistaken
from reconciler.project import FILE_NAME
from reconciler.resource import Address

_PROJECT: Final = """\
# yaml-language-server: $schema=schema/project.schema.json
version: 1
{journal}
targets:
  # One target is one account on one platform. A secret is always {{env: NAME}} or {{file: PATH}}, never written here.
  wolkvox-co:
    platform: wolkvox              # lynn | wolkvox | ucontact
    server: "0010"                 # -> https://wv0010.wolkvox.com
    token: {{env: WOLKVOX_TOKEN}}
    country: CO
    timezone: America/Bogota
policies:
  max_deletes: {{share: 30%, floor: 10}}
  max_updates: {{share: 30%, floor: 10}}
  max_row_removals: {{share: 10%, floor: 50}}
  max_people: 20000
  max_new_people: 5000
  max_lifts: 0
  max_calls: 900
"""

_FILE: Final = "journal: .reconciler/journal.db"
_DATABASE: Final = f"""\
# Runners keep no disk: the journal lies in PostgreSQL. {JOURNAL} holds postgresql://user:password@host/db.
journal: {{env: {JOURNAL}}}"""

_SPEC: Final = """\
# yaml-language-server: $schema=../schema/document.schema.json
kind: campaign
target: wolkvox-co
name: bienvenida
state: stopped
purpose: service
service: requested
window: {from: 08:00, to: 18:00}
wolkvox:
  type: predictive
  skill: ventas
  speed: 10
"""

_IGNORE: Final = ".reconciler/\n"


@click.command()
@click.argument("folder", required=False, default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--ci", type=click.Choice(sorted(PIPELINES)), help="Write pipeline files too, with the journal in PostgreSQL.")
@common
def init(shared: Shared, folder: Path, ci: str | None) -> int:
    """Scaffold a project: reconciler.yaml, a first document, an own journal; never overwrites a file."""
    from reconciler.schema import schemas

    files = {FILE_NAME: _PROJECT.format(journal=_DATABASE if ci else _FILE), "specs/bienvenida.yaml": _SPEC}
    if ci:
        name, text = PIPELINES[ci]
        files[name] = text
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        raise Mistaken(
            say("{files} exist already", files=", ".join(taken)),
            code="PRJ001",
            remedy=say("choose an empty folder; nothing was written"),
        )
    for name, text in files.items():
        write_file(folder / name, text)
    import json

    for name, schema in schemas().items():
        write_file(folder / "schema" / name, json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
    _ignore(folder)
    for name in files:
        data(str(folder / name))
    if ci and JOURNAL not in os.environ:
        note(shared, say("set {name}, and run 'reconciler journal pin': a journal that is lost is noticed then", name=JOURNAL))
    else:
        _pin(_in(shared, folder))
    note(shared, say("next: edit reconciler.yaml and specs/, then 'reconciler validate' and 'reconciler plan'"))
    return exits.DONE


def _pin(shared: Shared) -> None:
    """Write the journal's id into the project."""
    from reconciler.reconcile.adopt import pin_journal

    with open_session(open_project(shared)) as session:
        pin_journal(session)
        identifier = session.journal.id
    note(shared, say("journal {id}: keep it, and keep a copy; without it people would be contacted again", id=identifier))


def _in(shared: Shared, folder: Path) -> Shared:
    from dataclasses import replace

    return replace(shared, project=folder / FILE_NAME)


def _ignore(folder: Path) -> None:
    path = folder / ".gitignore"
    known = path.read_text("utf-8") if path.exists() else ""
    if _IGNORE.strip() not in known.splitlines():
        path.write_text(known + ("" if known.endswith("\n") or not known else "\n") + _IGNORE, "utf-8")


@click.command("import")
@click.argument("address")
@common
def import_(shared: Shared, address: str) -> int:
    """Adopt the live object at ADDRESS (target/kind/name): a journal entry, and a document where none wishes it."""
    from reconciler.reconcile.adopt import adopt

    try:
        place = Address.parse(address)
    except ValueError:
        raise click.UsageError(say("'{word}' is not an address; write target/kind/name", word=address)) from None
    with open_session(open_project(shared)) as session:
        done = adopt(session, place)
    note(shared, say("adopted {address} (live id {id})", address=done.address, id=done.id))
    if done.rows:
        note(shared, say("{count:,} rows that are there now may be removed later by 'missing:'", count=done.rows))
    if done.written:
        data(str(done.written))
    return exits.DONE
