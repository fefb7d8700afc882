"""Rows against a slow oracle in plain Python: whatever the source, its mapping, order and repetition, and whatever lives or was
sent, counts, batches and digests are those that one row after the other would give.

The oracle knows no engine: dictionaries, loops and Python's own HMAC.
"""

from __future__ import annotations

import csv
import hmac
import io
import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any, Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.call import Sink
from reconciler.resource import Address, Origin
from reconciler.rows.compare import Compared, compare
from reconciler.rows.engine import Engine
from reconciler.rows.people import Known
from reconciler.rows.prepare import prepare
from reconciler.rows.sheet import Verb
from reconciler.rows.spec import RowsSpec
from tests.rows.conftest import KEY, RECORDS

Row = dict[str, str]

BOX: Final = "wolkvox|0010|77"
COLUMNS: Final = ("key", "phone", "phone2", "name", "opt1")
SHOWN: Final = ("key", "phone", "name", "_result", "_calls")
NUMBERS: Final = {
    "3001234567": 573001234567,
    "+57 300 123 45 67": 573001234567,
    "(301) 123-4567": 573011234567,
    "573021234567": 573021234567,
    "3031234567": 573031234567,
}
WRONG: Final = {"": "empty phone", "77": "number", "5.69667E+10": "scientific notation", "3001234567.0": "decimal number"}
CELLS: Final = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["1", "2", " 3", "4", "5", "ñ6", "7", "8", "", "9"]),
        "phone": st.sampled_from([*NUMBERS, *WRONG]),
        "phone2": st.sampled_from(["", "", "3051234567", "12", "3001234567"]),
        "name": st.sampled_from(["", "Ana", " Ñandú ", "a,b;c", 'x"y', "l1\nl2", "bell\x07", "n" * 31]),
        "opt1": st.sampled_from(["", "1", "01"]),
    }
)
LIVE: Final = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["1", "2", "3", "4", "5", "ñ6", "8", "x", "y"]),
        "phone": st.sampled_from(["3001234567", "3011234567", "3021234567", ""]),
        "name": st.sampled_from(["", "Ana", "Ñandú", "other"]),
        "_result": st.sampled_from(["", "CLEAN", "Do Not Call"]),
        "_calls": st.sampled_from(["0", "3", ""]),
    }
)
ALL: Final = {"1", "2", "3", "4", "5", "ñ6", "7", "8", "9", "x", "y"}
KEYS: Final = st.sets(st.sampled_from(sorted(ALL)), max_size=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a table is written and mapped: form, order and names of columns, rows a batch, a constant for `opt1`."""

    form: str
    order: tuple[int, ...]
    prefix: str
    rows_max: int
    constant: bool


WAYS: Final = st.builds(
    Way,
    form=st.sampled_from(["csv", "jsonl", "inline"]),
    order=st.permutations(range(5)).map(tuple),
    prefix=st.sampled_from(["", "col ", "Ñ"]),
    rows_max=st.integers(1, 4),
    constant=st.booleans(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is there before: live rows (None: the platform lists none), and what the journal knows, by key."""

    live: list[Row] | None
    sent: set[str]
    loaded: set[str]
    held: set[str]
    missing: str
    changed: str
    generation: int


def _once(rows: list[Row]) -> list[Row]:
    return list({row["key"]: row for row in rows}.values())


STATES: Final = st.builds(
    State,
    live=st.lists(LIVE, min_size=4, max_size=12).map(_once) | st.lists(LIVE, max_size=2).map(_once) | st.none(),
    sent=KEYS,
    loaded=KEYS.map(ALL.__sub__),
    held=KEYS,
    missing=st.sampled_from(["keep", "remove"]),
    changed=st.sampled_from(["report", "replace"]),
    generation=st.integers(1, 3),
)


@dataclass(frozen=True, slots=True)
class Packed:
    """What a journal gives back."""

    recipients: bytes
    contents: bytes = b""


@dataclass(slots=True)
class Found:
    """What comes of a comparison."""

    counts: dict[str, Any] = field(default_factory=dict)
    out: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    digest: str = ""
    batches: dict[str, list[tuple[list[Row], bytes, bytes, bytes, str]]] = field(default_factory=dict)


def keyed(text: str) -> bytes:
    return hmac.digest(KEY, text.encode(), "sha256")[:16]


def recipient(key: str, generation: int) -> bytes:
    return keyed(f"{BOX}\x1f{generation}\x1f{key}")


def content(row: Row) -> bytes:
    return texts({"_id": row["key"], **row})


def texts(row: Row) -> bytes:
    said = sorted(row.items())
    return keyed("content\x1f" + "".join(f"{name}:{len(value.encode())}:{value}" for name, value in said if value))


def stood(row: Row) -> int:
    """What a live row showed of what its document sends."""
    return int.from_bytes(texts({name: row[name] for name in ("phone", "name")}))


def judged(rows: list[Row], found: Found) -> tuple[dict[str, Row], set[str]]:
    """The rows that would be sent, by key, and every key of the source."""
    whole: list[tuple[bytes, Row]] = []
    keys = set()
    for row in ({name: value.strip() for name, value in row.items()} for row in rows):
        keys.add(row["key"])
        if why := mistake(row):
            found.reasons[why] = found.reasons.get(why, 0) + 1
            continue
        further = NUMBERS.get(row["phone2"]) or (573051234567 if row["phone2"] == "3051234567" else 0)
        if row["phone2"] and not further:
            found.reasons["further number"] = found.reasons.get("further number", 0) + 1
        written = row | {"phone": str(NUMBERS[row["phone"]])[2:], "phone2": str(further)[2:] if further else ""}
        whole.append((content(written), written))
    stay: dict[str, Row] = {}
    numbers: set[str] = set()
    for _, row in sorted(whole, key=lambda each: each[0]):
        if row["key"] not in stay and row["phone"] not in numbers:
            stay[row["key"]] = row
            numbers.add(row["phone"])
    invalid = sum(count for why, count in found.reasons.items() if why != "further number")
    found.out = {"invalid": invalid, "duplicate": len(whole) - len(stay)}
    return stay, keys


def mistake(row: Row) -> str:
    if not row["key"]:
        return "no key"
    if row["phone"] in WRONG:
        return WRONG[row["phone"]]
    if "\x07" in row["name"]:
        return "forbidden character"
    return "too long" if len(row["name"]) > 30 else ""


def expected(rows: list[Row], state: State, rows_max: int) -> Found:
    """What the engine has to find, one row after the other."""
    found = Found()
    stay, keys = judged(rows, found)
    live = {row["key"]: row for row in state.live or ()}
    verbs: dict[str, list[Row]] = {"add": [], "replace": [], "remove": []}
    counts = Counter(in_source=len(rows), live=len(live))
    for key, row in stay.items():
        if state.live is None:
            if key in state.sent:
                counts["already_sent"] += 1
            else:
                verbs["add"].append(row)
        elif key not in live:
            verbs["add"].append(row)
            counts["again"] += key in state.sent
        elif any(live[key][name] != row[name] for name in ("phone", "name")):
            counts["changed"] += 1
            if state.changed == "replace" and key in state.loaded and live[key]["_result"] != "Do Not Call":
                verbs["replace"].append(row)
                counts["dialled"] += live[key]["_calls"] == "3"
        else:
            counts["unchanged"] += 1
    for key, row in live.items():
        if key not in keys:
            counts["kept"] += 1
            if state.missing == "remove" and key in state.loaded and row["_result"] != "Do Not Call":
                counts["kept"] -= 1
                counts["dialled"] += row["_calls"] == "3"
                verbs["remove"].append(row)
    found.out["in_doubt"] = sum(row["key"] in state.held for row in verbs["add"])
    found.out["already_sent"] = counts.pop("already_sent", 0)
    for verb in ("add", "replace"):
        verbs[verb] = [row for row in verbs[verb] if row["key"] not in state.held]
    counts |= {f"to_{verb}": len(chosen) for verb, chosen in verbs.items()}
    counts["people"] = len({row["phone"] for verb in ("add", "replace") for row in verbs[verb]})
    found.counts = dict(counts)
    found.out = {reason: count for reason, count in found.out.items() if count}
    named(found, verbs, state, live, rows_max)
    return found


def named(found: Found, verbs: dict[str, list[Row]], state: State, live: dict[str, Row], rows_max: int) -> None:
    """Digest and batches."""
    parts = [BOX, str(state.generation)]
    for verb in ("add", "remove", "replace"):
        chosen = sorted(verbs[verb], key=lambda row: recipient(row["key"], state.generation))
        if not chosen:
            continue
        names = [recipient(row["key"], state.generation) for row in chosen]
        told = verb != "remove"
        contents = [content(row) for row in chosen] if told else []
        seen = [] if verb == "add" else [stood(live[row["key"]]) for row in chosen]
        meant = [*(int.from_bytes(name) for name in contents), *seen]
        sums = [reduce(xor, meant), reduce(xor, (int.from_bytes(name) for name in names))]
        parts.append(f"{verb}:{len(chosen)}:{':'.join(map(str, sums))}")
        cut = []
        for start in range(0, len(chosen), rows_max):
            part = slice(start, start + rows_max)
            ours, said = b"".join(names[part]), b"".join(contents[part])
            sent = []
            for row in chosen[part]:
                shown = {name: live[row["key"]][name] for name in ("_result", "_calls")} if verb == "replace" else {}
                sent.append({name: value for name, value in (row | shown).items() if value})
            persons = b"".join(keyed(f"person\x1f+57{row['phone']}") for row in chosen[part]) if told else b""
            whole = hmac.digest(KEY, b"batch" + ours + said, "sha256").hex()
            cut.append((sent, ours, persons, said, whole))
        found.batches[verb] = cut
    if len(parts) > 2:
        found.digest = hmac.digest(KEY, "\x1f".join(["set", *parts]).encode(), "sha256").hex()


def written(root: Path, rows: list[Row], way: Way) -> dict[str, Any]:
    """The source in one of its forms."""
    names = [COLUMNS[place] for place in way.order]
    tables = [{f"{way.prefix}{name}": row[name] for name in names} for row in rows]
    if way.form == "inline" or not rows:  # without rows, JSON lines would be an empty file, which is a mistake
        return {"rows": tables}
    path = root / f"people.{way.form}"
    if way.form == "csv":
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, [f"{way.prefix}{name}" for name in names])
        writer.writeheader()
        writer.writerows(tables)
        path.write_text(out.getvalue(), "utf-8", newline="")
    else:
        path.write_text("".join(json.dumps(table) + "\n" for table in tables), "utf-8")
    return {"file": path.name}


def by_engine(root: Path, rows: list[Row], way: Way, state: State) -> Found:
    """The same by the engine, from bytes in a file and in a page."""
    columns: dict[str, Any] = {name: f"{way.prefix}{name}" for name in COLUMNS}
    if way.constant:
        columns["opt1"] = {"value": "fixed"}
    spec = RowsSpec(
        address=Address("here", "contacts", "list"),
        sheet=RECORDS,
        source=written(root, rows, way),
        columns=columns,
        folder=root,
        root=root,
        target="here",
        country="CO",
        phone_format="national",
        origin=Origin("list.yaml", 1),
    )
    with Engine(key=KEY, memory="512MB") as engine:
        prepared = prepare(engine, spec)
        live = None
        if state.live is not None:
            shown = [{f"v_{name}": row[name] for name in SHOWN} for row in state.live]
            sink = Sink(rows_at="rows", total_at="n", columns={name: f"v_{name}" for name in SHOWN})
            live = engine.ingest(msgspec.json.encode({"n": str(len(shown)), "rows": shown}), sink).table
        compared = compare(
            engine,
            prepared,
            live=live,
            container=BOX,
            generation=state.generation,
            missing=state.missing,  # type: ignore[arg-type]  # one of the words
            changed=state.changed,  # type: ignore[arg-type]  # one of the words
            sent=[packed(state.sent, state.generation)],
            loaded=[packed(state.loaded, state.generation)],
            held=[packed(state.held, state.generation)],
            persons=Known(engine, [keyed("person\x1f+573001234567")]),
        )
        return told(compared, way.rows_max)


def packed(keys: set[str], generation: int) -> Packed:
    return Packed(b"".join(recipient(key, generation) for key in sorted(keys)))


def told(compared: Compared, rows_max: int) -> Found:
    diff = compared.diff
    names = (
        "in_source",
        "live",
        "again",
        "changed",
        "unchanged",
        "kept",
        "dialled",
        "to_add",
        "to_replace",
        "to_remove",
        "people",
    )
    cut = {
        verb.value: [
            ([dict(row) for row in batch.rows], batch.recipients, batch.persons, batch.contents, batch.digest)
            for batch in compared.feed.batches(verb, rows_max)
        ]
        for verb in (Verb.ADD, Verb.REPLACE, Verb.REMOVE)
    }
    return Found(
        counts={name: getattr(diff, name) for name in names},
        out=dict(diff.suppressed),
        reasons=dict(diff.reasons),
        digest=diff.digest,
        batches={verb: batches for verb, batches in cut.items() if batches},
    )


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(CELLS, max_size=14), way=WAYS, state=STATES)
def test_rows_are_read_judged_and_compared_as_one_after_the_other_would_be(rows: list[Row], way: Way, state: State) -> None:
    given_rows = [row | {"opt1": "fixed"} for row in rows] if way.constant else rows
    with tempfile.TemporaryDirectory() as name:
        found = by_engine(Path(name), rows, way, state)

    wanted = expected(given_rows, state, way.rows_max)

    assert found.reasons == wanted.reasons
    assert found.out == wanted.out
    assert found.counts == {name: wanted.counts.get(name, 0) for name in found.counts}
    assert found.batches == wanted.batches
    assert found.digest == wanted.digest
