"""Bulk rows as sets: the comparison that the product makes in its rows engine, in a form that costs microseconds.

`test_rows` holds it and the real `rows.compare` together on small random inputs. A row is a key; a recipient's name holds
its container, generation and key in the open, scrambled so that rows are not sent in the order in which they were written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.call import Batch
from reconciler.rows.sheet import Presence, RowsDiff, Verb

_ODD = 0x9E3779B97F4A7C15
_WIDTH = 8


def recipient(container: str, generation: int, key: int) -> bytes:
    """16 bytes that name a row of a container and generation."""
    place = int.from_bytes(container.encode()[-3:], "big")
    scrambled = (key * _ODD + generation * 7919) % 2**32
    return (scrambled << 96 | place << 64 | generation << 32 | key).to_bytes(16, "big")


def key_of(name: bytes) -> int:
    """The key that a recipient's name was made of."""
    return int.from_bytes(name[12:], "big")


def names(packed: bytes) -> list[bytes]:
    """The names of a packed column, one by one."""
    return [packed[start : start + 16] for start in range(0, len(packed), 16)]


@dataclass(frozen=True, slots=True)
class Compared:
    """One document's rows, compared: what would be added and removed, by key."""

    diff: RowsDiff
    adds: Sequence[int]
    removes: Sequence[int]


def compare(
    wished: Collection[int],
    *,
    live: Mapping[int, int] | None,
    container: str,
    generation: int,
    sent: Collection[bytes],
    held: Collection[bytes],
    loaded: Collection[bytes] = (),
    adding: Collection[int] = (),
    named: Collection[int] = (),
    removes: bool = False,
    natural: bool = False,
) -> Compared:
    """What `rows.compare` gives. `live` counts live rows by key, None where they cannot be listed. `adding` = what other
    documents add to the same container; `named` = keys that the source has, left out or not.
    """
    gone: list[int] = []
    out: dict[str, int] = {}
    if live is None:
        known = {key for key in wished if recipient(container, generation, key) in sent}
        adds = [key for key in wished if key not in known]
        unchanged = len(known) if natural else 0
        if known and not natural:
            out["already_sent"] = len(known)
    else:
        adds = [key for key in wished if key not in live]
        unchanged = len(wished) - len(adds)
        if removes:
            ours = {key for key in live if any(recipient(container, back, key) in loaded for back in range(1, generation + 1))}
            gone = sorted(key for key in ours if key not in wished and key not in named)
    before = range(1, generation + 1)
    again = 0 if live is None else sum(any(recipient(container, back, key) in sent for back in before) for key in adds)
    free = [key for key in adds if recipient(container, generation, key) not in held]
    if len(free) < len(adds):
        out["in_doubt"] = len(adds) - len(free)
    mine = [key for key in free if key not in adding]
    if len(mine) < len(free):
        out["duplicate"] = len(free) - len(mine)
    mine.sort(key=lambda key: recipient(container, generation, key))
    what = f"{container}:{generation}:{mine}:{gone}" if mine or gone else ""
    diff = RowsDiff(
        in_source=len(wished),
        to_add=len(mine),
        to_remove=len(gone),
        unchanged=unchanged,
        live=sum(live.values()) if live else 0,
        suppressed=out,
        again=again,
        digest=what,
    )
    return Compared(diff=diff, adds=mine, removes=gone)


class Feed:
    """The rows of one document for its writer (`sheet.RowsFeed`). `shown` gives the rows of a page by its table's name."""

    def __init__(self, compared: Compared, container: str, generation: int, shown: Callable[[str], Mapping[int, int]]) -> None:
        self.rows = {Verb.ADD: compared.adds, Verb.REMOVE: compared.removes}
        self.container = container
        self.generation = generation
        self.shown = shown

    def count(self, verb: Verb) -> int:
        """See `RowsFeed`."""
        return len(self.rows.get(verb, ()))

    def batches(self, verb: Verb, rows_max: int) -> Iterator[Batch]:
        """See `RowsFeed`."""
        keys = self.rows.get(verb, ())
        for start in range(0, len(keys), rows_max):
            some = keys[start : start + rows_max]
            packed = b"".join([recipient(self.container, self.generation, key) for key in some])
            yield Batch(rows=[{"key": str(key)} for key in some], recipients=packed, persons=packed, digest=packed.hex())

    def attach(self, table: str) -> None:
        """See `RowsFeed`; keys are contacts here."""

    def matches(self, verb: Verb, table: str, rows_max: int) -> Iterator[Batch]:
        """See `RowsFeed`; no platform here marks live rows."""
        del verb, table, rows_max
        return iter(())

    def presence(self, verb: Verb, table: str) -> Presence:
        """See `RowsFeed`."""
        shown = self.shown(table)
        times = [shown.get(key, 0) for key in self.rows.get(verb, ())]
        present = sum(map(bool, times))
        return Presence(present=present, missing=len(times) - present, twice=sum(time > 1 for time in times))


def presence_of(held: Collection[bytes], live: Mapping[int, int], container: str, generation: int) -> Presence:
    """How recipients that are known by name alone stand in live rows (`recipients.presence_in`)."""
    times = {recipient(container, generation, key): count for key, count in live.items()}
    present = [times[name] for name in set(held) if name in times]
    return Presence(present=len(present), missing=len(set(held)) - len(present), twice=sum(time > 1 for time in present))
