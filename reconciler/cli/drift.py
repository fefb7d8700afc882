"""drift: what somebody else changed since we last wrote; reported, and left alone."""

from __future__ import annotations

import click

from reconciler import __version__
from reconciler.cli import exits
from reconciler.cli.options import Shared, common, format_among
from reconciler.cli.output import FORMAT_VERSION, data, note, style
from reconciler.cli.workspace import open_project, open_session
from reconciler.reports.drift import DRIFT_FORMATS, render_drift


@click.command()
@common
def drift(shared: Shared) -> int:
    """Show what was changed in a console since we last applied; exit 2 when something was. Sends nothing but reads.

    A plan shows the same, and what it would do about it.
    """
    from reconciler.reconcile.edits import find_edits

    format_among(shared, DRIFT_FORMATS)
    with open_session(open_project(shared)) as session:
        found = find_edits(session, shared.only)
    shown = {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "targets": [target.to_json() for target in found.targets],
        "drift": [one.to_json() for one in found.drift],
        "in_doubt": [str(address) for address in found.in_doubt],
        "findings": [finding.to_json() for finding in found.findings],
    }
    data(render_drift(shown, shared.format, style(shared)))
    for finding in found.findings:
        note(shared, f"{finding.code}: {finding.message}")
    return exits.strongest(
        exits.UNKNOWN if found.in_doubt else exits.DONE,
        exits.DONE if found.complete else exits.UNREACHABLE,
        exits.CHANGES if found.drift else exits.DONE,
    )
