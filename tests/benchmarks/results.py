"""What came out, as a page: goals first, then every contender of every subject, and under which load."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.benchmarks.measure import LOADED_SHARE, Beside

_LIBRARIES: Final = ("click", "PyYAML", "jsonschema-rs", "httpx", "duckdb", "msgspec", "rfc8785", "holidays")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure with what it should be at most. `met` is None where there is nothing to compare with."""

    what: str
    most: float
    found: float | None
    unit: str = "×"

    @property
    def met(self) -> bool | None:
        """Whether the figure is within its goal."""
        return None if self.found is None else self.found <= self.most

    def row(self, loaded: bool) -> str:
        """The goal as a line of the table."""
        found = "not measured" if self.found is None else f"{_short(self.found)} {self.unit}"
        word = {True: "yes", False: "**no**", None: "–"}[self.met]
        return f"| {self.what} | ≤ {_short(self.most)} {self.unit} | {found}{' (load)' if loaded else ''} | {word} |"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one subject gave. `facts` are sentences: counts, and what has to be known to read the figures.

    `others` is the share of the machine that others used, where there is no table to say it.
    """

    title: str
    tables: Sequence[Beside] = ()
    goals: Sequence[Goal] = ()
    facts: Sequence[str] = ()
    others: float = 0.0

    @property
    def loaded(self) -> bool:
        """Whether others used the machine while it was measured."""
        return max(self.others, *(table.others for table in self.tables), 0.0) >= LOADED_SHARE


def ratio(table: Beside, who: str, whom: str, of: str = "wall_s") -> float | None:
    """How many times as much one contender takes as another; None when either is not there."""
    if who not in table.samples or whom not in table.samples:
        return None
    return float(getattr(table.samples[who], of)) / float(getattr(table.samples[whom], of))


def page(sections: Sequence[Section], command: str) -> str:
    """The whole page, in Markdown."""
    return "\n".join([*_head(sections, command), *(line for section in sections for line in _section(section))])


def _head(sections: Sequence[Section], command: str) -> Iterator[str]:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    yield "# Figures"
    yield ""
    yield f"Written by `{command}` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; do not edit."
    yield ""
    yield f"Machine: {_machine()}. Python {sys.version.split()[0]}; {libraries}."
    yield ""
    yield (
        "Contenders take turns; every figure is the median of its runs, for the whole process. CPU is user and system time of "
        "the process and its children; the sandbox is a process of its own and not in it. Bytecode is cached, as it is after "
        "an installation. (load) = others used the machine meanwhile: then the CPU columns say more than the wall."
    )
    yield ""
    yield "| what | goal | found | met |"
    yield "| --- | --- | --- | --- |"
    for section in sections:
        for goal in section.goals:
            yield goal.row(section.loaded)
    yield ""


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    yield ""
    for fact in section.facts:
        yield f"- {fact}"
    if section.others:
        yield f"- Others used {section.others:.0%} of the machine meanwhile."
    if section.facts:
        yield ""
    for table in section.tables:
        yield "| who | wall s | shortest – longest | CPU s | peak MB | runs |"
        yield "| --- | ---: | ---: | ---: | ---: | ---: |"
        for name, sample in table.samples.items():
            least, most = sample.spread_s
            yield (
                f"| {name} | {_short(sample.wall_s)} | {_short(least)} – {_short(most)} | {_short(sample.cpu_s)} "
                f"| {sample.peak_mb:.0f} | {len(sample.runs)} |"
            )
        yield ""
        yield f"Others used {table.others:.0%} of the machine meanwhile; no peak below {table.floor_mb:.0f} MB can be seen."
        yield ""


def _short(value: float) -> str:
    """Three digits that matter."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def _machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        memory = Path("/proc/meminfo").read_text("ascii").split()[1]
    except OSError:
        return platform.platform()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (
        f"{len(names)} CPUs ({names[0] if names else platform.machine()}), {int(memory) // 1_048_576} GB, {platform.system()}"
    )
