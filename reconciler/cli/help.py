"""explain, doctor, schema, completion: help with a code, with an account, with an editor, with a shell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import TEXT_OR_JSON, Shared, common, format_among
from reconciler.cli.output import FORMAT_VERSION, data, note, style, write_file
from reconciler.diagnostics import CODES, Finding, did_you_mean, error
from reconciler.errors import Mistaken
from reconciler.reports.style import Style

if TYPE_CHECKING:
    from reconciler.policies.lawpacks import Rule
    from reconciler.project import Project
    from reconciler.reconcile.session import Session
    from reconciler.target import SecretRef, Target


def _json(**content: Any) -> str:
    return json.dumps({"format_version": FORMAT_VERSION, **content}, indent=2, ensure_ascii=False)


# --- explain -------------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("code", required=False, default="")
@common
def explain(shared: Shared, code: str) -> int:
    """What a CODE means, why it matters and what to do, or what a rule such as CO-1 says; all codes when none is given."""
    # A bug's code carries the name of its details: BUG001-1a2b3c4d.
    wanted = code.strip().upper().partition("-")[0]
    if wanted and wanted not in CODES:
        return _explain_rule(shared, code)
    known = [(name, entry) for name, entry in CODES.items() if wanted in ("", name)]
    if format_among(shared, TEXT_OR_JSON) == "json":
        data(_json(codes=[{"code": name, "title": e.title, "why": e.why, "remedy": e.remedy} for name, e in known]))
    elif wanted:
        ((name, entry),) = known
        head = style(shared).paint(f"{name}  {entry.title}", "strong")
        data(f"{head}\n  {say('why')}: {entry.why}\n  {say('help')}: {entry.remedy}")
    else:
        data("\n".join(f"{name}  {entry.title}" for name, entry in known))
    return exits.DONE


def _explain_rule(shared: Shared, word: str) -> int:
    """A rule of a law pack: its text in the language that is spoken, what it rests on, and how sure anybody is of it."""
    from reconciler.policies.lawpacks import packs, rules

    wanted = word.strip().upper()
    if wanted not in rules():
        raise Mistaken(
            say("'{word}' is not a code and not a rule", word=word),
            code="SPC004",
            remedy=did_you_mean(wanted, {**CODES, **rules()})
            or say("'reconciler explain' lists the codes, 'reconciler policy list' the rules"),
        )
    rule = rules()[wanted]
    pack = next(pack for pack in packs().values() if rule in pack.rules)
    advice = say("help, not legal advice: a lawyer must confirm it before use")
    if format_among(shared, TEXT_OR_JSON) == "json":
        data(_json(rules=[{"pack": pack.id, "edition": pack.edition, **rule.to_json()}], advice=advice))
        return exits.DONE
    every = say("every one")
    told = (
        (say("pack"), f"{pack.id} {pack.edition}"),
        (say("basis"), f"{rule.basis} · {rule.citation[shared.lang]}"),
        (say("source"), say("{source}, read {month}", source=rule.source[shared.lang], month=rule.read_on)),
        (say("confidence"), {"H": say("high"), "M": say("medium"), "L": say("low"), "-": say("none needed")}[rule.confidence]),
        (say("valid"), _validity(rule)),
        (say("review by"), str(rule.review_by)),
        (say("purposes"), ", ".join(rule.purposes) or every),
        (say("channels"), ", ".join(rule.channels) or every),
        (say("sectors"), ", ".join(rule.sectors) or every),
    )
    head = style(shared).paint(f"{rule.id}  {rule.text[shared.lang]}", "strong")
    data("\n".join([head, *(f"  {label}: {words}" for label, words in told), f"  {advice}"]))
    return exits.DONE


def _validity(rule: Rule) -> str:
    first = say("from {day}", day=rule.valid_from) if rule.valid_from else say("since when is not known")
    return say("{first} to {last}", first=first, last=rule.valid_to) if rule.valid_to else first


# --- schema --------------------------------------------------------------------------------------------------------------


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("schema"),
    show_default=True,
    help="The folder of the schemas.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file there is not as this version writes it.")
@common
def schema(shared: Shared, out: Path, check: bool) -> int:
    """Write the JSON Schemas of documents, project, plan, run and journal, for editors and other programs."""
    from reconciler.schema import schemas, written

    texts = {out / name: written(content) for name, content in schemas().items()}
    stale = [path for path, text in texts.items() if _content(path) != text]
    for path in () if check else stale:
        write_file(path, texts[path])
    if format_among(shared, TEXT_OR_JSON) == "json":
        data(_json(files=[str(path) for path in texts], stale=[str(path) for path in stale]))
    elif stale or not check:
        data("\n".join(str(path) for path in (stale if check else texts)))
    if check and stale:
        note(shared, say("{count} schema file(s) are not fresh: run 'reconciler schema'", count=len(stale)))
        return exits.ERROR
    return exits.DONE


def _content(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


# --- completion ----------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common
def completion(shared: Shared, shell: str) -> int:
    """Print the completion script of a SHELL; put `eval "$(reconciler completion bash)"` into its start-up file."""
    from click.shell_completion import get_completion_class

    from reconciler.cli import cli

    script = get_completion_class(shell)
    assert script is not None
    data(script(cli, {}, "reconciler", "_RECONCILER_COMPLETE").source())
    return exits.DONE


# --- doctor --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Credential:
    """A secret of a target: its key, where it is looked for, and what is wrong with it."""

    key: str
    place: str
    finding: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checkup:
    """What asking one target gave. `confirmed` are the vendor's calls that it answered as this program expects."""

    target: Target
    credentials: tuple[_Credential, ...]
    state: Mapping[str, Any] | None = None
    confirmed: tuple[str, ...] = ()
    finding: Finding | None = None

    @property
    def findings(self) -> list[Finding]:
        """Everything that is wrong."""
        found = [credential.finding for credential in self.credentials] + [self.finding]
        return [finding for finding in found if finding]

    @property
    def exit_code(self) -> int:
        """1 without a credential, 7 where the target does not show its state."""
        if any(credential.finding for credential in self.credentials):
            return exits.ERROR
        return exits.UNREACHABLE if self.finding else exits.DONE

    def to_json(self) -> dict[str, Any]:
        """The checkup for machines; it holds no secret."""
        return {
            "target": self.target.name,
            "platform": self.target.platform,
            "url": self.target.url,
            "simulated": self.target.sandbox,
            "ok": not self.findings,
            "credentials": [{"key": one.key, "place": one.place, "present": one.finding is None} for one in self.credentials],
            "state": self.state,
            "confirmed": list(self.confirmed),
            "findings": [finding.to_json() for finding in self.findings],
        }


@click.command()
@common
def doctor(shared: Shared) -> int:
    """Ask every target, with reads only: credentials, reachability, login, quota, and whether it answers as expected."""
    from reconciler.cli.workspace import open_project, open_session

    as_json = format_among(shared, TEXT_OR_JSON) == "json"
    project = open_project(shared)
    with open_session(project) as session:
        if project.journal_id:
            _ = session.journal  # a missing or foreign one ends it here, before any call
        checkups = [_examined(session, target) for target in _chosen(project, shared.only)]
    if as_json:
        data(_json(targets=[checkup.to_json() for checkup in checkups]))
    else:
        data("\n".join(line for checkup in checkups for line in _lines(checkup, style(shared))))
    return exits.strongest(*(checkup.exit_code for checkup in checkups))


def _chosen(project: Project, only: tuple[str, ...]) -> list[Target]:
    """The targets that `--only` names by the first part of an address; all when it is not given."""
    globs = [glob.partition("/")[0] for glob in only]
    return [target for name, target in project.targets.items() if not globs or any(fnmatchcase(name, glob) for glob in globs)]


def _examined(session: Session, target: Target) -> _Checkup:
    from reconciler.plan.known import Memory
    from reconciler.reconcile.reading import read_target

    credentials = tuple(_credential(session, target, key, ref) for key, ref in _secrets(target).items())
    if any(credential.finding for credential in credentials):
        return _Checkup(target=target, credentials=credentials)
    reading = read_target(session, target, (_wish(target),), Memory(), session.world.now())
    state = reading.state.to_json()
    finding = replace(reading.finding, remedy=CODES[reading.finding.code].remedy) if reading.finding else None
    if not finding and not reading.state.complete:
        message = say("{target} did not show its whole state: {note}", target=target.name, note=reading.state.note)
        finding = error("PLT002", message, target.origin, CODES["PLT002"].remedy)
    asked = session.wire(target).meter.by_operation
    if not finding and not asked:
        # The platform has nothing to list here, so nothing has needed a login yet.
        finding = _login(session, target)
    return _Checkup(
        target=target,
        credentials=credentials,
        state=None if finding else state,
        confirmed=() if finding else tuple(asked),
        finding=finding,
    )


def _login(session: Session, target: Target) -> Finding | None:
    """Log in and out again; what is wrong with it."""
    from reconciler.platforms.platform import NotReadable
    from reconciler.wire import LostError

    platform, wire = session.platform(target), session.wire(target)
    secrets = {key: ref.resolve(session.world.environ, session.project.root) for key, ref in target.secrets.items()}
    try:
        wire.run(platform.logout(target, wire.run(platform.login(target, secrets))))
    except NotReadable as failure:
        code, why = failure.code, failure.why
    except LostError as failure:
        code, why = "PLT007", failure.reason
    else:
        return None
    message = say("{target} let nobody in: {why}", target=target.name, why=why)
    return error(code, message, target.origin, CODES[code].remedy)


def _wish(target: Target) -> Any:
    """A wish of the kind whose reading shows most of a target; it is asked for and never compared."""
    from reconciler.resource import Address, Desired

    return Desired(address=Address(target.name, "campaign", "-"), platform=target.platform, fields={}, origin=target.origin)


def _secrets(target: Target) -> dict[str, SecretRef]:
    from reconciler.target import SecretRef

    headers = {f"extra_headers.{name}": value for name, value in target.extra_headers.items() if isinstance(value, SecretRef)}
    return {**target.secrets, **headers}


def _credential(session: Session, target: Target, key: str, ref: SecretRef) -> _Credential:
    place = f"env {ref.env}" if ref.env else f"file {ref.file}"
    try:
        ref.resolve(session.world.environ, session.project.root)
    except Mistaken as wrong:
        message = f"{key}: {wrong.message}"
        return _Credential(key=key, place=place, finding=error(wrong.code, message, target.origin, wrong.remedy))
    return _Credential(key=key, place=place)


_LABEL: Final = 14


def _lines(checkup: _Checkup, paint: Style) -> list[str]:
    from reconciler.reports.printable import sentence

    target = checkup.target
    mark = "✗" if checkup.findings else "✓"
    simulated = f"  {say('SIMULATED')}" if target.sandbox else ""
    found = [
        line
        for finding in checkup.findings
        for line in (
            f"{paint.paint(say('error'), 'error')} {finding.code}: {sentence(finding.message)}",
            *([f"  {say('help')}: {sentence(finding.remedy)}"] if finding.remedy else []),
        )
    ]
    told = [
        (say("credentials"), ", ".join(f"{one.key} ({one.place})" for one in checkup.credentials if not one.finding)),
        (say("state"), _state(checkup.state) if checkup.state else ""),
        (say("confirmed"), ", ".join(checkup.confirmed)),
    ]
    return [
        f"{paint.paint(mark, mark)} {paint.paint(target.name, 'strong')}  {target.platform}  {sentence(target.url)}{simulated}",
        *(f"    {label:<{_LABEL}}{words}" for label, words in told if words),
        *(f"    {line}" for line in found),
    ]


def _state(state: Mapping[str, Any]) -> str:
    if state["append_only"]:
        return say("let in; it takes rows and messages and does not show them")
    campaigns = say("{count:,} campaign(s) read, complete", count=state["campaigns"])
    left, limit = state["calls_left"], state["calls_limit"]
    if left is None:
        return campaigns
    calls = say("{left:,} calls left today", left=left) if limit is None else ""
    return f"{campaigns} · {calls or say('{left:,} calls left of {limit:,} today', left=left, limit=limit)}"
