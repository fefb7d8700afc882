"""audit: the journal, for auditors."""

from __future__ import annotations

import json

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common
from reconciler.cli.output import FORMAT_VERSION, data
from reconciler.cli.workspace import open_project, open_session


@click.group()
def audit() -> None:
    """The journal as evidence: what was done, when, why, and that nobody changed the record."""


@audit.command("log")
@click.option("--run", default="", help="Only this run.")
@click.option("--address", default="", help="Only this address.")
@common
def log(shared: Shared, run: str, address: str) -> int:
    """Every entry, oldest first; holds no number, name or text of a person."""
    from reconciler.audit import log as lines

    with open_session(open_project(shared)) as session:
        rows = list(lines(session.evidence(), run=run, address=address))
    if shared.format == "json":
        data(json.dumps({"format_version": FORMAT_VERSION, "entries": rows}, indent=2, ensure_ascii=False))
        return exits.DONE
    for row in rows:
        where = row.get("address") or ""
        count = f" · {row['count']:,} rows" if row.get("count") else ""
        call = f" · {row['call']}" if row.get("call") else ""
        data(f"{row['number']:>6}  {row['at']}  {row['event']:<14} {where}{call}{count}  {row['hash'][:12]}")
    return exits.DONE


@audit.command("verify")
@common
def verify(shared: Shared) -> int:
    """Check the whole chain, every column of recipients included; exit 8 when it does not hold."""
    from reconciler.audit import verify as check

    with open_session(open_project(shared)) as session:
        found = check(session.evidence())
    if shared.format == "json":
        shown = {
            "format_version": FORMAT_VERSION,
            "entries": found.entries,
            "head": found.head,
            "broken": found.broken or None,
            "why": found.why,
        }
        data(json.dumps(shown, indent=2, ensure_ascii=False))
    elif found.broken:
        data(say("entry {number} does not verify: {why}", number=found.broken, why=found.why))
    else:
        data(say("{count:,} entries, all verified; head {head}", count=found.entries, head=found.head))
    return exits.JOURNAL if found.broken else exits.DONE
