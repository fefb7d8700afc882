"""fmt: proposes how a document could be written better. It proposes; only `--write` writes, and only what was proposed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import TEXT_OR_JSON, Shared, common, format_among
from reconciler.cli.output import FORMAT_VERSION, data, note, style, write_file
from reconciler.cli.workspace import open_project
from reconciler.personal import mask_text
from reconciler.project import Project
from reconciler.reports.printable import plain as printable
from reconciler.reports.style import Style
from reconciler.resource import Desired, Origin
from reconciler.rows import gsm7
from reconciler.rows.mapping import PLACEHOLDER, placeholders


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A message that could be written in GSM-7, or nearer to it. `after` is as `before` where nothing can be proposed."""

    addresses: tuple[str, ...]
    origin: Origin
    before: str
    after: str

    @property
    def replaced(self) -> list[str]:
        """The characters that the proposal replaces."""
        return [one for one in gsm7.costly(self.before) if one not in self.after]

    @property
    def left(self) -> list[str]:
        """The characters that keep the message in UCS-2 all the same."""
        return gsm7.costly(self.after)

    @property
    def changes(self) -> bool:
        """Whether anything is proposed."""
        return self.before != self.after

    def to_json(self, *, written: bool) -> dict[str, Any]:
        """The proposal without its texts: a message is nothing for a log."""
        return {
            "addresses": list(self.addresses),
            "file": self.origin.file,
            "line": self.origin.line,
            "column": self.origin.column,
            "segments": _segments(self.before),
            "segments_plain": _segments(self.after),
            "replaced": [{"character": gsm7.named(one), "plain": gsm7.form(one)} for one in self.replaced],
            "left": [gsm7.named(one) for one in self.left],
            "written": written,
        }


@click.command()
@click.option(
    "--fix",
    type=click.Choice(["SMS"], case_sensitive=False),
    required=True,
    help="What is looked for. SMS: characters in messages that GSM-7 does not have.",
)
@click.option("--write", is_flag=True, help="Write what is proposed into the documents.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when something is proposed and not written.")
@common
def fmt(shared: Shared, fix: str, write: bool, detailed_exitcode: bool) -> int:
    """Propose a wording of messages that costs fewer segments. Changes nothing unless --write is given."""
    del fix  # there is one so far, and it has to be named
    from reconciler.kinds import KINDS
    from reconciler.platforms import PLATFORMS
    from reconciler.reconcile.propose import selected
    from reconciler.specs import load

    format_among(shared, TEXT_OR_JSON)
    project = open_project(shared)
    specs = load(project, KINDS, PLATFORMS)
    found = _proposals([wish for wish in specs.desired if selected(wish, shared.only)])
    written = _written(project, found) if write else set()
    if shared.format == "json":
        shown = [one.to_json(written=one.origin in written) for one in found]
        data(json.dumps({"format_version": FORMAT_VERSION, "proposals": shown}, indent=2, ensure_ascii=False))
    elif found:
        data("\n".join(line for one in found for line in _lines(one, style(shared))))
    open_ones = [one for one in found if one.changes and one.origin not in written]
    _conclude(shared, written, open_ones, asked=write)
    if not specs.right:
        note(shared, say("what has mistakes was not looked at: run 'reconciler validate'"))
    wrong = not specs.right or (write and open_ones)
    changes = detailed_exitcode and open_ones
    return exits.strongest(exits.ERROR if wrong else exits.DONE, exits.CHANGES if changes else exits.DONE)


def _proposals(wishes: Sequence[Desired]) -> list[Proposal]:
    """One for each message that GSM-7 cannot hold, wherever it is sent to, in the order of the files."""
    by_place: dict[Origin, tuple[str, list[str]]] = {}
    for wish in wishes:
        for path, text in _messages(wish):
            _text, addresses = by_place.setdefault(wish.origin_of(path), (text, []))
            addresses.append(str(wish.address))
    return [
        Proposal(addresses=tuple(addresses), origin=origin, before=text, after=_proposed(text))
        for origin, (text, addresses) in sorted(by_place.items())
        if not gsm7.fits(text)
    ]


def _messages(wish: Desired) -> Iterator[tuple[str, str]]:
    """The texts of a document that are sent as short messages, with their paths."""
    if wish.address.kind == "scheduled_sms" and wish.get("message"):
        yield "message", wish.fields["message"]
    if wish.block.get("channel") == "sms" and wish.block.get("message"):
        yield f"{wish.platform}.message", wish.block["message"]


def _proposed(text: str) -> str:
    """The plain form of a message; the message itself where the columns that it shows would be others."""
    plain = gsm7.plain(text)
    return plain if placeholders(plain) == placeholders(text) else text


def _segments(text: str) -> int:
    """Segments of a message's own text, with nothing where its columns stand."""
    return gsm7.segments(PLACEHOLDER.sub("", text))


# --- writing -------------------------------------------------------------------------------------------------------------


def _written(project: Project, found: Sequence[Proposal]) -> set[Origin]:
    """Write the proposals into their files, from the last of a file to its first, so that places stay right."""
    from reconciler.document import rewritten

    done: set[Origin] = set()
    for name in dict.fromkeys(one.origin.file for one in found):
        path = (project.root / name).resolve()  # a link stays one
        content, mode = path.read_bytes(), path.stat().st_mode
        for one in sorted((one for one in found if one.origin.file == name and one.changes), key=_place, reverse=True):
            changed = rewritten(content, one.origin, one.before, gsm7.plain)
            if changed is not None:
                content, done = changed, done | {one.origin}
        if content != path.read_bytes():
            write_file(path, content.decode())
            path.chmod(mode)
    return done


def _place(proposal: Proposal) -> Origin:
    return proposal.origin


# --- showing -------------------------------------------------------------------------------------------------------------


def _lines(one: Proposal, paint: Style) -> Iterator[str]:
    place = f"{one.origin.file}:{one.origin.line}"
    yield paint.paint(f"{printable(place)}  {printable(', '.join(one.addresses))}", "strong")
    # Forms neither make nor take line ends, so that the lines are the same ones.
    for before, after in zip(one.before.split("\n"), one.after.split("\n"), strict=True):
        if before != after:
            yield "  " + paint.paint(f"- {printable(mask_text(before))}", "-")
            yield "  " + paint.paint(f"+ {printable(mask_text(after))}", "+")
    if one.changes:
        yield "  " + say(
            "segments of the text itself, without its columns: {before:,} → {after:,}",
            before=_segments(one.before),
            after=_segments(one.after),
        )
    if one.left:
        left = ", ".join(map(gsm7.named, one.left))
        yield "  " + say("left, and still in need of UCS-2: {characters}", characters=left)


def _conclude(shared: Shared, written: set[Origin], open_ones: Sequence[Proposal], *, asked: bool) -> None:
    if written or (asked and open_ones):
        note(shared, say("{count:,} message(s) written; 'reconciler plan' weighs them over the real rows", count=len(written)))
        for one in open_ones:
            note(shared, say("{place} cannot be written without changing more: edit it by hand", place=one.origin))
    elif open_ones:
        note(shared, say("nothing was written; --write writes {count:,} message(s)", count=len(open_ones)))
    else:
        note(shared, say("there is nothing to propose"))
