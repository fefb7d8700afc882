"""policy: the law packs, to be looked at, to be tried with cases of one's own, and to be held against a project's documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import TEXT_OR_JSON, Shared, common, format_among
from reconciler.cli.output import FORMAT_VERSION, data, lines_of, note, style
from reconciler.diagnostics import Finding, did_you_mean
from reconciler.errors import Mistaken
from reconciler.policies import cases
from reconciler.policies.lawpacks import Pack, packs
from reconciler.reports.findings import render_findings
from reconciler.reports.printable import sentence
from reconciler.reports.style import Style

if TYPE_CHECKING:
    from reconciler.reconcile.session import Session
    from reconciler.resource import Desired


@click.group()
def policy() -> None:
    """What may not be: the rules of the law packs. They help; they are no legal advice."""


def _json(**content: Any) -> str:
    return json.dumps({"format_version": FORMAT_VERSION, **content}, indent=2, ensure_ascii=False)


# --- list ----------------------------------------------------------------------------------------------------------------


@policy.command("list")
@click.option("--country", metavar="XX", default="", help="Only this country's pack, and the house's rules that fill it.")
@common
def list_(shared: Shared, country: str) -> int:
    """Every pack with its version, and every rule; `explain RULE` says more of one."""
    chosen = _chosen(country.strip().upper())
    advice = say("help, not legal advice: a lawyer must confirm it before use")
    if format_among(shared, TEXT_OR_JSON) == "json":
        shown = [
            {
                "pack": pack.id,
                "country": pack.country or None,
                "name": dict(pack.name),
                "version": pack.version,
                "digest": pack.digest,
                "edition": pack.edition,
                "rules": [rule.to_json() for rule in pack.rules],
            }
            for pack in chosen
        ]
        data(_json(packs=shown, advice=advice))
    else:
        data("\n".join(line for pack in chosen for line in _pack_lines(pack, shared.lang, style(shared))))
        note(shared, advice)
    return exits.DONE


def _chosen(country: str) -> list[Pack]:
    known = {pack.country: pack for pack in packs().values()}
    if country and country not in known:
        raise Mistaken(
            say("there is no law pack for '{country}'", country=country),
            code="LAW001",
            remedy=did_you_mean(country, known) or say("'reconciler policy list' shows those that there are"),
        )
    return [pack for code, pack in known.items() if not country or code in (country, "")]


def _pack_lines(pack: Pack, language: str, paint: Style) -> Iterator[str]:
    yield paint.paint(f"{pack.id}  {pack.name[language]}  {pack.edition}", "strong")
    for rule in pack.rules:
        who = ", ".join((*(rule.purposes or (say("every purpose"),)), *rule.channels, *rule.sectors))
        yield f"  {rule.id:<8} {rule.confidence}  {who} · {', '.join(rule.kinds)}"
        yield f"           {rule.text[language]}"


# --- check ---------------------------------------------------------------------------------------------------------------


@policy.command("check")
@click.option("--at", metavar="TIME", help="Judge as if it were then.")
@common
def check(shared: Shared, at: str | None) -> int:
    """Hold the law packs against the documents, offline: windows of the coming week, instants, senders, consent, registers.

    Exit 3 when something is denied. Who waits in a campaign, and where each number may be, only a plan can tell.
    """
    from reconciler.cli.workspace import moment, open_project, open_session
    from reconciler.policies import offline
    from reconciler.policies.meant import reaches_people
    from reconciler.reconcile.propose import selected, written

    as_json = format_among(shared, TEXT_OR_JSON) == "json"
    project = open_project(shared)
    now = moment(at, project, "policy")
    with open_session(project) as session:
        specs, settings = written(session)
        documents = offline.Written(
            documents=specs.desired,
            targets=project.targets,
            manages=lambda target: bool(session.platform(target).supports["campaign"].actions),
            columns={
                wish.address: _columns(session, wish)
                for wish in specs.desired
                if wish.address.kind != "campaign" and reaches_people(wish) and selected(wish, shared.only)
            },
        )
        found = offline.check(documents, lambda wish: selected(wish, shared.only), settings, now or session.world.now())
    shown = [finding.to_json() for finding in found]
    advice = say("help, not legal advice: a lawyer must confirm it before use")
    if as_json:
        data(_json(findings=shown, advice=advice))
    elif shown:
        data(render_findings(shown, lines_of(project.root), style(shared)))
    if not as_json:
        note(shared, advice)
    return exits.BLOCKED if any(finding.severity.blocks for finding in found) else exits.DONE


def _columns(session: Session, wish: Desired) -> frozenset[str] | None:
    """Which columns of evidence a document's rows would have."""
    from reconciler.rows.header import judged_columns
    from reconciler.specs import rows_spec

    target = session.project.targets[wish.address.target]
    sheet = session.platform(target).sheet(wish, target)
    return judged_columns(rows_spec(wish, target, session.project, sheet))


# --- test ----------------------------------------------------------------------------------------------------------------


@policy.command("test")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@common
def test(shared: Shared, files: tuple[Path, ...]) -> int:
    """Try the cases in FILE against the packs; exit 1 when one is answered otherwise than expected, or is no case."""
    as_json = format_among(shared, TEXT_OR_JSON) == "json"
    outcomes: list[cases.Outcome] = []
    findings: list[Finding] = []
    for file in files:
        found, mistakes = cases.read_cases(_content(file), str(file))
        outcomes += [cases.judge(case) for case in found]
        findings += mistakes
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if as_json:
        shown = [finding.to_json() for finding in findings]
        data(_json(cases=[outcome.to_json() for outcome in outcomes], findings=shown))
    else:
        _tell(shared, outcomes, findings)
    return exits.ERROR if failed or findings else exits.DONE


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise Mistaken(
            say("the file {path} cannot be read", path=file), code="PTH002", remedy=say("correct the path")
        ) from None


def _tell(shared: Shared, outcomes: list[cases.Outcome], findings: list[Finding]) -> None:
    if findings:
        data(render_findings([finding.to_json() for finding in findings], lines_of(Path()), style(shared)))
    lines = [line for outcome in outcomes for line in _outcome_lines(outcome, style(shared))]
    passed = sum(outcome.passed for outcome in outcomes)
    total = say(
        "{count:,} case(s): {passed:,} as expected, {failed:,} not, {wrong:,} mistake(s)",
        count=len(outcomes),
        passed=passed,
        failed=len(outcomes) - passed,
        wrong=len(findings),
    )
    data("\n".join([*lines, total]))


def _outcome_lines(outcome: cases.Outcome, paint: Style) -> Iterator[str]:
    case, verdict = outcome.case, outcome.verdict
    mark = "✓" if outcome.passed else "✗"
    found = say("allowed") if verdict.allowed else say("denied")
    rules = ", ".join(verdict.rules) or say("no rule")
    what = sentence(case.name) or case.at
    place = f"{case.origin.file}:{case.origin.line}"
    yield f"{paint.paint(mark, mark)} {sentence(place)}  {what}  {found} ({rules})"
    if not outcome.passed:
        for finding in verdict.findings:
            yield f"    {finding.code}: {sentence(finding.message)}"
        if verdict.next_edge:
            yield f"    {say('the next edge is {at}', at=verdict.next_edge.isoformat(timespec='minutes'))}"
