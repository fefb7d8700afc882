"""blacklist: the lists of who must not be contacted, and what platforms know of them that files do not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import TEXT_OR_JSON, Shared, common, format_among
from reconciler.cli.output import FORMAT_VERSION, data, note
from reconciler.cli.workspace import open_project, open_session
from reconciler.reports.printable import sentence
from reconciler.resource import Address

if TYPE_CHECKING:
    from reconciler.reconcile.pull import Pulled


@click.group()
def blacklist() -> None:
    """Who must not be contacted: what platforms know of it that the files do not."""


@blacklist.command()
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@click.option("--write", is_flag=True, help="Add them to the files; without it they are only shown, masked.")
@common
def pull(shared: Shared, addresses: tuple[str, ...], *, write: bool) -> int:
    """Write opt-outs that arrived on a platform back into the file of its blacklist; exit 2 when some are not written.

    ADDRESS is target/blacklist/name; without one, every list that its platform shows. What we added ourselves, and what is
    under `lifts`, is left alone.
    """
    from reconciler.reconcile.pull import pull as pulled

    format_among(shared, TEXT_OR_JSON)
    places = [_address(word) for word in addresses]
    with open_session(open_project(shared)) as session:
        found = list(pulled(session, places, write=write))
    if shared.format == "json":
        data(
            json.dumps({"format_version": FORMAT_VERSION, "lists": [_json(one) for one in found]}, indent=2, ensure_ascii=False)
        )
    else:
        data("\n".join(_lines(found, written=write)))
    for one in found:
        if one.note:
            note(shared, say("{address}: its list may not be whole: {note}", address=one.address, note=sentence(one.note)))
    return exits.strongest(
        exits.UNREACHABLE if any(one.note for one in found) else exits.DONE,
        exits.CHANGES if any(one.added < one.count for one in found) else exits.DONE,
    )


def _address(word: str) -> Address:
    try:
        return Address.parse(word)
    except ValueError:
        raise click.UsageError(say("'{word}' is not an address; write target/kind/name", word=word)) from None


def _json(one: Pulled) -> dict[str, object]:
    return {
        "address": str(one.address),
        "file": one.file or None,
        "count": one.count,
        "sample": list(one.sample),
        "added": one.added,
        "note": one.note,
    }


def _lines(found: Sequence[Pulled], *, written: bool) -> list[str]:
    if not any(one.count for one in found):
        return [say("No opt-out has arrived that the files do not name.")]
    lines = []
    for one in found:
        if not one.count:
            continue
        what = (
            say("{added:,} of {count:,} opt-out(s) added to {file}", added=one.added, count=one.count, file=sentence(one.file))
            if written
            else say("{count:,} opt-out(s) that {file} lacks", count=one.count, file=sentence(one.file))
        )
        lines.append(f"  + {one.address}  {what}")
        lines += [f"      {number}" for number in one.sample]
        if one.count > len(one.sample):
            lines.append("      " + say("and {count:,} more", count=one.count - len(one.sample)))
    lines.append(
        say("Look at the change, and commit it.") if written else say("Nothing was written: --write adds them to the files.")
    )
    return lines
