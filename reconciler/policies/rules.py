"""Rules of the project's own: expressions over the plan's public JSON that trip where they are true.

A rule that cannot be looked at is never passed over: without its library the settings are wrong, and without an answer the
plan is denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.catalogue import say
from reconciler.diagnostics import CODES, Finding, Severity
from reconciler.personal import mask_text
from reconciler.policies.expressions import NotEvaluatedError, facts, read
from reconciler.policies.looked import Looked, digest
from reconciler.policies.settings import OwnRule


def judge(rules: Iterable[OwnRule], plan: Mapping[str, Any]) -> Iterator[Looked]:
    """Each rule against the plan's public JSON."""
    seen = None
    for rule in rules:
        seen = facts(plan) if seen is None else seen
        expression, _wrong = read(rule.expression)
        assert expression, "settings hold no rule that is wrong"
        inputs = {"level": rule.level, "plan": plan["digest"]}
        try:
            tripped, why = expression.holds(seen), ""
        except NotEvaluatedError as failure:
            tripped, why = True, str(failure)
        found = (_finding(rule, why),) if tripped else ()
        yield Looked(rule=rule.id, version=digest((rule.expression,)), inputs=inputs, findings=found)


def _finding(rule: OwnRule, why: str) -> Finding:
    """What a rule says when it trips; where it has no answer, that it is denied for it."""
    if why:
        message = say("the rule '{name}' has no answer: {why}", name=rule.name, why=why)
        return Finding(
            code="RUL002",
            rule=rule.id,
            severity=Severity.DENY,
            message=message,
            remedy=CODES["RUL002"].remedy,
            origin=rule.origin,
        )
    remedy = {"approve": f"{rule.id}=1", "deny": say("change the plan, or the rule in a reviewed change")}
    return Finding(
        code="RUL001",
        rule=rule.id,
        severity=Severity(rule.level),
        message=say("{message} (the project's rule '{name}')", message=mask_text(rule.message), name=rule.name),
        remedy=remedy.get(rule.level, ""),
        origin=rule.origin,
    )
