"""Contacts: the rows loaded into a campaign, or, without one, the platform's address book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.kinds.fields import CODE, NAME, Field, Record, Text
from reconciler.kinds.kind import GENERATION, PURPOSE, SECTOR, SERVICE, Kind, Mistake, purpose_rules
from reconciler.kinds.sources import COLUMNS, SOURCE, source_rules
from reconciler.resource import Shape


def _rules(fields: Mapping[str, Any]) -> Iterator[Mistake]:
    yield from purpose_rules(fields)
    yield from source_rules(fields)
    if fields.get("missing") == "close" and not fields.get("close"):
        yield "missing", "SPC002", say("'missing: close' needs 'close'"), say("write close: {{code: CODE}}")
    if fields.get("close") and fields.get("missing") != "close":
        yield "close", "SPC012", say("'close' goes with 'missing: close'"), say("add it, or remove 'close'")


CONTACTS: Final = Kind(
    name="contacts",
    shape=Shape.SET,
    rules=_rules,
    doc="Rows loaded into a campaign, or the address book of a platform that has one.",
    fields=(
        Field(
            name="campaign",
            type=NAME,
            doc="The campaign that the rows are loaded into. Left out: the address book (Lynn).",
        ),
        SOURCE,
        COLUMNS,
        Field(
            name="missing",
            type=Text(choices=("keep", "close", "remove")),
            default="keep",
            doc="Live rows that the source does not have.",
        ),
        Field(
            name="close",
            type=Record(
                (
                    Field(
                        name="code",
                        type=CODE,
                        required=True,
                        doc="The code that closes a row, as the console knows it.",
                    ),
                    Field(name="code2", type=CODE, doc="The second code, where the campaign asks for one."),
                    Field(name="comment", type=Text(length_min=0, length_max=200), doc="A note on the closed row."),
                )
            ),
            doc="How rows are closed, for missing: close.",
        ),
        Field(
            name="changed",
            type=Text(choices=("report", "replace")),
            default="report",
            doc="Live rows that differ from the source.",
        ),
        GENERATION,
        PURPOSE,
        SERVICE,
        SECTOR,
    ),
)
