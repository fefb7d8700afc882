"""Drift alone, as `reconciler drift` shows it: what somebody else changed since we last wrote, and what cannot be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.reports import json
from reconciler.reports.printable import plain
from reconciler.reports.report import Section, drift_items, target_line
from reconciler.reports.style import Style
from reconciler.reports.text import section_lines, target_lines


def _text(drift_json: Mapping[str, Any], style: Style) -> str:
    items = drift_items(drift_json["drift"], ())
    unread = any(not target["complete"] for target in drift_json["targets"])
    blocks = [target_lines([target_line(target) for target in drift_json["targets"]], style)]
    if items:
        blocks.append(section_lines(Section(name="drift", items=tuple(items)), style))
    elif unread:
        blocks.append([style.paint(say("No drift found, but not everything could be read."), "strong")])
    else:
        blocks.append([style.paint(say("No drift: what we wrote last is what is there."), "strong")])
    doubts = [f"  {plain(address)}" for address in drift_json["in_doubt"]]
    if doubts:
        blocks.append([say("Not compared, since an outcome there is unknown; run 'reconciler resolve':"), *doubts])
    return "\n".join("\n".join(block) + "\n" for block in blocks if block)


DRIFT_FORMATS: Final[Mapping[str, Callable[[Mapping[str, Any], Style], str]]] = {"text": _text, "json": json.render}


def render_drift(drift_json: Mapping[str, Any], format: str, style: Style) -> str:  # noqa: A002 - the word that users know
    """What `reconciler drift` found, in one of DRIFT_FORMATS; KeyError for another."""
    return DRIFT_FORMATS[format](drift_json, style)
