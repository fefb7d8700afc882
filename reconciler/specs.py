"""specs/**/*.yaml as wishes, with every mistake of every file at once.

The tables of kinds and platforms are handed in, so that this room knows neither: it reads nodes, checks them against the
declared fields, fills defaults, lets the platform say what it cannot do, and looks at the documents together.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any, Final, Protocol, cast

from reconciler import __version__, document
from reconciler.calendar import known_zone
from reconciler.catalogue import say
from reconciler.checking import Checker, places
from reconciler.diagnostics import Finding, did_you_mean, error, in_order
from reconciler.document import Entry, Node
from reconciler.kinds.fields import Field, Record, with_defaults
from reconciler.kinds.kind import DOCUMENT, Kind, Mistake
from reconciler.project import Project
from reconciler.remembered import Remembered, Written
from reconciler.resource import Address, Desired, Origin, Shape
from reconciler.rows.sheet import Sheet
from reconciler.rows.spec import PhoneFormat, RowsSpec
from reconciler.target import Target

BYTES_MAX: Final = 20_000_000
_SUFFIXES: Final = (".yaml", ".yml")


class PlatformTable(Protocol):
    """What this room asks of a platform."""

    @property
    def blocks(self) -> Mapping[str, tuple[Field, ...]]: ...

    def check(self, desired: Desired, target: Target) -> Iterable[Finding]: ...

    def sheet(self, desired: Desired, target: Target) -> Sheet: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Specs:
    """All wishes of a project in the order of their files, and what is wrong with them."""

    desired: tuple[Desired, ...] = ()
    findings: tuple[Finding, ...] = ()
    files: tuple[str, ...] = field(default=())

    @property
    def right(self) -> bool:
        """Whether nothing is wrong that would stop a plan."""
        return not any(finding.severity.blocks for finding in self.findings)


def load(project: Project, kinds: Mapping[str, Kind], platforms: Mapping[str, PlatformTable]) -> Specs:
    """Read every document. Opens data files as far as their header and first rows; needs no secret and no network."""
    findings: list[Finding] = []
    wishes: list[Desired] = []
    checkers = {name: Checker(document_record(kind, platforms)) for name, kind in kinds.items()}
    files, total = [], 0
    found = list(_files(project, findings))
    remembered = Remembered(project.root / ".reconciler" / "cache", _made_by(checkers), len(found))
    for path, name in found:
        with FileIO(path) as file:  # without a buffer, that whoever reads all at once has no use for
            data = file.readall()
        total += len(data)
        if total > BYTES_MAX:
            message = say("all documents together have more than {most:,} bytes", most=BYTES_MAX)
            findings.append(error("SPC015", message, Origin(name), say("move rows to data files")))
            break
        files.append(name)
        wishes += _of_file(data, name, project, kinds, platforms, checkers, remembered, findings)
    remembered.save()
    wishes = _each_address_once(wishes, findings)
    for desired in wishes:
        findings += platforms[desired.platform].check(desired, project.targets[desired.address.target])
    findings += _names_twice(wishes)
    findings += _references(wishes)
    told = {(finding.code, finding.origin) for finding in findings}
    of_rows = _sources(wishes, project, kinds, platforms)
    findings += (finding for finding in of_rows if (finding.code, finding.origin) not in told)
    return Specs(desired=tuple(wishes), findings=tuple(in_order(findings)), files=tuple(files))


def _of_file(
    data: bytes,
    name: str,
    project: Project,
    kinds: Mapping[str, Kind],
    platforms: Mapping[str, PlatformTable],
    checkers: Mapping[str, Checker],
    remembered: Remembered,
    findings: list[Finding],
) -> list[Desired]:
    """The wishes of one file. One that was right before is not parsed again, unless the project now says otherwise."""
    known = remembered.find(name, data)
    if known is not None and not any(_misplaced(written, project, platforms) for written in known):
        return [wish for written in known for wish in _wishes(written, project, platforms)]
    nodes, mistakes = document.parse(data, name)
    documents = []
    for node in nodes:
        if node.text != "":
            written = _written(node, kinds, platforms, checkers, project, mistakes)
            if written is not None:
                documents.append(written)
    if mistakes:
        findings += mistakes
    else:
        documents = remembered.keep(name, data, documents)
    return [wish for written in documents for wish in _wishes(written, project, platforms)]


def _made_by(checkers: Mapping[str, Checker]) -> str:
    """What decides how a document is understood: this version, and the form that each kind must have."""
    forms = json.dumps({name: checker.schema for name, checker in checkers.items()}, sort_keys=True)
    return f"{__version__} {hashlib.sha256(forms.encode()).hexdigest()}"


def document_record(kind: Kind, platforms: Mapping[str, PlatformTable]) -> Record:
    """The shape of a document of that kind, with the blocks of all platforms that have one."""
    blocks = tuple(
        Field(name=name, type=Record(platform.blocks[kind.name]), doc=say("What only {platform} has.", platform=name))
        for name, platform in platforms.items()
        if platform.blocks.get(kind.name)
    )
    return Record((*DOCUMENT, *kind.fields, *blocks))


def rows_spec(desired: Desired, target: Target, project: Project, sheet: Sheet, *, lifts: bool = False) -> RowsSpec:
    """Where the rows of a document come from and how they are understood; with `lifts`, those of its lifts."""
    source = desired.fields["lifts"] if lifts else desired.fields["source"]
    at = desired.get("at", "")
    return RowsSpec(
        address=desired.address,
        sheet=sheet,
        source={key: value for key, value in source.items() if key != "columns"},
        columns=source.get("columns") if lifts else _columns(desired),
        folder=(project.root / desired.origin.file).parent,
        root=project.root,
        data_roots=project.data_roots,
        target=desired.address.target,
        country=target.country,
        phone_format=cast(PhoneFormat, target.phone_format),
        dial_prefix=target.dial_prefix,
        generation=desired.get("generation", 1),
        template=desired.get("message") or desired.block.get("message") or "",
        at=at if isinstance(at, str) else "",
        at_column=at["column"] if isinstance(at, dict) else "",
        test_numbers=target.test_numbers,
        origin=desired.origin_of("lifts" if lifts else "source"),
        within="lifts" if lifts else "",
        loopback=all(account.sandbox for account in project.targets.values()),
        origins=desired.origins,
    )


def _columns(desired: Desired) -> Mapping[str, Any] | None:
    """The mapping, with the source's columns that a template of the platform asks for by their own names."""
    columns: Mapping[str, Any] | None = desired.get("columns")
    extra = desired.block.get("fields") or {}
    return columns if columns is None else {**{name: name for name in extra.values()}, **columns}


def _files(project: Project, findings: list[Finding]) -> Iterator[tuple[str, str]]:
    """The document files, with their paths from the project and in the order of those. Links that leave it are findings."""
    folder = project.root / project.specs
    if not folder.resolve().is_relative_to(project.root):
        findings.append(
            error("PTH001", say("the folder of documents leaves the project"), Origin(project.file), say("keep it inside"))
        )
        return
    if not folder.is_dir():
        message = say("there is no folder '{folder}'", folder=project.specs)
        findings.append(error("PTH002", message, Origin(project.file), say("create it, or name another under 'specs'")))
        return
    for entry, name in _below(folder, folder.relative_to(project.root).as_posix(), findings):
        # Only a link leads elsewhere, and none to a folder is followed; to resolve every file would cost as much as to read it.
        if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(project.root):
            findings.append(
                error("PTH001", say("the link leads out of the project"), Origin(name), say("keep the file inside"))
            )
        elif entry.is_symlink() and not Path(entry.path).exists():
            findings.append(error("PTH002", say("the link leads to nothing"), Origin(name), say("correct or remove it")))
        elif entry.is_file():
            yield entry.path, name


def _below(folder: Path | str, name: str, findings: list[Finding]) -> Iterator[tuple[os.DirEntry[str], str]]:
    """What is called like a document in a folder and the folders in it, with its path from the project, name by name.

    A folder that cannot be read is a finding: without its documents the plan would take away what they wish.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as failure:
        message = say("the folder cannot be read: {why}", why=failure.strerror or "")
        findings.append(error("PTH002", message, Origin(name), say("correct its permissions, or remove it")))
        return
    for entry in entries:
        within = f"{name}/{entry.name}" if name != "." else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, within, findings)
        elif entry.name.endswith(_SUFFIXES) and entry.name not in _SUFFIXES:
            yield entry, within


def _written(
    node: Node,
    kinds: Mapping[str, Kind],
    platforms: Mapping[str, PlatformTable],
    checkers: Mapping[str, Checker],
    project: Project,
    findings: list[Finding],
) -> Written | None:
    """One document as its kind understands it; None when a mistake leaves it without meaning."""
    entries = node.entries
    if entries is None:
        findings.append(error("SPC003", say("a document must be a mapping"), node.origin, say("begin it with 'kind:'")))
        return None
    if "kind" not in entries:
        findings.append(error("SPC002", say("'kind' is missing"), node.origin, say("known: {kinds}", kinds=", ".join(kinds))))
        return None
    word = entries["kind"].node
    kind = kinds.get(word.text or "")
    if kind is None:
        message = say("'{word}' is not a kind", word=word.text or "…")
        findings.append(error("SPC006", message, word.origin, did_you_mean(word.text or "", kinds)))
        return None
    values, mistakes = checkers[kind.name].read(node)
    if mistakes:
        literal = list(_literal_connections(node))
        known = {finding.origin for finding in literal}
        findings += [*literal, *(mistake for mistake in mistakes if mistake.origin not in known)]
        findings += _unknown_targets(_targets(node), project)
        return None
    own = {field.name for field in kind.fields}
    fields = with_defaults({name: value for name, value in values.items() if name in own}, kind.fields)
    blocks = {
        name: with_defaults(values[name], platform.blocks.get(kind.name, ()))
        for name, platform in platforms.items()
        if name in values
    }
    written = Written(
        kind=kind.name,
        name=values["name"],
        targets=tuple(values["target"]),
        fields=fields,
        blocks=blocks,
        protect=values.get("protect", False),
        tags=tuple(values.get("tags", ())),
        origin=node.origin,
        places=places(node),
    )
    findings += _unknown_targets(_targets(node), project)
    wrong = list(kind.rules(fields))
    findings += [error(code, message, node.at(_steps(path)).origin, remedy) for path, code, message, remedy in wrong]
    zones = list(_unknown_zones(fields))
    findings += [error(code, message, node.at(_steps(path)).origin, remedy) for path, code, message, remedy in zones]
    findings += _foreign_blocks(written, entries, project)
    return None if wrong or zones else written


def _foreign_blocks(written: Written, entries: Mapping[str, Entry], project: Project) -> Iterator[Finding]:
    """Blocks of other platforms than the targets'."""
    for name in written.targets:
        target = project.targets.get(name)
        for other in written.blocks if target else ():
            if target and other != target.platform:
                message = say(
                    "the block '{block}' does not belong to {target}, which is {platform}",
                    block=other,
                    target=name,
                    platform=target.platform,
                )
                remedy = say("remove it, or change the target")
                yield error("SPC009", message, entries[other].key, remedy, Address(name, written.kind, written.name))


def _misplaced(written: Written, project: Project, platforms: Mapping[str, PlatformTable]) -> bool:
    """Whether a document that is right by itself does not fit the project, or this machine's zones."""
    targets = project.targets
    for name in written.targets:
        target = targets.get(name)
        if target is None or not written.blocks.keys() <= {target.platform}:
            return True
    return any(True for _mistake in _unknown_zones(written.fields))


def _wishes(written: Written, project: Project, platforms: Mapping[str, PlatformTable]) -> Iterator[Desired]:
    """One document as one wish a target, without those that the project does not have, or whose platform is another."""
    for name in written.targets:
        target = project.targets.get(name)
        if target is None or not written.blocks.keys() <= {target.platform}:
            continue
        block = written.blocks.get(target.platform)
        yield Desired(
            address=Address(name, written.kind, written.name),
            platform=target.platform,
            fields=written.fields,
            block=with_defaults({}, platforms[target.platform].blocks.get(written.kind, ())) if block is None else block,
            origin=written.origin,
            origins=written.places,
            protect=written.protect,
            tags=written.tags,
        )


def _literal_connections(node: Node) -> Iterator[Finding]:
    """A database's address with its password, written where a reference belongs: a secret, and no mere mistake of type."""
    for name in ("source", "lifts"):
        source = (node.entries or {}).get(name)
        entry = (source.node.entries or {}).get("connection") if source else None
        if entry is not None and entry.node.text is not None:
            message = say("'{key}' is a secret and may not be written here", key="connection")
            remedy = say("write {{env: NAME}} or {{file: PATH}}, and change the secret: it is known now")
            yield error("SEC001", message, entry.node.origin, remedy)


def _steps(path: str) -> Iterator[str | int]:
    return (int(step) if step.isdecimal() else step for step in path.split("."))


def _unknown_zones(fields: Mapping[str, Any]) -> Iterator[Mistake]:
    """Slots of a window in a zone that the time zone database does not have."""
    for index, slot in enumerate(fields.get("window") or ()):
        zone = slot.get("timezone")
        if zone and not known_zone(zone):
            message = say("'{zone}' is not a zone", zone=zone)
            yield f"window.{index}.timezone", "PRJ004", message, say("use a name such as America/Bogota")


def _targets(node: Node) -> Iterator[tuple[str, Origin]]:
    """The targets that a document names, and where."""
    entry = (node.entries or {}).get("target")
    for item in (entry.node.items or (entry.node,)) if entry else ():
        if item.text is not None:
            yield item.text, item.origin


def _unknown_targets(named: Iterable[tuple[str, Origin]], project: Project) -> Iterator[Finding]:
    for name, place in named:
        if name not in project.targets:
            message = say("'{word}' is not a target of {file}", word=name, file=project.file)
            yield error("SPC007", message, place, did_you_mean(name, project.targets))


def _each_address_once(wishes: list[Desired], findings: list[Finding]) -> list[Desired]:
    first: dict[Address, Desired] = {}
    for desired in wishes:
        known = first.setdefault(desired.address, desired)
        if known is not desired:
            message = say("{address} stands twice, first at {place}", address=desired.address, place=known.origin)
            findings.append(error("SPC008", message, desired.origin_of("name"), say("rename or remove one"), desired.address))
    return list(first.values())


def _names_twice(wishes: list[Desired]) -> Iterator[Finding]:
    """Campaigns of one target that would have one name on its platform: the second could not be told from the first."""
    first: dict[tuple[str, str], Desired] = {}
    for desired in wishes:
        if desired.address.kind != "campaign":
            continue
        name = str(desired.get("display_name") or desired.address.name).strip()
        known = first.setdefault((desired.address.target, name), desired)
        if known is not desired:
            other = known.address
            message = say("'{name}' is the name of {address} too, at {place}", name=name, address=other, place=known.origin)
            path = "display_name" if desired.get("display_name") else "name"
            yield error("SPC008", message, desired.origin_of(path), say("give one of them another name"), desired.address)


def _references(wishes: list[Desired]) -> Iterator[Finding]:
    """Campaigns that documents name, on platforms where campaigns are ours to manage; and lists that clash on one campaign."""
    campaigns = {(desired.address.target, desired.address.name) for desired in wishes if desired.address.kind == "campaign"}
    loaders: dict[tuple[str, str], Desired] = {}
    for desired in wishes:
        target = desired.address.target
        scope = desired.get("scope") or {}
        path = "scope.campaign" if desired.address.kind == "blacklist" else "campaign"
        name = scope.get("campaign") if desired.address.kind == "blacklist" else desired.get("campaign")
        if desired.address.kind not in ("contacts", "blacklist") or not name or desired.platform == "ucontact":
            continue
        if (target, name) not in campaigns:
            known = [campaign for where, campaign in campaigns if where == target]
            message = say("'{name}' is not a campaign document of {target}", name=name, target=target)
            remedy = did_you_mean(name, known) or say(
                "add the campaign, or 'reconciler import {address}'", address=f"{target}/campaign/{name}"
            )
            yield error("SPC010", message, desired.origin_of(path), remedy, desired.address)
        if desired.address.kind == "contacts":
            other = loaders.setdefault((target, name), desired)
            for one in {id(other): other, id(desired): desired}.values() if other is not desired else ():
                if one.fields["missing"] != "keep":
                    message = say("two contacts documents load '{name}', so both must be 'missing: keep'", name=name)
                    yield error(
                        "SPC012", message, one.origin_of("missing"), say("each would take away the other's rows"), one.address
                    )


def _sources(
    wishes: list[Desired], project: Project, kinds: Mapping[str, Kind], platforms: Mapping[str, PlatformTable]
) -> Iterator[Finding]:
    for desired in wishes:
        if kinds[desired.address.kind].shape is Shape.OBJECT:
            continue
        from reconciler.rows.reader import peek  # only a project with rows pays for their rooms

        target = project.targets[desired.address.target]
        sheet = platforms[desired.platform].sheet(desired, target)
        yield from peek(rows_spec(desired, target, project, sheet))
        if desired.get("lifts"):
            yield from peek(rows_spec(desired, target, project, sheet, lifts=True))
