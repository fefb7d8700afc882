"""A document's rows against what is there: with a live table by identity, without one against what the journal remembers.

What comes out is counts, a digest and a feed; the rows stay in the engine. Only rows that we loaded, or that were there
when their document was adopted, are ever removed, closed or replaced, and never one that is marked do-not-call or wrong
number.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from reconciler.personal import mask_person
from reconciler.rows import digest, left, sql
from reconciler.rows.caps import Limit, Over
from reconciler.rows.engine import Engine
from reconciler.rows.feed import Feed, compared_columns
from reconciler.rows.keys import NO_NAMES, keyed_live
from reconciler.rows.people import Known, Persons, closed, final, known_persons, unique
from reconciler.rows.prepared import DUPLICATE, Prepared
from reconciler.rows.sheet import RowsDiff, Verb

Missing = Literal["keep", "close", "remove"]
Changed = Literal["report", "replace"]

ALREADY_SENT: Final = "already_sent"
IN_DOUBT: Final = "in_doubt"
LAPSED: Final = "lapsed"
CAP: Final = "cap"
GENERATIONS_BACK_MAX: Final = 100
SAMPLE: Final = 3
_NO_ROW: Final = "NULL::BIGINT"
_NO_NAME: Final = "NULL::UUID"
_JOINED_ROWS: Final = 2_000_000
_CONTACTING: Final = frozenset({Verb.ADD, Verb.REPLACE})


class Remembered(Protocol):
    """Packed 16-byte HMACs of rows, as the journal keeps them; `contents` is empty or as long as `recipients`."""

    @property
    def recipients(self) -> bytes: ...

    @property
    def contents(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Entries of ours that end by themselves: all that we `listed`, and the `fresh` ones, whose end is far."""

    listed: Sequence[Remembered]
    fresh: Sequence[Remembered]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One document's rows, compared. `twice` = live keys that stand there more than once.

    `persons` is a table (`person`, `known`) of those whom adding and replacing would reach. `lifts_kept` says why asked
    lifts are not carried out. `capped` counts by limit who is left out, being one contact too many.
    """

    diff: RowsDiff
    feed: Feed
    container: str
    generation: int
    persons: str
    twice: int = 0
    lifts_kept: Mapping[str, int] = field(default_factory=dict)
    capped: tuple[tuple[Limit, int], ...] = ()

    @property
    def adds(self) -> str:
        """The table of the rows that would be added; "" where there are none."""
        return self.feed.marked[Verb.ADD].table if self.feed.count(Verb.ADD) else ""

    @property
    def contacts(self) -> str:
        """SQL: the rows (`row`, `live`, `person`, `recipient`) of those whom adding and replacing would contact."""
        return _contacts({verb: marked.table for verb, marked in self.feed.marked.items()})


def compare(
    engine: Engine,
    prepared: Prepared,
    *,
    live: str | None,
    container: str,
    generation: int,
    missing: Missing = "keep",
    changed: Changed = "report",
    sent: Iterable[Remembered] = (),
    held: Iterable[Remembered] = (),
    loaded: Iterable[Remembered] = (),
    persons: Known | None = None,
    adding: Iterable[str] = (),
    lapsed: Sequence[Remembered] = (),
    ending: Ending | None = None,
    live_identity: Mapping[str, str] = NO_NAMES,
    over: Callable[[str], Over] | None = None,
    reviewed: Compared | None = None,
) -> Compared:
    """What would have to be added, removed, closed and replaced. `live` is a table that a sink filled, None where the
    platform cannot be read; then `sent` is the live side. `held` are recipients in doubt, `loaded` what is ours to remove;
    `adding` are tables of what other documents add to the same container (`Compared.adds`): nobody gets it from two.
    `lapsed` are entries that may be gone because their time is over, and are not written again; those that are `ending` are
    written once more before their time is over. `over` tells which of some rows (`Compared.contacts`) would be a contact too
    many. `reviewed` is what the same rows came to in another container: nobody is contacted who was not there."""
    work = Comparison(engine, prepared, live, container, generation, live_identity)
    if live is None:
        work.against_memory(sent)
    else:
        work.against_live(live, missing, changed, loaded)
        work.look_back(sent)
    work.hold(held)
    work.leave(adding)
    work.lapse(lapsed)
    if ending:
        work.renew(ending)
    if reviewed:
        work.keep_to(reviewed)
    if over:
        work.cap(over)
    return work.result(persons)


class Comparison:
    """The tables and counts of one comparison while it is made."""

    def __init__(
        self,
        engine: Engine,
        prepared: Prepared,
        live: str | None,
        container: str,
        generation: int,
        live_identity: Mapping[str, str],
    ) -> None:
        self.engine = engine
        self.prepared = prepared
        self.container = container
        self.generation = generation
        self.live_identity = live_identity
        self.feed = Feed(engine, prepared, live, live_identity)
        self.tables: dict[Verb, str] = {}
        self.out = dict(prepared.out)
        self.counts: dict[str, int] = {}
        self.changed_columns: dict[str, int] = {}
        self.twice = 0
        self.capped: tuple[tuple[Limit, int], ...] = ()

    def named(self, rows: str, *, wished: bool) -> str:
        """A table of a verb's rows with their names, from a query of (row, live, id)."""
        values = sql.Bound()
        recipient = digest.recipient("id", values(self.container), values(str(self.generation)))
        nameless = f"SELECT row, live, id, {_NO_NAME} AS person, {_NO_NAME} AS content FROM ({rows})"
        queries = [self._wished(rows, piece) for piece in self._pieces()] if wished else [nameless]
        table = self.engine.fresh("named")
        for number, query in enumerate(queries):
            into = f"INSERT INTO {table}" if number else f"CREATE TABLE {table} AS"
            self.engine.run(f"{into} SELECT *, {recipient} AS recipient FROM ({query})", values.values)
        return table

    def _wished(self, rows: str, piece: str) -> str:
        """A piece of the rows of a query with what their source says of them."""
        sheet, derived = self.prepared.spec.sheet, self.prepared.derived
        person = _NO_NAME if sheet.natural or sheet.whole_file else digest.person(derived["_person"])
        return (
            f"SELECT r.row, r.live, {derived['_id']} AS id, {person} AS person, {derived['_content']} AS content "
            f"FROM (SELECT * FROM ({rows}) WHERE {piece.format('row')}) r "
            f"JOIN {self.prepared.stored} s ON s.rowid = r.row WHERE {piece.format('s.rowid')}"
        )

    def _pieces(self) -> Iterator[str]:
        """Conditions on a row's place, each of which so many rows fulfil as are joined in little memory."""
        last = self.engine.one(f"SELECT max(rowid) FROM {self.prepared.stored}") or 0  # of the places some are empty
        if last < _JOINED_ROWS:
            yield "true"
            return
        for first in range(0, last + 1, _JOINED_ROWS):
            yield f"{{0}} >= {first} AND {{0}} < {first + _JOINED_ROWS}"

    def against_memory(self, sent: Iterable[Remembered]) -> None:
        """The journal is the live side: what was sent to a recipient of this generation is not sent again."""
        engine, view = self.engine, self.prepared.table
        memory, known = engine.packed((part.recipients, part.contents) for part in sent), engine.fresh("known")
        if engine.count(memory):
            values = sql.Bound()
            recipient = digest.recipient("_id", values(self.container), values(str(self.generation)))
            engine.run(
                f"CREATE TABLE {known} AS SELECT p._row AS row, "
                "bool_or(m.content IS NULL OR m.content = p._content) AS alike "
                f"FROM {view} p JOIN {memory} m ON {recipient} = m.name GROUP BY p._row",
                values.values,
            )
        else:
            engine.run(f"CREATE TABLE {known} (row BIGINT, alike BOOLEAN)")
        count, old = engine.run(f"SELECT count(*), count(*) FILTER (WHERE NOT alike) FROM {known}")[0]
        if self.prepared.spec.sheet.natural:
            self.counts["unchanged"] = count
        else:
            self.out[ALREADY_SENT] = self.out.get(ALREADY_SENT, 0) + count
            self.counts["old_content"] = old
        rest = f"SELECT _row AS row, {_NO_ROW} AS live FROM {view} WHERE _row NOT IN (SELECT row FROM {known})"
        self.tables[Verb.ADD] = self.named(rest, wished=True)
        engine.drop(memory, known)

    def against_live(self, live: str, missing: Missing, changed: Changed, loaded: Iterable[Remembered]) -> None:
        """By identity: what is not there is added, what differs reported or replaced, what only lives kept or taken away."""
        engine, view = self.engine, self.prepared.table
        seen = keyed_live(engine, self.prepared.spec, live, self.live_identity)
        doubled = engine.fresh("doubled")
        engine.run(f"CREATE TABLE {doubled} AS SELECT key, min(live) AS first FROM {seen} GROUP BY key HAVING count(*) > 1")
        self.twice = engine.count(doubled)
        if self.twice:
            engine.run(f"DELETE FROM {seen} USING {doubled} d WHERE {seen}.key = d.key AND {seen}.live <> d.first")
        differs = " OR ".join(map(_unlike, compared_columns(engine, self.prepared, live)))
        shown = f"SELECT s.key AS _key, s.live AS _live, l.* FROM {seen} s JOIN {sql.name(live)} l ON l.rowid = s.live"
        apart = engine.fresh("apart")
        engine.run(
            f"CREATE TABLE {apart} AS SELECT p._row AS row, l._live AS live, coalesce(p._id, l._key) AS id, "
            f"{final(engine, live)} AS final, {self._dialled(live)} AS dialled, {closed(engine, live)} AS closed "
            f"FROM {view} p FULL OUTER JOIN ({shown}) l ON p._id = l._key "
            f"WHERE p._row IS NULL OR l._live IS NULL OR {differs or 'false'}"
        )
        engine.drop(doubled, seen)
        self._sort_out(apart, live, missing, changed, loaded)

    def _columns_apart(self, apart: str, live: str) -> dict[str, int]:
        """In how many of the rows that differ each column does."""
        columns = compared_columns(self.engine, self.prepared, live)
        each = ", ".join(f"count(*) FILTER (WHERE {_unlike(name)})" for name in columns)
        (counts,) = self.engine.run(
            f"SELECT {each} FROM {apart} a JOIN {self.prepared.table} p ON p._row = a.row "
            f"JOIN {sql.name(live)} l ON l.rowid = a.live"
        )
        return {name: count for name, count in zip(columns, counts, strict=True) if count}

    def _dialled(self, live: str) -> str:
        if "_calls" not in self.engine.columns(live):
            return "false"
        return "coalesce(try_cast(l._calls AS DOUBLE), 0) > 0"

    def _sort_out(self, apart: str, live: str, missing: Missing, changed: Changed, loaded: Iterable[Remembered]) -> None:
        engine = self.engine
        lacking = f"hash(id) NOT IN (SELECT id FROM {self.prepared.named})" if self.prepared.named else "true"
        added, differing, gone = (
            int(count)
            for count in engine.run(
                "SELECT count(*) FILTER (WHERE live IS NULL), count(*) FILTER (WHERE row IS NOT NULL AND live IS NOT NULL), "
                f"count(*) FILTER (WHERE row IS NULL AND {lacking}) FROM {apart}"
            )[0]
        )
        self.counts |= {"changed": differing, "unchanged": self.prepared.rows - added - differing}
        self.counts |= {"live": engine.count(live), "kept": gone}
        if differing:
            self.changed_columns = self._columns_apart(apart, live)
        self.tables[Verb.ADD] = self.named(f"SELECT row, live, id FROM {apart} WHERE live IS NULL", wished=True)
        replacing, removing = changed == "replace" and differing, missing != "keep" and gone
        if replacing or removing:
            ours = self.ours(f"SELECT id FROM {apart} WHERE live IS NOT NULL", loaded)
            movable = f"SELECT row, live, id FROM {apart} WHERE NOT final AND id IN (SELECT id FROM {ours})"
            if replacing:
                both = f"{movable} AND row IS NOT NULL AND live IS NOT NULL"
                self.tables[Verb.REPLACE] = self.named(both, wished=True)
            if removing:
                verb = Verb.CLOSE if missing == "close" else Verb.REMOVE
                still_open = " AND NOT closed" if verb is Verb.CLOSE else ""
                self.tables[verb] = self.named(f"{movable} AND row IS NULL AND {lacking}{still_open}", wished=False)
                self.counts["kept"] = gone - engine.count(self.tables[verb])
            taken = [self.tables[verb] for verb in (Verb.REPLACE, Verb.REMOVE) if verb in self.tables]
            touched = " UNION ".join(f"SELECT live FROM {table}" for table in taken)
            if touched:
                dialled = f"SELECT count(*) FROM {apart} WHERE dialled AND live IN ({touched})"
                self.counts["dialled"] = int(engine.one(dialled))
            engine.drop(ours)
        engine.drop(apart)

    def ours(self, ids: str, loaded: Iterable[Remembered]) -> str:
        """A table of those ids (of a query) that we loaded into this container, in this generation or an earlier one."""
        engine = self.engine
        memory = engine.packed((part.recipients, b"") for part in loaded)
        values = sql.Bound()
        first = max(1, self.generation - GENERATIONS_BACK_MAX)
        recipient = digest.recipient("id", values(self.container), "generation::VARCHAR")
        ours = engine.fresh("ours")
        engine.run(
            f"CREATE TABLE {ours} AS SELECT DISTINCT id FROM ({ids}), range({first}, {self.generation + 1}) g(generation) "
            f"WHERE {recipient} IN (SELECT name FROM {memory})",
            values.values,
        )
        engine.drop(memory)
        return ours

    def look_back(self, sent: Iterable[Remembered]) -> None:
        """Count the rows to add that were loaded before, in whatever generation: somebody took them away, or the platform shows
        an older state, and they would be contacted again.
        """
        table = self.tables[Verb.ADD]
        if not self.engine.count(table):
            return
        ours = self.ours(f"SELECT id FROM {table}", sent)
        self.counts["again"] = int(self.engine.one(f"SELECT count(*) FROM {table} WHERE id IN (SELECT id FROM {ours})"))
        self.engine.drop(ours)

    def hold(self, held: Iterable[Remembered]) -> None:
        """Recipients of calls in doubt are neither added nor replaced, however batches were cut."""
        engine = self.engine
        doubt = engine.packed((part.recipients, b"") for part in held)
        if engine.count(doubt):
            for verb in (Verb.ADD, Verb.REPLACE):
                if table := self.tables.get(verb):
                    gone = int(engine.one(f"DELETE FROM {table} WHERE recipient IN (SELECT name FROM {doubt})"))
                    if gone and verb is Verb.ADD:
                        self.out[IN_DOUBT] = self.out.get(IN_DOUBT, 0) + gone
        engine.drop(doubt)

    def leave(self, adding: Iterable[str]) -> None:
        """Leave to other documents the recipients whom they add to the same container: here they are duplicates."""
        for other in adding:
            mine = self.tables[Verb.ADD]
            gone = int(self.engine.one(f"DELETE FROM {mine} WHERE recipient IN (SELECT recipient FROM {other})"))
            if gone:
                self.out[DUPLICATE] = self.out.get(DUPLICATE, 0) + gone

    def lapse(self, lapsed: Sequence[Remembered]) -> None:
        """Do not write entries again that were written once and end by themselves."""
        if not lapsed:
            return
        memory = self.engine.packed((part.recipients, b"") for part in lapsed)
        mine = self.tables[Verb.ADD]
        if gone := int(self.engine.one(f"DELETE FROM {mine} WHERE recipient IN (SELECT name FROM {memory})")):
            self.out[LAPSED] = self.out.get(LAPSED, 0) + gone
        self.engine.drop(memory)

    def renew(self, ending: Ending) -> None:
        """Write the wished entries once more that stand there by our doing and end soon."""
        engine, mine = self.engine, self.tables[Verb.ADD]
        here = f"SELECT _row AS row, {_NO_ROW} AS live, _id AS id FROM {self.prepared.table}"
        rest = f"{here} WHERE _row NOT IN (SELECT row FROM {mine})"
        listed, fresh = (engine.packed((part.recipients, b"") for part in parts) for parts in (ending.listed, ending.fresh))
        again = self.named(rest, wished=True)
        due = f"recipient IN (SELECT name FROM {listed}) AND recipient NOT IN (SELECT name FROM {fresh})"
        renewed = int(engine.one(f"INSERT INTO {mine} SELECT * FROM {again} WHERE {due}"))
        self.counts["unchanged"] = self.counts.get("unchanged", 0) - renewed
        engine.drop(listed, fresh, again)

    def keep_to(self, reviewed: Compared) -> None:
        """Contact nobody but those of an earlier comparison."""
        for verb in _CONTACTING & self.tables.keys():
            before = reviewed.feed.marked.get(verb)
            known = f"SELECT row FROM {before.table}" if before else f"SELECT {_NO_ROW} WHERE false"
            self.engine.run(f"DELETE FROM {self.tables[verb]} WHERE row NOT IN ({known})")

    def cap(self, over: Callable[[str], Over]) -> None:
        """Leave out whose contact would be one too many. A row that is not replaced stays as it lives."""
        found = over(_contacts(self.tables))
        self.capped = tuple(zip(found.limits, found.counts, strict=True))
        for verb in _CONTACTING & self.tables.keys():
            table, capped = self.tables[verb], f"row IN (SELECT row FROM {found.table})"
            left.note(self.engine, self.prepared, CAP, f"SELECT id, NULL AS number FROM {table} WHERE {capped}")
            gone = int(self.engine.one(f"DELETE FROM {table} WHERE {capped}"))
            if gone and verb is Verb.ADD:
                self.out[CAP] = self.out.get(CAP, 0) + gone
        self.engine.drop(found.table)

    def result(self, persons: Known | None) -> Compared:
        """Counts, digest, sample and people of what is left."""
        for verb, table in self.tables.items():
            self.feed.mark(verb, table)
        reached = self._reached(persons or Known(self.engine, ()))
        reach = unique(self.engine, [reached])
        diff = RowsDiff(
            in_source=self.prepared.in_source,
            to_add=self.feed.count(Verb.ADD),
            to_remove=self.feed.count(Verb.REMOVE),
            to_close=self.feed.count(Verb.CLOSE),
            to_replace=self.feed.count(Verb.REPLACE),
            changed=self.counts.get("changed", 0),
            changed_columns=self.changed_columns,
            unchanged=self.counts.get("unchanged", 0),
            live=self.counts.get("live", 0),
            kept=self.counts.get("kept", 0),
            suppressed={reason: count for reason, count in self.out.items() if count},
            reasons=dict(self.prepared.reasons),
            examples=self.prepared.examples,
            people=reach.total,
            first_time=reach.first_time,
            old_content=self.counts.get("old_content", 0),
            again=self.counts.get("again", 0),
            dialled=self.counts.get("dialled", 0),
            digest=set_digest(self.feed, self.container, self.generation),
            sample=_sample(self.feed),
        )
        return Compared(
            diff=diff,
            feed=self.feed,
            container=self.container,
            generation=self.generation,
            persons=reached,
            twice=self.twice,
            capped=self.capped,
        )

    def _reached(self, persons: Known) -> str:
        tables = [self.tables[verb] for verb in (Verb.ADD, Verb.REPLACE) if verb in self.tables]
        rows = " UNION ".join(f"SELECT person FROM {table} WHERE person IS NOT NULL" for table in tables)
        return known_persons(self.engine, rows or f"SELECT {_NO_NAME} AS person WHERE false", persons)


def _unlike(name: str) -> str:
    """SQL: whether a column of a wished row `p` and of a live row `l` differ; absent is empty."""
    return f"coalesce(p.{sql.name(name)}, '') <> coalesce(l.{sql.name(name)}, '')"


def _contacts(tables: Mapping[Verb, str]) -> str:
    """SQL: the rows of those whom adding and replacing would contact."""
    parts = [f"SELECT row, live, person, recipient FROM {tables[verb]}" for verb in (Verb.ADD, Verb.REPLACE) if verb in tables]
    nobody = f"SELECT {_NO_ROW} AS row, {_NO_ROW} AS live, {_NO_NAME} AS person, {_NO_NAME} AS recipient WHERE false"
    return " UNION ALL ".join(parts) or nobody


def people(engine: Engine, compared: Iterable[Compared], dialable: Iterable[str] = ()) -> Persons:
    """Unique persons whom several documents would reach together; `dialable` are tables that `people.dialable` gave."""
    return unique(engine, [*(each.persons for each in compared), *dialable])


def set_digest(feed: Feed, container: str, generation: int) -> str:
    """The name of all that would be done, in hex; "" for nothing. Sums of keyed digests, so that no order is in it. What stands
    where rows are replaced or taken away is part of it.
    """
    parts = [container, str(generation)]
    for verb in Verb:
        if feed.count(verb):
            statement = f"SELECT count(*), bit_xor(content), bit_xor(recipient) FROM ({feed.reviewed(verb)})"
            parts.append(f"{verb.value}:" + ":".join(str(part) for part in feed.engine.run(statement)[0]))
    if len(parts) == 2:
        return ""
    return hmac.digest(feed.engine.key, digest.UNIT.join(["set", *parts]).encode(), "sha256").hex()


def _sample(feed: Feed) -> tuple[str, ...]:
    """A few rows to add, masked, always the same ones."""
    verb = Verb.ADD if feed.count(Verb.ADD) else Verb.REPLACE
    if not feed.count(verb):
        return ()
    statement = (
        f"SELECT p._e164, {digest.as_hex('m.person')}, {digest.as_hex('m.recipient')} FROM "
        f"(SELECT * FROM {feed.marked[verb].table} ORDER BY recipient LIMIT {SAMPLE}) m "
        f"JOIN {feed.prepared.table} p ON p._row = m.row ORDER BY m.recipient"
    )
    return tuple(mask_person(number, person or recipient) for number, person, recipient in feed.engine.run(statement))
