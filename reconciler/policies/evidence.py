"""What rows and campaigns must show beside hours: consent, the authorised channel, the number that people see, registers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.policies.contact import Contact, binding, denied, worded
from reconciler.policies.lawpacks import Register, Rule

_NOT_DIGITS: Final = re.compile(r"\D")


def consent(contact: Contact, day: date, columns: Collection[str]) -> tuple[Finding, ...]:
    """What the `columns` of a source do not prove: consent that a law asks for is a deny, an unsaid channel a warning."""
    return tuple(_consent(contact, day, columns))


def _consent(contact: Contact, day: date, columns: Collection[str]) -> Iterator[Finding]:
    for country in contact.countries:
        for rule in binding("consent", country, contact, day):
            missing = [column for column in rule.consent if column not in columns]
            if missing:
                told = say("no column {columns}", columns=", ".join(missing))
                yield denied("CON001", f"{told}: {worded(rule)}", rule.id)
        for rule in binding("channel", country, contact, day):
            if rule.channel not in columns:
                told = say("no column {columns}", columns=rule.channel)
                yield replace(denied("CON002", f"{told}: {worded(rule)}", rule.id), severity=Severity.WARN)


def sender(contact: Contact, day: date, caller_id: str) -> tuple[Finding, ...]:
    """What is wrong with the number that people see; "" where nobody says which. A name without digits hides the number."""
    return tuple(_sender(contact, day, caller_id))


def _sender(contact: Contact, day: date, caller_id: str) -> Iterator[Finding]:
    digits = _NOT_DIGITS.sub("", caller_id)
    for country in contact.countries:
        for rule in binding("sender", country, contact, day):
            assert rule.sender is not None, "it binds as a rule on senders"
            if rule.sender.prefixes and not digits.startswith(rule.sender.prefixes):
                yield denied("SID001", worded(rule), rule.id)
            elif not rule.sender.hidden and caller_id and not digits:
                yield denied("SID002", worded(rule), rule.id)
            elif not rule.sender.hidden and not caller_id:
                yield replace(denied("SID003", worded(rule), rule.id), severity=Severity.WARN)


def registers(contact: Contact, day: date) -> tuple[tuple[Rule, Register], ...]:
    """The do-not-call registers that must be consulted, and the rules that ask for it."""
    bound = (rule for country in contact.countries for rule in binding("register", country, contact, day))
    return tuple((rule, rule.register) for rule in bound if rule.register)
