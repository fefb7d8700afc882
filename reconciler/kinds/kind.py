"""What a kind is: a name, a shape and its fields; and the fields that every document has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from reconciler.catalogue import say
from reconciler.kinds.fields import CODE, NAME, Boolean, Field, Integer, ListOf, Text
from reconciler.resource import Shape

SECTORS: Final = ("finance", "telecom", "other")

Mistake: TypeAlias = tuple[str, str, str, str]  # dotted path, code, message, remedy


def no_rules(_fields: Mapping[str, Any]) -> Iterator[Mistake]:
    """The rules of a kind whose fields leave nothing to say about each other."""
    yield from ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of document. `fields` are its own; the platform's block comes from the platform.

    `rules` says what the fields, each right by itself, do wrong together.
    """

    name: str
    shape: Shape
    doc: str
    fields: tuple[Field, ...]
    rules: Callable[[Mapping[str, Any]], Iterator[Mistake]] = no_rules


def purpose_rules(fields: Mapping[str, Any]) -> Iterator[Mistake]:
    """`service` says which service, so it needs the purpose."""
    if fields.get("service") and fields.get("purpose") != "service":
        yield (
            "service",
            "SPC012",
            say("'service' goes with 'purpose: service'"),
            say("correct the purpose, or remove 'service'"),
        )


DOCUMENT: Final = (
    Field(name="kind", type=Text(), required=True, doc="campaign, contacts, blacklist or scheduled_sms."),
    Field(
        name="target",
        type=ListOf(CODE, one=True, least=1),
        required=True,
        doc="The target of reconciler.yaml, or a list of them: the document then stands once for each.",
    ),
    Field(name="name", type=NAME, required=True, doc="Unique by target and kind; part of the address target/kind/name."),
    Field(name="protect", type=Boolean(), default=False, doc="Never deleted or stopped by a plan."),
    Field(name="tags", type=ListOf(CODE), default=(), doc="Words to select by, as in --only tag:WORD."),
)

PURPOSE: Final = Field(
    name="purpose",
    type=Text(choices=("marketing", "collection", "service")),
    doc="What the contact is for; the law looks at it. The strictest is taken where nobody says it.",
)
SERVICE: Final = Field(
    name="service",
    type=Text(choices=("transaction", "requested", "fraud_alert", "appointment", "other")),
    doc="Which service, where purpose is service.",
)
SECTOR: Final = Field(
    name="sector",
    type=Text(choices=SECTORS),
    doc="Whose business it is; some laws and codes are for one sector. The target's where it is left out.",
)
GENERATION: Final = Field(
    name="generation",
    type=Integer(least=1, most=1_000_000),
    default=1,
    doc="Raise it to send to everybody again; nothing else sends twice.",
)
