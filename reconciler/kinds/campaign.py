"""A campaign: an object with fields and a run state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.kinds.fields import CLOCK, NAME, ZONE, Field, ListOf, Record, Text
from reconciler.kinds.kind import PURPOSE, SECTOR, SERVICE, Kind, Mistake, purpose_rules
from reconciler.resource import Shape

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

WINDOW: Final = Record(
    (
        Field(
            name="days",
            type=ListOf(Text(choices=DAYS)),
            doc="Days of the week; mon to fri when left out, every day for purpose: service.",
        ),
        Field(name="from", type=CLOCK, required=True, doc="Start, HH:MM, in the target's zone."),
        Field(name="to", type=CLOCK, required=True, doc="End, HH:MM; after the start."),
        Field(
            name="holidays",
            type=Text(choices=("on", "off")),
            default="off",
            doc="Whether holidays of the target's country count.",
        ),
        Field(name="timezone", type=ZONE, doc="Another zone than the target's."),
    )
)


def _rules(fields: Mapping[str, Any]) -> Iterator[Mistake]:
    yield from purpose_rules(fields)
    for index, slot in enumerate(fields.get("window") or ()):
        if slot["from"] >= slot["to"]:
            remedy = say("a slot lies within one day; write two slots for a night")
            yield f"window.{index}.to", "SPC012", say("the window ends before it starts"), remedy


CAMPAIGN: Final = Kind(
    name="campaign",
    shape=Shape.OBJECT,
    doc="A campaign with its settings and run state.",
    rules=_rules,
    fields=(
        Field(name="display_name", type=NAME, doc="The platform's name for it, where it differs from name."),
        Field(name="state", type=Text(choices=("started", "stopped")), doc="Left out: the run state is not managed."),
        Field(name="description", type=Text(length_min=0, length_max=1000), doc="Free text."),
        PURPOSE,
        SERVICE,
        SECTOR,
        Field(
            name="channel",
            type=Text(choices=("voice", "sms", "whatsapp", "email")),
            default="voice",
            doc="How people are reached.",
        ),
        Field(name="window", type=ListOf(WINDOW, one=True, least=1), doc="When it may run: one slot, or a list of them."),
        Field(name="caller_id", type=Text(), doc="The number or prefix that people see."),
    ),
)
