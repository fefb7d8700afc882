"""What of a denied plan could be applied by itself: the `--only` that leaves out what is denied and whatever needs it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Final

from reconciler.diagnostics import Finding, Severity
from reconciler.plan.values import Plan
from reconciler.resource import Address

NAMED_MAX: Final = 12
"""Patterns that a person would still type; where it takes more, none is named."""

_SPECIAL: Final = re.compile(r"[*?\[]")


def passing(plan: Plan, findings: Iterable[Finding]) -> str:
    """The `--only …` by which the rest of the plan passes the findings that nobody can acknowledge.

    "" where nothing is denied, where a denial is about the whole plan, where nothing is left, or where it would be too long.
    """
    denied = [finding for finding in findings if finding.severity in (Severity.ERROR, Severity.DENY)]
    barred = {finding.address for finding in denied if finding.address}
    if not denied or any(finding.address is None for finding in denied):
        return ""
    left = {change.address for change in plan.changes} - _with_dependents(plan, barred)
    globs = _globs(left, {*barred, *(change.address for change in plan.changes)} - left)
    return " ".join(f"--only {shlex.quote(glob)}" for glob in globs) if 0 < len(globs) <= NAMED_MAX else ""


def _with_dependents(plan: Plan, barred: Iterable[Address]) -> set[Address]:
    """Addresses that are denied, those whose changes need one of theirs, and the rows of a campaign among them."""
    out = set(barred)
    while True:
        keys = {change.key for change in plan.changes if change.address in out}
        more = {
            change.address
            for change in plan.changes
            if change.address not in out and (change.campaign in out or not keys.isdisjoint(change.depends_on))
        }
        if not more:
            return out
        out |= more


def _globs(left: Iterable[Address], out: Iterable[Address]) -> list[str]:
    """The addresses that are left, whole targets and kinds in one pattern where nothing in them is to be left out."""
    found = set()
    for address in left:
        wider = (f"{address.target}/*", f"{address.target}/{address.kind}/*")
        free = (glob for glob in wider if not any(other.matches(glob) for other in out))
        found.add(next(free, _SPECIAL.sub(r"[\g<0>]", str(address))))
    return sorted(found)
