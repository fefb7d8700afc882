"""What the speed of rows rests on, as counts that no machine changes: statements, rows that become objects, names, passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from reconciler.call import Sink
from reconciler.rows.compare import Compared, compare
from reconciler.rows.engine import Engine
from reconciler.rows.people import Known
from reconciler.rows.places import Place
from reconciler.rows.prepare import prepare
from reconciler.rows.sheet import Verb
from reconciler.rows.suppress import numbers, suppress
from tests.rows.conftest import KEY, Specs

SHOWN = Sink(rows_at="", columns={name: name for name in ("key", "phone", "name", "_result", "_calls", "_code", "phone9")})
HEADER = "key,phone,name\n"


class Counted(Engine):
    """An engine that counts its statements, and the rows of their results."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.fetched: list[int] = []
        """Rows of each result, or of each piece of one."""
        super().__init__(key=KEY, memory="512MB")

    def attempt(self, statement: str, values: Sequence[Any] = ()) -> tuple[list[tuple[Any, ...]], tuple[str, str] | None]:
        rows, failure = super().attempt(statement, values)
        self.statements.append(statement)
        self.fetched.append(len(rows))
        return rows, failure

    def stream(self, statement: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        for rows in super().stream(statement, size):
            self.fetched.append(len(rows))
            yield rows


@pytest.fixture
def counted() -> Iterator[Counted]:
    with Counted() as made:
        yield made


def people(count: int, *, first: int = 0) -> str:
    """As many rows as asked for, all with a key, a number and a name of their own."""
    return "".join(f"k{place},{3_001_000_000 + place},Persona{place}\n" for place in range(first, first + count))


def living(engine: Engine, count: int) -> str:
    """The same people as a platform shows them."""
    rows = [{"key": f"k{place}", "phone": str(3_001_000_000 + place), "name": f"Persona{place}"} for place in range(count)]
    return engine.ingest(msgspec.json.encode(rows), SHOWN).table


def planned(engine: Engine, specs: Specs, *, rows: int, live: int) -> Compared:
    """A document read, suppressed by a list and compared with what lives."""
    prepared = prepare(engine, specs(text=HEADER + people(rows)))
    engine.run("CREATE OR REPLACE TABLE barred AS SELECT '3009' || lpad(range::VARCHAR, 6, '0') AS phone FROM range(50)")
    suppress(engine, prepared, [("blacklist", numbers(engine, "barred", "phone", "CO"))])
    return compare(engine, prepared, live=living(engine, live), container="here|1", generation=1)


def test_statements_and_rows_that_become_objects_do_not_grow_with_the_list(specs: Specs) -> None:
    found = []
    for rows in (20, 20_000):
        with Counted() as engine:
            compared = planned(engine, specs, rows=rows, live=rows - 4)
            assert (compared.diff.to_add, compared.diff.unchanged) == (4, rows - 4)
            found.append((len(engine.statements), sum(engine.fetched), max(engine.fetched)))

    assert found[0] == found[1]
    statements, _, most = found[0]
    assert statements <= 60
    assert most <= 20


def test_examples_and_columns_are_asked_for_where_there_are_any(specs: Specs) -> None:
    """Where no row is invalid and none differs, nothing is asked; else a statement each, and a few rows of many."""
    found = []
    for wrong in ("", "".join(f"k{place},12{place:04},\n" for place in range(900, 1_900))):
        with Counted() as engine:
            prepared = prepare(engine, specs(text=HEADER + people(900) + wrong))
            found.append((len(engine.statements), max(engine.fetched)))
            assert sum(map(len, prepared.examples.values())) == (5 if wrong else 0)

    (statements, _), (more, most) = found
    assert more == statements + 1
    assert most <= 5


@pytest.mark.parametrize("lacking", [0, 10, 480])
def test_as_many_rows_are_named_as_are_touched(counted: Counted, specs: Specs, lacking: int) -> None:
    """A keyed digest costs more than everything else about a row: rows that stay as they are get none.

    One that is added has three: recipient, person, content. Of rows that share a number, contents tell which one stays.
    """
    counted.run("CREATE SEQUENCE names")
    counted.run("CREATE OR REPLACE MACRO keyed(message) AS md5(message || repeat(' ', (nextval('names') * 0)::INTEGER))")
    prepared = prepare(counted, specs(text=HEADER + people(500) + "x1,3001000007,\nx2,3001000300,\n"))
    live = living(counted, 500)
    counted.run(f"DELETE FROM {live} WHERE hash(key) IN (SELECT hash(key) FROM {live} ORDER BY hash(key) LIMIT {lacking})")
    twice = 4

    compared = compare(counted, prepared, live=live, container="here|1", generation=1)

    added = compared.diff.to_add
    assert 0 <= added - lacking <= 2  # one of a pair that is new
    assert compared.diff.suppressed == {"duplicate": 2}
    assert counted.one("SELECT nextval('names') - 1") == 3 * added + twice


def test_a_source_is_read_for_its_head_its_bytes_and_its_rows(
    counted: Counted, specs: Specs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times opened, once read as rows; numbers that are decided fast go through no second reading."""
    opened: list[Place] = []
    whole = Place.open

    def opening(place: Place) -> Any:
        opened.append(place)
        return whole(place)

    monkeypatch.setattr(Place, "open", opening)

    prepare(counted, specs(text=HEADER + people(2_000)))

    assert len(opened) <= 3
    assert sum("read_csv(" in statement for statement in counted.statements) == 1


def test_batches_are_made_one_at_a_time(counted: Counted, specs: Specs) -> None:
    compared = planned(counted, specs, rows=2_000, live=0)
    counted.fetched.clear()

    sizes = [len(batch) for batch in compared.feed.batches(Verb.ADD, 300)]

    assert sizes == [300] * 6 + [200]
    assert max(counted.fetched) == 300


def test_everybody_whom_the_journal_has_seen_is_brought_in_once_for_all_documents(counted: Counted, specs: Specs) -> None:
    asked = []

    def journal() -> Iterator[bytes]:
        asked.append(1)
        yield bytes(16 * 1_000)

    known = Known(counted, journal())
    quiet = prepare(counted, specs(text=HEADER + people(3), name="quiet.csv"))
    compare(counted, quiet, live=living(counted, 3), container="here|0", generation=1, persons=known)
    assert not asked  # nobody was looked for

    for number in (1, 2, 3):
        prepared = prepare(counted, specs(text=HEADER + people(5, first=10 * number), name=f"{number}.csv"))
        compare(counted, prepared, live=None, container=f"here|{number}", generation=1, persons=known)

    assert asked == [1]
    assert (
        sum(statement.startswith("CREATE TABLE packed") and "name" in statement for statement in counted.statements)
        <= 1 + 4 * 3
    )


@pytest.mark.parametrize(("rows", "looks"), [([{"id": "1"}, {"id": "2"}], 0), ([{"id": "1"}, {"id": "2", "NAME": "Ana"}], 1)])
def test_keys_are_listed_only_where_one_may_be_spelled_in_another_way(
    counted: Counted, rows: list[dict[str, str]], looks: int
) -> None:
    """A first row that lacks a column is common, and listing the keys of every row takes as long as reading them."""
    page = counted.ingest(msgspec.json.encode(rows), Sink(rows_at="", columns={"key": "id", "name": "name"}))

    assert sum("json_keys" in statement for statement in counted.statements) == looks
    assert counted.run(f"SELECT key, name FROM {page.table} ORDER BY key") == [("1", ""), ("2", "Ana" if looks else "")]
