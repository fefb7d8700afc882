"""Scheduled SMS: messages to people, sent or scheduled once a recipient and generation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.kinds.fields import DURATION, INSTANT, NAME, Either, Field, Record, Text
from reconciler.kinds.kind import GENERATION, PURPOSE, SECTOR, SERVICE, Kind, Mistake, purpose_rules
from reconciler.kinds.sources import COLUMNS, SOURCE, source_rules
from reconciler.resource import Shape

_AT: Final = Text(
    pattern=INSTANT.pattern[:-1] + r"$|^on_apply$",
    form="an instant with its offset such as 2026-12-01T10:00:00-05:00, on_apply, or {column: NAME}",
)


def _rules(fields: Mapping[str, Any]) -> Iterator[Mistake]:
    yield from purpose_rules(fields)
    yield from source_rules(fields)


SCHEDULED_SMS: Final = Kind(
    name="scheduled_sms",
    shape=Shape.SEND,
    rules=_rules,
    doc="Messages sent at an instant, or when applied.",
    fields=(
        Field(name="campaign", type=NAME, doc="The SMS dialer's name as the platform shows it."),
        PURPOSE,
        SERVICE,
        SECTOR,
        Field(
            name="at",
            type=Either(
                _AT,
                Record((Field(name="column", type=Text(), required=True, doc="The column that holds each row's instant."),)),
            ),
            required=True,
            doc="An instant with its offset, {column: NAME}, or on_apply.",
        ),
        Field(
            name="message",
            type=Text(length_max=2000),
            required=True,
            personal=True,
            doc="The text; {name} stands for a mapped column.",
        ),
        SOURCE,
        COLUMNS,
        GENERATION,
        Field(name="horizon", type=DURATION, doc="Rows due later than this wait for a later apply."),
    ),
)
