"""The journal as evidence shows what was done, masks what others said, and can be verified by anybody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rfc8785

from reconciler import audit
from reconciler.journal.entry import Columns, Entry, Event
from reconciler.journal.store import Journal, open_journal
from reconciler.resource import Action, Address

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CAMPAIGN = Address("wolkvox-co", "campaign", "mora-2026-03-01")
OTHER = Address("lynn-cl", "campaign", "mora")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal("journal.db", tmp_path, now=NOW)) as journal:
        journal.append(Entry(event=Event.RUN_STARTED, at=NOW, run="run-1"))
        for operation, address in (("op-1", CAMPAIGN), ("op-2", OTHER)):
            intent = Entry(
                event=Event.INTENT, at=NOW, run="run-1", operation=operation, address=address, action=Action.STOP, container="c"
            )
            journal.append(intent, Columns(recipients=bytes(16)))
            facts = {
                "id": "1234567890",
                "why": "number +57 300 123 4567 is busy",
                "seen": [{"at": "2026-03-02T10:00:00+00:00"}],
            }
            journal.append(Entry(event=Event.ACKED, at=NOW, run="run-1", operation=operation, container="c", facts=facts))
        journal.append(Entry(event=Event.RUN_STARTED, at=NOW, run="run-2"))
        yield journal


def test_the_log_has_every_entry_as_json(journal: Journal) -> None:
    lines = list(audit.log(journal))

    assert json.loads(json.dumps(lines)) == lines
    assert [line["number"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert lines[2]["address"] == "wolkvox-co/campaign/mora-2026-03-01"
    assert (lines[2]["event"], lines[2]["action"], lines[2]["at"]) == ("intent", "stop", NOW.isoformat())
    assert lines[-1]["hash"] == journal.head


def test_the_log_masks_what_others_said_and_keeps_ids_and_instants(journal: Journal) -> None:
    facts = next(line["facts"] for line in audit.log(journal) if line["event"] == "acked")

    assert facts == {
        "id": "1234567890",
        "why": "number +57 ••• ••• ••67 is busy",
        "seen": [{"at": "2026-03-02T10:00:00+00:00"}],
    }


def test_the_log_of_a_run(journal: Journal) -> None:
    assert [line["number"] for line in audit.log(journal, run="run-2")] == [7]


@pytest.mark.parametrize(
    ("address", "numbers"), [(str(CAMPAIGN), [3, 4]), ("lynn-cl/*", [5, 6]), ("*/campaign/*", [3, 4, 5, 6]), ("nobody/*", [])]
)
def test_the_log_of_an_address_has_all_entries_of_its_operations(journal: Journal, address: str, numbers: list[int]) -> None:
    assert [line["number"] for line in audit.log(journal, address=address)] == numbers


def test_the_export_can_be_verified_without_this_program(journal: Journal) -> None:
    previous = bytes(32)
    for line in audit.export(journal):
        data = json.loads(line)
        assert data["previous"] == previous.hex()
        previous = hashlib.sha256(previous + rfc8785.dumps(data["entry"])).digest()
        assert data["hash"] == previous.hex()
    assert previous.hex() == journal.head


def test_verify_checks_the_whole_chain(journal: Journal) -> None:
    verified = audit.verify(journal)

    assert (verified.entries, verified.head, verified.broken) == (7, journal.head, 0)
