"""What a rule tells of having looked: who it is, at what it looked, and what it found; a pass is told too.

A rule is a pure function from a plan, the settings and the clock to what it looked at. It may yield once for the whole plan,
or once for each address: what is told of one rule is put together, in `evaluated` of the plan's JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import rfc8785

from reconciler import __version__
from reconciler.calendar import holidays_version, zones_version
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.values import Plan
from reconciler.policies.settings import Settings
from reconciler.resource import Address, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One rule that looked.

    `rule` is a code (`VOL004`), a law rule's id (`CO-1`) or `rule:NAME` of the user's own. `version` is that of its text: the
    law pack's, or this program's. `inputs` is what it looked at, and must hold nothing of a person: mappings, sequences and
    sets of texts, numbers, dates and addresses. `findings` is what it found; () where it lets the plan pass.
    """

    rule: str
    inputs: Any
    findings: tuple[Finding, ...] = ()
    version: str = __version__


Rule = Callable[[Plan, Settings, datetime], Iterator[Looked]]


def guard(
    code: str, name: str, value: int | str, message: str, *, address: Address | None = None, origin: Origin | None = None
) -> Finding:
    """A tripped guard, approved by `--ack NAME=VALUE@DIGEST`; its remedy is `NAME=VALUE` until the plan's digest is known."""
    return Finding(
        code=code,
        severity=Severity.APPROVE,
        message=message,
        remedy=f"{name}={value}",
        address=address,
        origin=origin,
    )


def evaluated(looks: Iterable[Looked]) -> list[dict[str, str]]:
    """One entry a rule and version: the digest of all that it looked at, and the strongest of what it found, or `pass`."""
    by_rule: dict[tuple[str, str], list[Looked]] = {}
    for look in looks:
        by_rule.setdefault((look.rule, look.version), []).append(look)
    return [
        {"rule": rule, "version": version, "inputs_digest": digest(one.inputs for one in told), "result": _result(told)}
        for (rule, version), told in sorted(by_rule.items())
    ]


@cache
def versions() -> Mapping[str, str]:
    """The versions of what rules look things up in: clocks, holidays and numbers."""
    from importlib.metadata import version

    return {"tzdata": zones_version(), "holidays": holidays_version(), "phonenumbers": version("phonenumbers")}


def digest(inputs: Iterable[Any]) -> str:
    """The first 16 hex digits of SHA-256 over the canonical JSON (RFC 8785) of each, in an order of their own."""
    written = sorted(rfc8785.dumps(_plain(one)) for one in inputs)
    return hashlib.sha256(b"\n".join(written)).hexdigest()[:16]


def _result(told: Iterable[Looked]) -> str:
    found = (finding.severity for look in told for finding in look.findings)
    worst = min(found, key=lambda severity: severity.rank, default=None)
    return worst.value if worst else "pass"


def _plain(value: Any) -> Any:
    """A value as RFC 8785 takes it. Sets have no order, and what is neither text, truth nor number is told as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=rfc8785.dumps)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
