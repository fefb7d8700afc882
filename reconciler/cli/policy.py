"""policy: the law packs, to be looked at and to be tried with cases of one's own. Neither needs a project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common
from reconciler.cli.output import FORMAT_VERSION, data, lines_of, note, style
from reconciler.diagnostics import Finding, did_you_mean
from reconciler.errors import Mistaken
from reconciler.policies import cases
from reconciler.policies.lawpacks import Pack, packs
from reconciler.reports import Style, render_findings
from reconciler.reports.printable import sentence


@click.group()
def policy() -> None:
    """What may not be: the rules of the law packs. They help; they are no legal advice."""


def _as_json(shared: Shared) -> bool:
    if shared.format not in ("text", "json"):
        raise click.UsageError(say("'{format}' is not a format here; known: {names}", format=shared.format, names="text, json"))
    return shared.format == "json"


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
    if _as_json(shared):
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


# --- test ----------------------------------------------------------------------------------------------------------------


@policy.command("test")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@common
def test(shared: Shared, files: tuple[Path, ...]) -> int:
    """Try the cases in FILE against the packs; exit 1 when one is answered otherwise than expected, or is no case."""
    as_json = _as_json(shared)
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
