"""What many histories met together, as a table, and whether that is enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from reconciler.journal.moves import LEGAL
from tests.simulation.history import Played
from tests.simulation.oracle import Edge
from tests.simulation.process import End
from tests.simulation.script import Family, Fault

HISTORIES_WHOLE: Final = 100_000  # from so many on, everything must have been met
FAULTS_LEAST: Final = 1_000

# Moves that the table allows and nothing in the program makes. One that is met all the same is taken off this list.
UNMADE: Final[frozenset[Edge]] = frozenset()

_WIDTH: Final = 44


class Tally:
    """Sums over histories."""

    def __init__(self) -> None:
        self.histories = 0
        self.families: Counter[Family] = Counter()
        self.faults: Counter[Fault] = Counter()
        self.edges: Counter[Edge] = Counter()
        self.results: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.ends: Counter[End] = Counter()
        self.restarts = 0
        self.takeovers = 0
        self.failed: list[tuple[int, str]] = []

    def add(self, played: Played) -> None:
        """One more history."""
        self.histories += 1
        self.families[played.script.family] += 1
        self.faults.update(played.faults)
        self.edges.update(played.edges)
        self.results.update(played.results)
        self.verdicts.update(played.verdicts)
        self.ends.update(played.ends)
        self.restarts += played.restarts
        self.takeovers += played.takeovers
        if played.violation:
            self.failed.append((played.script.seed, played.violation))

    def join(self, other: Tally) -> None:
        """Another process' sums."""
        self.histories += other.histories
        for name in ("families", "faults", "edges", "results", "verdicts", "ends"):
            getattr(self, name).update(getattr(other, name))
        self.restarts += other.restarts
        self.takeovers += other.takeovers
        self.failed += other.failed

    def lacking(self) -> Iterator[str]:
        """What so many histories should have met, and have not."""
        for edge in sorted(UNMADE, key=_edge):
            if self.edges[edge]:
                yield f"{_edge(edge)} is said to be made by nothing, and was met"
        for illegal in (edge for edge in self.edges if edge[1] not in LEGAL[edge[0]]):
            yield f"{_edge(illegal)} is no legal move, and was met"
        if self.histories < HISTORIES_WHOLE:
            return
        for edge in self._legal():
            if edge not in UNMADE and not self.edges[edge]:
                yield f"{_edge(edge)} was never met"
        for fault in Fault:
            if self.faults[fault] < FAULTS_LEAST:
                yield f"'{fault.title}' was met {self.faults[fault]:,} times only"

    def lines(self) -> Iterator[str]:
        """The table."""
        yield from _table("families", {family.value: self.families[family] for family in Family})
        yield from _table("faults", {fault.title: self.faults[fault] for fault in Fault})
        yield from _table("moves", {_edge(edge): self.edges[edge] for edge in self._legal()})
        yield from _table("outcomes of changes", self.results)
        yield from _table("commands", {end.value: self.ends[end] for end in End})
        yield from _table("verdicts of persons", self.verdicts)
        yield from _table("processes", {"killed and started again": self.restarts, "lease taken over": self.takeovers})

    def _legal(self) -> list[Edge]:
        return [(state, event) for state, events in LEGAL.items() for event in sorted(events, key=lambda one: one.value)]


def _edge(edge: Edge) -> str:
    state, event = edge
    return f"{state.value if state else 'nothing'} → {event.value}"


def _table(title: str, counts: dict[str, int] | Counter[str]) -> Iterator[str]:
    yield f"{title}:"
    for name, count in counts.items():
        yield f"  {name:<{_WIDTH}}{count:>12,}"
