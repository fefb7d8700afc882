"""The page at `/`: what is in the sandbox, for a person. No full phone number, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup
from starlette.responses import Response

from reconciler.sandbox.world import World


def masked(recipient: str) -> str:
    """The last two characters behind dots: enough to tell two entries apart, not enough to call anybody."""
    return f"••• ••{recipient[-2:]}" if len(recipient) > 4 else "•••"


def clock_time(moment: str) -> str:
    return moment[11:19]


@cache
def _template() -> tuple[jinja2.Template, str, str]:
    """The template, the style sheet, and the hash by which the policy knows the style sheet."""
    files = resources.files("reconciler.sandbox") / "templates"
    style = (files / "page.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters |= {"masked": masked, "clock_time": clock_time}
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.from_string((files / "page.html").read_text(encoding="utf-8")), style, digest


def rendered(world: World, *, live: bool = False) -> Response:
    """The page; `live` makes the browser ask again every two seconds."""
    template, style, digest = _template()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    html = template.render(world.page(), style=Markup(style), live=live)  # noqa: S704 - our own file
    return Response(
        html,
        media_type="text/html; charset=utf-8",
        headers={
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cache-control": "no-store",
        },
    )
