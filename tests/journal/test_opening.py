"""A journal is opened only when it is the project's own, whole, and not of a newer program."""

from __future__ import annotations

import pytest

from reconciler.errors import Mistaken
from reconciler.journal.chain import KEY_BYTES
from reconciler.journal.emergency import append_emergency
from reconciler.journal.store import open_journal
from tests.journal.histories import NOW, history, started
from tests.journal.places import File, Place, Schema, emergency, folder, journal_at, opened, refusal


def test_it_is_the_same_journal_next_time(place: Place) -> None:
    with journal_at(place) as first:
        assert first.fresh
        assert len(first.key) == KEY_BYTES
        history(first)
        known = (first.id, first.key, first.head, first.memory())
    with journal_at(place, expected_id=known[0], create=False) as second:
        assert (second.id, second.key, second.head, second.memory()) == known
        assert not second.fresh


def test_a_missing_journal_is_not_replaced(place: Place) -> None:
    assert refusal(place, expected_id="6f2c").code == "JRN001"
    assert refusal(place, create=False).code == "JRN001"
    assert not folder(place).exists()
    with journal_at(place) as journal:
        assert journal.fresh  # nothing was left behind by asking


def test_a_missing_journal_whose_emergency_file_is_there_is_not_replaced(place: Place) -> None:
    append_emergency(emergency(place, "6f2c"), started())
    said = refusal(place)

    assert said.code == "JRN001"
    assert emergency(place, "6f2c").path.name in said.message


def test_a_foreign_journal_is_refused(place: Place) -> None:
    opened(place).close()

    assert refusal(place, expected_id="6f2c").code == "JRN002"


def test_a_key_kept_outside_must_be_the_same_each_time(place: Place) -> None:
    key = bytes(range(KEY_BYTES))
    with journal_at(place, key=key) as journal:
        assert journal.key == key
    with place.guarded() as execute:
        assert execute("SELECT * FROM key") == []
        assert all(key not in body for (body,) in execute("SELECT body FROM entries"))
    assert refusal(place).code == "JRN002"
    assert refusal(place, key=bytes(KEY_BYTES)).code == "JRN002"
    opened(place, key=key).close()
    with pytest.raises(ValueError, match="32 bytes"):
        opened(place, key=b"short")


def test_another_key_than_the_one_inside_is_refused(place: Place) -> None:
    opened(place).close()

    assert refusal(place, key=bytes(KEY_BYTES)).code == "JRN002"


def test_an_empty_place_is_a_new_journal_only_where_none_is_expected(file: File, schema: Schema) -> None:
    file.path.parent.mkdir()
    file.path.touch()
    with schema.guarded() as execute:
        execute(f"CREATE SCHEMA {schema.name}")

    for place in (file, schema):
        assert refusal(place, expected_id="6f2c").code == "JRN003"
        assert refusal(place, create=False).code == "JRN003"
        with journal_at(place) as journal:
            assert journal.fresh


def test_another_programs_tables_are_left_alone(file: File, schema: Schema) -> None:
    file.path.parent.mkdir()
    with schema.guarded() as execute:
        execute(f"CREATE SCHEMA {schema.name}")
    file.path.touch()
    for place in (file, schema):
        with place.guarded() as execute:
            execute("CREATE TABLE entries (number INTEGER)")

        assert refusal(place).code == "JRN003"
        with place.guarded() as execute:
            assert execute("SELECT * FROM entries") == []
    with schema.guarded() as execute:
        assert execute("SELECT count(*) FROM pg_tables WHERE schemaname = ?", (schema.name,)) == [(1,)]


def test_a_layout_of_a_newer_version_is_refused(place: Place) -> None:
    opened(place).close()
    with place.raw() as execute:
        execute("UPDATE schema_version SET version = 99")

    error = refusal(place)
    assert error.code == "JRN003"
    assert "newer" in error.message


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ana@db.example/db",
        "postgresql://ana@db.example/db?schema=Not-A-Name",
        "postgresql://ana@db.example/db?schema=pg_catalog",
        "postgresql://ana:se/cret@db.example:port/db",
        "postgresql://ana@db.example:secret/db",
        "postgresql://ana@db.example/db?no_such_option=secret",
        "postgresql://[::1/db",
    ],
)
def test_a_url_that_names_no_journal_is_told_without_being_shown(file: File, url: str) -> None:
    with pytest.raises(Mistaken) as caught:
        open_journal(url, file.root, now=NOW)

    assert caught.value.code == "JRN005"
    assert "cret" not in caught.value.message + caught.value.remedy
    assert caught.value.__cause__ is None
