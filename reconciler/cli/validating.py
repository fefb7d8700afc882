"""validate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import TEXT_OR_JSON, Shared, common, format_among
from reconciler.cli.output import FORMAT_VERSION, data, lines_of, note, style
from reconciler.cli.workspace import clock, project_path, read_project
from reconciler.diagnostics import Finding, Severity, in_order
from reconciler.kinds import KINDS
from reconciler.platforms import PLATFORMS
from reconciler.policies.clocks import clock_findings
from reconciler.policies.settings import Suppress, parse
from reconciler.project import Project, bare
from reconciler.reports.findings import render_findings
from reconciler.specs import load


@click.command()
@common
def validate(shared: Shared) -> int:
    """Check reconciler.yaml and every document, offline and without secrets; all problems at once."""
    project, findings, root = read_project(shared)
    documents = 0
    if project is not None:
        specs = load(project, KINDS, PLATFORMS)
        settings, mistakes = parse(project.policies)
        clocks = (
            finding
            for wish in specs.desired
            for finding in clock_findings(wish, project.targets[wish.address.target], clock().date())
        )
        findings = [*mistakes, *_of_lists(project, settings.suppress), *in_order([*specs.findings, *clocks])]
        documents = len(specs.desired)
    else:
        # Targets are not known then, so what a document says of them is not held against it.
        specs = load(bare(root, project_path(shared).name), KINDS, PLATFORMS)
        findings = [*findings, *(finding for finding in specs.findings if finding.code not in ("SPC007", "PTH002"))]
    return _tell_findings(shared, findings, root, documents)


def _of_lists(project: Project, wishes: Sequence[Suppress]) -> Iterator[Finding]:
    if wishes:
        from reconciler.reconcile.suppression import wrong_lists  # only a project with lists pays for its room

        yield from wrong_lists(project, wishes)


def _tell_findings(shared: Shared, findings: list[Finding], root: Path, documents: int) -> int:
    wrong = any(finding.severity is Severity.ERROR for finding in findings)
    shown = [finding.to_json() for finding in findings]
    if format_among(shared, TEXT_OR_JSON) == "json":
        data(json.dumps({"format_version": FORMAT_VERSION, "findings": shown}, indent=2, ensure_ascii=False))
    elif shown:
        data(render_findings(shown, lines_of(root), style(shared)))
    if not wrong and shared.format == "text":
        note(shared, say("{count:,} document(s) are right", count=documents))
    return exits.ERROR if wrong else exits.DONE
