"""Entries are written as RFC 8785 says, fast, and what was written is what reading gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as some

from reconciler.journal import canonical, chain
from reconciler.journal.entry import Columns, Entry, Event
from reconciler.personal import Secret
from reconciler.resource import Action, Address

TEXTS = some.text(some.characters(codec=None))  # half characters too: platforms send them
NAMES = some.text(some.characters(codec="utf-8", exclude_characters="\0"))
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | TEXTS,
    lambda inner: some.lists(inner) | some.tuples(inner, inner) | some.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@settings(max_examples=500)
@given(VALUES)
@example({"\U0001f600": 1, "\ufb33": 2})  # by UTF-16 the first comes first
@example([2.0**53, -(2.0**53), 2.0**53 - 1, 1e16, 1e21, 1e-4, 9.9e-5, 5e-324, 0.1, -0.0, 4.5])
@example(["\x00\x1f\x7f\u2028\ud800", "\ud83d\ude00", '"\\/\b\f\n\r\t'])
def test_the_bytes_are_those_of_the_reference(value: Any) -> None:
    plain = canonical.plain(value)

    assert canonical.dumps(plain) == rfc8785.dumps(plain)
    assert canonical.plain(plain) == plain
    assert json.loads(canonical.dumps(plain)) == plain


def test_whatever_stands_for_text_numbers_and_mappings_is_written_as_such() -> None:
    class Word(str):
        __slots__ = ()

    given = {"word": Word("ñ"), "number": 7.0, "map": MappingProxyType({1: Word("a")}), "list": (True, None)}

    assert canonical.plain(given) == {"word": "ñ", "number": 7, "map": {"1": "a"}, "list": [True, None]}
    assert canonical.dumps(canonical.plain(given)) == '{"list":[true,null],"map":{"1":"a"},"number":7,"word":"ñ"}'.encode()


@pytest.mark.parametrize("value", [Secret("abc"), {"a": [Secret("abc")]}, b"bytes", {1, 2}, object()])
def test_what_json_does_not_know_is_refused_without_being_shown(value: Any) -> None:
    with pytest.raises(TypeError) as caught:
        canonical.plain(value)

    assert "abc" not in str(caught.value)


@given(
    some.builds(
        Entry,
        event=some.sampled_from([event for event in Event if event is not Event.INTENT]),
        at=some.datetimes(timezones=some.sampled_from([UTC, timezone(timedelta(hours=-5))])),
        run=NAMES,
        operation=NAMES,
        address=some.none() | some.just(Address("wolkvox-co", "campaign", "cobranza/mora ñ")),
        action=some.none() | some.sampled_from(Action),
        call=NAMES,
        container=NAMES,
        generation=some.integers(1, 99),
        count=some.integers(0, 10**6),
        boot=NAMES,
        clock_s=some.floats(0, 1e9),
        facts=some.dictionaries(TEXTS, VALUES, max_size=5),
    ),
    some.integers(0, 3),
)
def test_what_was_written_is_what_reading_gives(entry: Entry, rows: int) -> None:
    columns = Columns(recipients=bytes(16) * rows)
    body, stored = chain.write(7, bytes(32), entry, columns)

    assert chain.read(bytes(32), body, bytes.fromhex(stored.hash)) == stored
    assert body == rfc8785.dumps(chain.content(stored))
    assert (stored.entry.event, stored.entry.at, stored.number) == (entry.event, entry.at, 7)


def test_an_instant_needs_its_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        chain.entry_json(Entry(event=Event.RUN_ENDED, at=datetime(2026, 3, 2)))  # noqa: DTZ001 - the mistake under test
