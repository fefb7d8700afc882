"""A plan in each of the formats that there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.reports import json, markdown, text
from reconciler.reports.style import Style

FORMATS: Final[Mapping[str, Callable[[Mapping[str, Any], Style], str]]] = {
    "text": text.render,
    "json": json.render,
    "markdown": markdown.render,
}


def render_plan(plan_json: Mapping[str, Any], format: str, style: Style) -> str:  # noqa: A002 - the word that users know
    """A plan's public JSON in one of FORMATS; KeyError for another."""
    return FORMATS[format](plan_json, style)
