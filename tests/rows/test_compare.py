"""A document's rows against what lives and what was sent, and the batches that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from reconciler.call import Batch, Sink
from reconciler.rows import digest
from reconciler.rows.compare import Compared, Ending, compare, people
from reconciler.rows.engine import Engine
from reconciler.rows.lifts import lifts
from reconciler.rows.marks import marks
from reconciler.rows.people import Known, Persons, dialable
from reconciler.rows.prepare import prepare
from reconciler.rows.sheet import Presence, Sheet, Verb
from reconciler.rows.suppress import numbers
from reconciler.rows.suppress import suppress as take_out
from tests.rows.conftest import KEY, NUMBERS, RECORDS, Specs
from tests.rows.test_prepare import row

BOX = "wolkvox|0010|77"
COLUMNS = {name: name for name in ("key", "phone", "phone2", "name", "opt1", "_result", "_calls")}


@dataclass(frozen=True)
class Kept:
    """What a journal gives back."""

    recipients: bytes
    contents: bytes = b""


def recipients(*keys: str, box: str = BOX, generation: int = 1) -> Kept:
    return Kept(b"".join(digest.keyed(KEY, f"{box}\x1f{generation}\x1f{key}") for key in keys))


def living(engine: Engine, *rows: dict[str, str], columns: dict[str, str] = COLUMNS) -> str:
    return engine.ingest(msgspec.json.encode(list(rows)), Sink(rows_at="", columns=columns)).table


def against(engine: Engine, specs: Specs, rows: list[dict[str, str]], live: str | None, **how: Any) -> Compared:
    fields = how.pop("fields", {})
    prepared = prepare(engine, specs(rows=rows, **fields))
    settled: dict[str, Any] = {"container": BOX, "generation": 1}
    return compare(engine, prepared, live=live, **(settled | how))


def batches(compared: Compared, verb: Verb = Verb.ADD, rows_max: int = 100) -> list[Batch]:
    return list(compared.feed.batches(verb, rows_max))


def rows_of(compared: Compared, verb: Verb = Verb.ADD) -> list[dict[str, str]]:
    found = [dict(each) for batch in batches(compared, verb, 2) for each in batch.rows]
    return sorted(found, key=lambda cells: sorted(cells.items()))


def test_what_is_not_live_is_added_and_what_is_alike_is_left_alone(engine: Engine, specs: Specs) -> None:
    """Empty and absent are the same; columns that either side lacks are not compared."""
    live = living(
        engine, row("1", name="Ana"), row("9", "3131234567"), columns={"key": "key", "phone": "phone", "name": "name"}
    )

    compared = against(engine, specs, [row("1", name="Ana", opt1="new"), row("2", "3011234567")], live)

    diff = compared.diff
    assert (diff.in_source, diff.to_add, diff.unchanged, diff.changed, diff.live, diff.kept) == (2, 1, 1, 0, 2, 1)
    assert rows_of(compared) == [{"key": "2", "phone": "3011234567"}]
    assert (diff.people, diff.first_time) == (1, 1)


def test_rows_that_differ_are_reported_or_replaced(engine: Engine, specs: Specs) -> None:
    """Replaced only where we loaded them; the batch carries the wish, and what is ours to know of the live row."""
    live = living(engine, row("1", name="Ana") | {"_calls": "2"}, row("2", "3011234567", opt1="x"), row("3", "3021234567"))
    wish = [row("1", name="Eva"), row("2", "3011234567"), row("3", "3021234567")]

    reported = against(engine, specs, wish, live)
    assert (reported.diff.changed, reported.diff.to_replace, reported.diff.unchanged, reported.diff.empty) == (2, 0, 1, True)
    assert reported.diff.changed_columns == {"name": 1, "opt1": 1}
    assert reported.diff.digest == ""

    replaced = against(engine, specs, wish, live, changed="replace", loaded=[recipients("1", "3")])
    assert (replaced.diff.changed, replaced.diff.to_replace, replaced.diff.dialled) == (2, 1, 1)
    assert replaced.diff.changed_columns == {"name": 1, "opt1": 1}
    assert rows_of(replaced, Verb.REPLACE) == [{"key": "1", "phone": "3001234567", "name": "Eva", "_calls": "2"}]
    assert replaced.diff.people == 1


def test_rows_that_differ_are_counted_in_each_column_that_does(engine: Engine, specs: Specs) -> None:
    """A row in as many as differ; what is alike, new or gone in none, and columns that either side lacks not at all."""
    live = living(
        engine,
        *(row(str(place), f"31{place}1234567", name="old", opt1="1") for place in range(4)),
        row("9", "3201234567"),
        columns={"key": "key", "phone": "phone", "name": "name", "opt1": "opt1"},
    )
    wish = [
        row("0", "3101234567", name="old", opt1="1", phone2="6012345678"),
        row("1", "3111234567", name="new", opt1="1"),
        row("2", "3121234567", name="", opt1="2"),
        row("3", "3001234567", name="new", opt1="1"),
        row("4", "3141234567", name="new"),
    ]

    diff = against(engine, specs, wish, live).diff

    assert (diff.changed, diff.changed_columns) == (3, {"phone": 1, "name": 3, "opt1": 1})
    alike = against(engine, specs, wish[:1], live).diff
    assert (alike.changed, alike.changed_columns) == (0, {})


@pytest.mark.parametrize(("missing", "verb"), [("remove", Verb.REMOVE), ("close", Verb.CLOSE)])
def test_only_rows_that_we_loaded_are_taken_away(engine: Engine, specs: Specs, missing: str, verb: Verb) -> None:
    """In this generation or an earlier one; the others are kept and counted."""
    gone = [row(str(number), f"31{number}1234567") for number in range(1, 5)]
    live = living(engine, row("0"), *gone[:3], gone[3] | {"_calls": "1"})
    loaded = [recipients("1"), recipients("2", generation=2), recipients("3", box="elsewhere"), recipients("4")]

    compared = against(engine, specs, [row("0")], live, missing=missing, loaded=loaded, generation=3)

    counts = {Verb.REMOVE: compared.diff.to_remove, Verb.CLOSE: compared.diff.to_close}
    assert (counts[verb], sum(counts.values()), compared.diff.kept) == (3, 3, 1)
    assert {cells["key"] for cells in rows_of(compared, verb)} == {"1", "2", "4"}
    assert compared.diff.dialled == (1 if verb is Verb.REMOVE else 0)
    assert compared.diff.people == 0
    kept = against(engine, specs, [row("0")], live, loaded=loaded, generation=3)
    assert (kept.diff.kept, kept.diff.empty) == (4, True)


@pytest.mark.parametrize("result", ["DO-NOT-CALL", "do not call", "Do_Not_Call", "WRONG NUMBER", " wrong-number "])
def test_who_said_no_is_never_touched_again(engine: Engine, specs: Specs, result: str) -> None:
    """Neither removed, nor replaced, nor added, in whatever spelling the platform marks it."""
    live = living(engine, row("1", name="old") | {"_result": result}, row("2", "3011234567") | {"_result": result})

    how: dict[str, Any] = {"missing": "remove", "changed": "replace", "loaded": [recipients("1", "2")]}
    compared = against(engine, specs, [row("1", name="new")], live, **how)

    assert (compared.diff.empty, compared.diff.changed, compared.diff.kept) == (True, 1, 1)


def test_keys_that_are_live_twice_are_counted_and_compared_once(engine: Engine, specs: Specs) -> None:
    """By the first of them."""
    live = living(engine, row("1", name="Ana"), row("1", name="Ana"), row("2", "3011234567"), row("2", "3011234567"))

    compared = against(engine, specs, [row("1", name="Ana")], live, missing="remove", loaded=[recipients("2")])

    assert (compared.twice, compared.diff.unchanged, compared.diff.to_remove, compared.diff.live) == (2, 1, 1, 4)


def test_numbers_are_compared_as_numbers_where_they_are_the_identity(engine: Engine, specs: Specs) -> None:
    """Whatever form the platform shows them in, with a dial prefix or without; what is no number stays as it is."""
    shown = ["+57 300 123 4567", "573011234567", "93021234567", "junk", "3041234567"]
    live = living(engine, *({"phone": text} for text in shown), columns={"phone": "phone"})
    wish = [{"phone": f"30{number}1234567"} for number in range(4)]

    compared = against(engine, specs, wish, live, fields={"sheet": NUMBERS, "dial_prefix": "9"})

    assert rows_of(compared) == [{"phone": "93031234567"}]
    assert (compared.diff.unchanged, compared.diff.kept) == (3, 2)
    assert (compared.diff.people, batches(compared)[0].persons) == (0, b"")


def test_an_identity_of_several_columns(engine: Engine, specs: Specs) -> None:
    """Channel and identifier together tell contacts apart; the live table may call them otherwise."""
    sheet = Sheet(columns=RECORDS.columns, identity=("opt1", "phone"), readable=True)
    live = living(engine, {"c": "sms", "t": "573001234567"}, columns={"channel": "c", "identifier": "t"})
    wish = [row(opt1="sms"), row("2", opt1="voice")]
    names = {"opt1": "channel", "phone": "identifier"}

    compared = against(engine, specs, wish, live, live_identity=names, fields={"sheet": sheet})

    assert compared.diff.to_add + compared.diff.unchanged == 1, "one number, so one of the two rows is a duplicate"
    assert compared.feed.presence(Verb.ADD, live).missing == compared.diff.to_add


def test_without_a_live_side_the_journal_says_who_was_sent_what(engine: Engine, specs: Specs) -> None:
    """By identity in container and generation; a changed text is counted and not sent again."""
    wish = [row("1", name="Ana"), row("2", "3011234567"), row("3", "3021234567")]
    first = against(engine, specs, wish, None)
    assert (first.diff.to_add, first.diff.suppressed) == (3, {})
    sent = batches(first, rows_max=2)

    again = against(engine, specs, wish, None, sent=sent)
    assert (again.diff.empty, again.diff.suppressed, again.diff.old_content) == (True, {"already_sent": 3}, 0)

    wish[0]["name"] = "Eva"
    changed = against(
        engine, specs, [*wish, row("4", "3031234567")], None, sent=sent, persons=Known(engine, [each.persons for each in sent])
    )
    assert (changed.diff.to_add, changed.diff.suppressed, changed.diff.old_content) == (1, {"already_sent": 3}, 1)
    assert (changed.diff.people, changed.diff.first_time) == (1, 1)

    for how in ({"generation": 2}, {"container": "another"}):
        anew = against(engine, specs, wish, None, sent=sent, persons=Known(engine, [each.persons for each in sent]), **how)
        assert (anew.diff.to_add, anew.diff.people, anew.diff.first_time) == (3, 3, 0)


def test_what_is_in_doubt_is_neither_added_nor_replaced(engine: Engine, specs: Specs) -> None:
    """And counted, whichever way the live side is known."""
    live = living(engine, row("2", "3011234567", name="old"))
    wish = [row("1"), row("2", "3011234567", name="new"), row("3", "3021234567")]
    how: dict[str, Any] = {"changed": "replace", "loaded": [recipients("2")], "held": [recipients("1", "2")]}

    compared = against(engine, specs, wish, live, **how)
    assert (compared.diff.to_add, compared.diff.to_replace, compared.diff.suppressed) == (1, 0, {"in_doubt": 1})
    compared = against(engine, specs, wish, None, held=[recipients("1")])
    assert (compared.diff.to_add, compared.diff.suppressed) == (2, {"in_doubt": 1})


def test_a_blacklist_remembers_no_send(engine: Engine, specs: Specs) -> None:
    """What the journal knows to be there is unchanged, not already sent."""
    wish = [{"phone": "3001234567"}, {"phone": "3011234567"}]

    compared = against(engine, specs, wish, None, sent=[recipients("+573001234567")], fields={"sheet": NUMBERS})

    assert (compared.diff.to_add, compared.diff.unchanged, compared.diff.suppressed) == (1, 1, {})


def test_digest_batches_and_sample_do_not_depend_on_the_order_of_rows(engine: Engine, specs: Specs) -> None:
    """Nor on the file, the columns' order or how numbers are written; any change of what is sent shows."""
    wish = [row(str(number), f"31{number % 8}12345{number:02}", name=f"n{number}") for number in range(40)]
    first = against(engine, specs, wish, None)
    cut = batches(first, rows_max=16)
    assert [len(batch) for batch in cut] == [16, 16, 8]
    wish = wish[25:] + wish[:25][::-1]
    text = "name;phone;key\n" + "".join(f"{each['name']};+57 {each['phone']};{each['key']}\n" for each in wish)

    prepared = prepare(engine, specs(text=text, name="other name.csv"))
    second = compare(engine, prepared, live=None, container=BOX, generation=1)

    assert batches(second, rows_max=16) == cut
    assert (second.diff.digest, second.diff.sample) == (first.diff.digest, first.diff.sample)
    others = [
        against(engine, specs, wish[:-1], None),
        against(engine, specs, [*wish[:-1], wish[-1] | {"name": "other"}], None),
        against(engine, specs, wish, None, container="another"),
        against(engine, specs, wish, None, generation=2),
    ]
    assert len({first.diff.digest, *(other.diff.digest for other in others)}) == 5


def test_a_batch_names_its_recipients_persons_and_contents(engine: Engine, specs: Specs) -> None:
    """One after another, in the order of its rows, as Python's own hmac makes them."""
    wish = [row("1", name="Ana") | {"person": "p1"}, row("2", "3011234567")]
    compared = against(engine, specs, wish, None, generation=4)

    (batch,) = batches(compared)

    for place, cells in enumerate(batch.rows):
        part = slice(16 * place, 16 * place + 16)
        who = "p1" if cells["key"] == "1" else "+573011234567"
        assert batch.recipients[part] == digest.keyed(KEY, f"{BOX}\x1f4\x1f{cells['key']}")
        assert batch.persons[part] == digest.keyed(KEY, f"person\x1f{who}")
        view = compared.feed.prepared.table
        assert batch.contents[part] == engine.one(f"SELECT _content FROM {view} WHERE key = $1", [cells["key"]]).bytes
    assert "person" not in {name for cells in batch.rows for name in cells}
    assert len(batch.digest) == 64


def test_the_sample_is_masked(engine: Engine, specs: Specs) -> None:
    """Three at most, each with the beginning of its person's name."""
    wish = [row(str(number), f"31{number}1234567") for number in range(5)]

    sample = against(engine, specs, wish, None).diff.sample

    assert len(sample) == 3
    persons = {digest.keyed(KEY, f"person\x1f+57{each['phone']}").hex()[:6] for each in wish}
    assert all(text.startswith("+57 ••• ••• ••67 (p:") and text[20:26] in persons for text in sample)


def test_a_read_back_says_what_is_there(engine: Engine, specs: Specs) -> None:
    """Present, missing, twice; a replaced row counts when it shows its new content."""
    live = living(engine, row("9", "3131234567", name="old"))
    wish = [row("1"), row("2", "3011234567"), row("3", "3021234567"), row("9", "3131234567", name="new")]
    compared = against(engine, specs, wish, live, changed="replace", loaded=[recipients("9")])

    after = living(engine, row("1"), row("2"), row("2"), row("8"), row("9", "3131234567", name="old"))
    assert compared.feed.presence(Verb.ADD, after) == Presence(present=2, missing=1, twice=1)
    assert compared.feed.presence(Verb.REPLACE, after) == Presence(present=0, missing=1, twice=0)
    renewed = living(engine, row("9", "3131234567", name="new"))
    assert compared.feed.presence(Verb.REPLACE, renewed) == Presence(present=1, missing=0, twice=0)
    assert compared.feed.presence(Verb.LIFT, after) == Presence(present=0, missing=0, twice=0)


def test_lifts_are_what_we_added_and_nobody_wishes_any_more(engine: Engine, specs: Specs) -> None:
    """Everything else that is asked for stays blocked, and is counted."""
    live = living(engine, *({"phone": f"30{number}1234567"} for number in range(5)), columns={"phone": "phone"})
    wish = against(engine, specs, [{"phone": "3001234567"}], live, fields={"sheet": NUMBERS})
    asking = [{"phone": f"30{number}1234567", "reason": "asked", "asked_at": "2026-11-01"} for number in (0, 1, 2, 3)]
    asked = prepare(engine, specs(rows=[*asking, {"phone": "3101234567"}], sheet=NUMBERS, within="lifts"))
    register = living(engine, {"phone": "3021234567"}, columns={"phone": "phone"})
    ours = [recipients("+573001234567", "+573011234567", "+573021234567", "+573101234567")]
    wished: Sequence[str] = [numbers(engine, register, "phone", "CO")]

    lifted = lifts(engine, wish, asked, live=live, loaded=ours, wished=wished)

    assert lifted.diff.to_lift == lifted.feed.count(Verb.LIFT) == 1
    assert lifted.lifts_kept == {"still wished": 2, "not ours": 1, "not live": 1}
    assert rows_of(lifted, Verb.LIFT) == [{"phone": "3011234567"}]
    assert lifted.diff.digest not in ("", wish.diff.digest)
    unseen = lifts(engine, wish, asked, live=None, loaded=ours, wished=wished)
    assert unseen.diff.to_lift == 2


def test_entries_of_ours_that_end_soon_are_written_once_more(engine: Engine, specs: Specs) -> None:
    """Those that somebody else wrote, and those whose end is far, are left alone."""
    entries = [{"phone": f"30{number}1234567"} for number in range(4)]
    live = living(engine, *entries[:3], columns={"phone": "phone"})
    ending = Ending(listed=[recipients("+573001234567", "+573011234567")], fresh=[recipients("+573011234567")])

    renewed = against(engine, specs, entries, live, fields={"sheet": NUMBERS}, ending=ending)

    assert rows_of(renewed) == [{"phone": "3001234567"}, {"phone": "3031234567"}]
    assert (renewed.diff.to_add, renewed.diff.unchanged) == (2, 2)


def test_entries_that_a_dialable_row_still_holds_are_to_be_marked(engine: Engine, specs: Specs) -> None:
    """In whichever column; not those that are marked already, nor those that are added and marked in one go."""
    entries = [{"phone": f"30{number}1234567"} for number in range(5)]
    listed = living(engine, *entries[:4], columns={"phone": "phone"})
    wish = against(engine, specs, entries, listed, fields={"sheet": NUMBERS})
    records = living(
        engine,
        row("1"),
        row("2", "3101234567", phone2="3011234567"),
        row("3", "3021234567") | {"_result": "DO_NOT_CALL"},
        row("4", "3041234567"),
    )

    found = marks(engine, wish, [records])

    assert rows_of(found, Verb.MARK) == rows_of(marks(engine, wish, [records, records]), Verb.MARK) == []
    assert (found.diff.to_mark, found.diff.to_add) == (2, 1)
    assert found.diff.digest not in ("", wish.diff.digest)
    assert [each["key"] for batch in found.feed.matches(Verb.MARK, records, 10) for each in batch.rows] == ["1", "2"]
    assert marks(engine, wish, []) is wish


def test_people_are_counted_once_over_several_documents(engine: Engine, specs: Specs) -> None:
    """Also those who still wait in a campaign that is started."""
    first = against(engine, specs, [row("1"), row("2", "3011234567")], None)
    second = against(engine, specs, [row("a"), row("b", "3021234567")], None, container="another")
    known = [digest.keyed(KEY, "person\x1f+573021234567")]
    third = against(engine, specs, [row("c", "3021234567")], None, container="third", persons=Known(engine, known))
    live = living(engine, row("1"), row("7", "3111234567"), row("8", "3121234567") | {"_result": "DO NOT CALL"}, row("9", ""))
    waiting = dialable(engine, live, first.feed.prepared, Known(engine, known))

    assert people(engine, []) == Persons(total=0, first_time=0)
    assert people(engine, [first, second]) == Persons(total=3, first_time=3)
    assert people(engine, [first, second, third]) == Persons(total=3, first_time=2)
    assert people(engine, [first], [waiting]) == Persons(total=4, first_time=4)


def test_a_whole_file_is_one_batch_with_its_content(engine: Engine, specs: Specs) -> None:
    """Once per content, whatever the file is called."""
    whole = Sheet(columns=(), identity=("key",), readable=False, whole_file=True)

    def load(content: bytes, name: str, sent: Sequence[Batch] = ()) -> Compared:
        prepared = prepare(engine, specs(text=content, name=name, sheet=whole))
        return compare(engine, prepared, live=None, container=BOX, generation=1, sent=sent)

    first = load(b"\x00one", "a.cpg")
    (batch,) = batches(first)
    assert (batch.content, len(batch), first.diff.people) == (b"\x00one", 1, 0)
    assert load(b"\x00one", "b.cpg", [batch]).diff.suppressed == {"already_sent": 1}
    assert load(b"\x00two", "a.cpg", [batch]).diff.to_add == 1


def test_hostile_names_reach_batches_as_they_are(engine: Engine, specs: Specs) -> None:
    """Columns of a platform that takes any name, and containers, are never part of a statement."""
    hostile = "a\"b'; DROP TABLE x; --ñ"
    sheet = Sheet(columns=RECORDS.columns, identity=("key",), readable=False, others=True)
    cells = row() | {hostile: "v'; --"}

    compared = against(engine, specs, [cells], None, container="x'; DROP TABLE y; --", fields={"sheet": sheet})

    assert rows_of(compared) == [{"key": "1", "phone": "3001234567", hostile: "v'; --"}]


# --- long lists ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, 2, 3, 7])
@pytest.mark.parametrize("listed", [True, False])
def test_rows_named_in_pieces_are_those_named_at_once(
    engine: Engine, specs: Specs, monkeypatch: pytest.MonkeyPatch, piece: int, listed: bool
) -> None:
    """None is left out at an end, none comes twice, and rows that a list took out before leave no hole."""
    rows = [row(str(number), f"30{number:02}234567") for number in range(20)]
    barred = living(engine, *rows[3:12:2], columns={"phone": "phone"})

    def compared() -> Compared:
        prepared = prepare(engine, specs(rows=rows))
        take_out(engine, prepared, [("own", numbers(engine, barred, "phone", "CO", ""))])
        live = living(engine, row("0", "3000234567"), row("19", "3999999999")) if listed else None
        sent: Any = {"sent": [] if listed else [recipients("0")], "loaded": [recipients("19")]}
        return compare(engine, prepared, live=live, container=BOX, generation=1, changed="replace", **sent)

    whole = compared()
    monkeypatch.setattr("reconciler.rows.compare._JOINED_ROWS", piece)
    pieces = compared()

    assert pieces.diff == whole.diff
    assert pieces.diff.to_add == (13 if listed else 14)
    assert pieces.diff.to_replace == (1 if listed else 0)
    for verb in (Verb.ADD, Verb.REPLACE):
        assert rows_of(pieces, verb) == rows_of(whole, verb)
        names = [sorted(batch.recipients for batch in batches(each, verb, 1)) for each in (pieces, whole)]
        assert names[0] == names[1]
