"""A blacklist: numbers that must not be contacted. Entries are added, and never lifted by being absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.kinds.fields import NAME, Field, Integer, Record, Text
from reconciler.kinds.kind import Kind, Mistake
from reconciler.kinds.sources import COLUMNS, LIFTS, SOURCE, source_rules
from reconciler.resource import Shape


def _rules(fields: Mapping[str, Any]) -> Iterator[Mistake]:
    yield from source_rules(fields)
    if fields.get("expires") and not fields.get("days"):
        yield "expires", "SPC012", say("'expires' goes with 'days'"), say("add 'days', or remove 'expires'")


BLACKLIST: Final = Kind(
    name="blacklist",
    shape=Shape.SET,
    rules=_rules,
    doc="Numbers that must not be contacted.",
    fields=(
        Field(
            name="scope",
            type=Record(
                (
                    Field(
                        name="direction",
                        type=Text(choices=("inbound", "outbound", "all")),
                        doc="wolkvox: which calls are blocked.",
                    ),
                    Field(name="campaign", type=NAME, doc="Lynn: the campaign."),
                    Field(name="category", type=NAME, doc="Lynn: every campaign of the category."),
                )
            ),
            doc="What the entries block: direction on wolkvox, campaign or category on Lynn, nothing to say on uContact.",
        ),
        SOURCE,
        COLUMNS,
        LIFTS,
        Field(
            name="days",
            type=Integer(least=1, most=3650),
            doc="wolkvox: entries end by themselves after so many days; without direction.",
        ),
        Field(
            name="expires",
            type=Text(choices=("lapse", "renew")),
            doc="With days: whether entries that end are added again.",
        ),
        Field(
            name="verify",
            type=Text(choices=("all", "sample")),
            doc="Lynn: whether every entry is read back; all up to 2,000 entries when left out.",
        ),
    ),
)
