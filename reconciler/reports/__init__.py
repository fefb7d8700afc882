"""Plans, runs and findings as people and machines read them.

`report` decides once what is shown of a plan; `text`, `json` and `markdown` lay it out. `run` shows what an apply did,
`findings` what validate found, `drift` what somebody else changed, `timeline` what the coming days hold. Everything is a pure
function of public JSON, and nothing of others' making reaches an output but through `printable`. A new format is a module and
a line in FORMATS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.reports import json, markdown, text
from reconciler.reports.drift import DRIFT_FORMATS, render_drift
from reconciler.reports.findings import render_findings
from reconciler.reports.report import Report, of_plan
from reconciler.reports.run import RUN_FORMATS, event_line, narrowed_line, render_run
from reconciler.reports.style import Style
from reconciler.reports.timeline import TIMELINE_FORMATS, render_timeline

FORMATS: Final[Mapping[str, Callable[[Mapping[str, Any], Style], str]]] = {
    "text": text.render,
    "json": json.render,
    "markdown": markdown.render,
}


def render_plan(plan_json: Mapping[str, Any], format: str, style: Style) -> str:  # noqa: A002 - the word that users know
    """A plan's public JSON in one of FORMATS; KeyError for another."""
    return FORMATS[format](plan_json, style)


__all__ = [
    "DRIFT_FORMATS",
    "FORMATS",
    "RUN_FORMATS",
    "TIMELINE_FORMATS",
    "Report",
    "Style",
    "event_line",
    "narrowed_line",
    "of_plan",
    "render_drift",
    "render_findings",
    "render_plan",
    "render_run",
    "render_timeline",
]
