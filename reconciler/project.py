"""The project: reconciler.yaml as targets, journal, policies and limits.

Policies are kept as the nodes they were written as, with their positions: the floor that knows their meaning reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler import document
from reconciler.catalogue import say
from reconciler.checking import Checker
from reconciler.diagnostics import Finding, error, in_order
from reconciler.document import Entry, Node
from reconciler.errors import Mistaken
from reconciler.kinds.fields import (
    ANY_TEXT,
    CODE,
    SECRET,
    Either,
    Field,
    Integer,
    ListOf,
    MapOf,
    Record,
    Text,
    with_defaults,
)
from reconciler.resource import Origin
from reconciler.target import LIMITS, TARGET_COMMON, SecretRef, Target, TargetKeys, read_target, shared_accounts, target_record

FILE_NAME: Final = "reconciler.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """reconciler.yaml, checked. `root` is its folder; every relative path starts there."""

    root: Path
    file: str
    journal: str | SecretRef  # a path seen from `root`, or a database's URL; a reference where the URL is a secret
    journal_id: str
    journal_key: SecretRef | None
    data_roots: tuple[Path, ...]
    specs: str
    targets: Mapping[str, Target]
    policies: Node | None
    memory: str

    @property
    def simulated(self) -> bool:
        """Whether every target is the sandbox, so that nobody real can be reached."""
        return bool(self.targets) and all(target.sandbox for target in self.targets.values())


_PROJECT_FIELDS: Final = (
    Field(name="version", type=Integer(least=1, most=1), required=True, doc="1."),
    Field(
        name="journal",
        type=Either(Text(), SECRET),
        default=".reconciler/journal.db",
        doc="A path, or postgresql://user@host/db?schema=NAME, or where such a URL is kept that holds a password. The journal "
        "has that schema of the database to itself (default: reconciler).",
    ),
    Field(name="journal_id", type=Text(), doc="Written by init and import; another journal is refused."),
    Field(name="journal_key", type=SECRET, doc="The key under which recipients are remembered, kept outside the journal."),
    Field(name="data_roots", type=ListOf(Text()), default=(), doc="Folders outside the project that sources may be read from."),
    Field(name="specs", type=Text(), default="specs", doc="The folder of documents."),
    Field(name="limits", type=Record((LIMITS.fields[-1],)), doc="memory: of the rows engine."),
    Field(name="policies", type=MapOf(ANY_TEXT), doc="What may not be; see the policies."),
)


def project_record(platforms: Mapping[str, TargetKeys]) -> Record:
    """The shape of reconciler.yaml."""
    targets = Field(
        name="targets",
        type=MapOf(target_record(platforms), names=CODE.pattern),
        required=True,
        doc="Accounts by our own names for them.",
    )
    return Record((*_PROJECT_FIELDS, targets))


def holds_password(location: str) -> bool:
    """Whether a journal's URL holds one, which may stand neither in a file of the repository nor in a command."""
    _scheme, mark, rest = location.partition("://")
    return bool(mark) and (":" in rest.rpartition("@")[0] or "password=" in rest)


def find(start: Path) -> Path | None:
    """The nearest reconciler.yaml, from `start` upwards."""
    return next((folder / FILE_NAME for folder in (start, *start.parents) if (folder / FILE_NAME).is_file()), None)


def load(path: Path, platforms: Mapping[str, TargetKeys]) -> tuple[Project | None, list[Finding]]:
    """Read reconciler.yaml; the project is None when a mistake leaves it without meaning. Resolves no secret."""
    try:
        data = path.read_bytes()
    except OSError:
        raise Mistaken(
            say("there is no project file at {path}", path=path.name),
            code="PRJ001",
            remedy=say("run 'reconciler init', or give --project FILE"),
        ) from None
    nodes, findings = document.parse(data, path.name)
    if findings or len(nodes) != 1:
        if not findings:
            findings = [
                error(
                    "SPC003",
                    say("the project file must hold exactly one document"),
                    Origin(path.name),
                    say("see 'reconciler init'"),
                )
            ]
        return None, findings
    record = project_record(platforms)
    raw, findings = Checker(record).read(_without_policies(nodes[0]))
    if findings:
        findings += _literal_secrets(nodes[0], platforms)
        return None, in_order(_one_each(findings))
    values = with_defaults(raw, record.fields)
    targets = {}
    for name, entry in (nodes[0].entries or {})["targets"].node.entries.items():  # type: ignore[union-attr]  # the schema says mapping
        target, mistakes = read_target(name, with_defaults(values["targets"][name], TARGET_COMMON), entry.node, platforms)
        findings += mistakes
        if target:
            targets[name] = target
    findings += shared_accounts(targets)
    entries = nodes[0].entries or {}
    if "journal" in entries:
        findings += _journal_mistakes(values["journal"], entries["journal"].node.origin)
    if findings:
        return None, in_order(findings)
    key = entries.get("journal_key")
    return Project(
        root=path.parent.resolve(),
        file=path.name,
        journal=_journal(values["journal"], entries),
        journal_id=values.get("journal_id", ""),
        journal_key=SecretRef(**values["journal_key"], origin=key.node.origin) if key else None,
        data_roots=tuple(Path(folder).expanduser() for folder in values["data_roots"]),
        specs=values["specs"],
        targets=targets,
        policies=entries["policies"].node if "policies" in entries else None,
        memory=values.get("limits", {}).get("memory", ""),
    ), []


def bare(root: Path, file: str) -> Project:
    """A project without targets, for looking at documents while reconciler.yaml is not right."""
    return Project(
        root=root,
        file=file,
        journal="",
        journal_id="",
        journal_key=None,
        data_roots=(),
        specs="specs",
        targets={},
        policies=None,
        memory="",
    )


def _without_policies(root: Node) -> Node:
    """Policies are read and judged by their own floor; here any content of theirs is right."""
    if root.entries is None:
        return root
    return root._replace(value={name: entry for name, entry in root.entries.items() if name != "policies"})


def _journal(value: str | Mapping[str, str], entries: Mapping[str, Entry]) -> str | SecretRef:
    return value if isinstance(value, str) else SecretRef(**value, origin=entries["journal"].node.origin)


def _journal_mistakes(value: str | Mapping[str, str], place: Origin) -> list[Finding]:
    """What is no journal's URL, told before anything is opened; a password in it is a literal secret."""
    if not isinstance(value, str) or "://" not in value:
        return []
    if holds_password(value):
        message = say("'journal' holds a password")
        remedy = say("remove it, and change it: it is known now; write {{env: NAME}}, or give it as PGPASSWORD")
        return [error("SEC001", message, place, remedy)]
    if value.partition("://")[0] not in ("postgresql", "postgres"):
        message = say("a journal is a file or lies in a PostgreSQL database")
        remedy = say("name a path, such as .reconciler/journal.db, or postgresql://user@host/db")
        return [error("JRN005", message, place, remedy)]
    return []


def _one_each(findings: list[Finding]) -> list[Finding]:
    """One finding a place: a literal secret is a wrong type too, and the secret is what matters."""
    literal = {finding.origin for finding in findings if finding.code == "SEC001"}
    return [finding for finding in findings if finding.code == "SEC001" or finding.origin not in literal]


def _literal_secrets(root: Node, platforms: Mapping[str, TargetKeys]) -> list[Finding]:
    secrets = {key.name for keys in platforms.values() for key in keys.fields if key.secret} | {"journal_key"}
    targets = (root.entries or {}).get("targets")
    accounts = (targets.node.entries or {}).values() if targets else ()
    found = []
    for node in (root, *(account.node for account in accounts)):
        for name, entry in (node.entries or {}).items():
            if name in secrets and entry.node.text is not None:
                message = say("'{key}' is a secret and may not be written here", key=name)
                remedy = say("write {{env: NAME}} or {{file: PATH}}, and change the secret: it is known now")
                found.append(error("SEC001", message, entry.node.origin, remedy))
    return found
