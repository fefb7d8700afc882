"""What came out, as a page: goals first, then every contender of every subject, and under which load.

Each subject is a part of its own, with where, when and by what it was measured, so that one can be measured anew alone. Parts
are kept as data (RESULTS.json); the page is made of them.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one subject gave, as lines of the page: `goals` of its first table, `lines` of its own sections."""

    subject: str
    measured: str
    command: str
    machine: str
    goals: tuple[str, ...]
    lines: tuple[str, ...]


def part(subject: str, sections: Sequence[Section], command: str) -> Part:
    """A subject that was measured here, now."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return Part(
        subject=subject,
        measured=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        command=command,
        machine=f"{_machine()}. Python {sys.version.split()[0]}; {libraries}",
        goals=tuple(goal.row(section.loaded) for section in sections for goal in section.goals),
        lines=tuple(line for section in sections for line in _section(section)),
    )


def kept(path: Path) -> dict[str, Part]:
    """The parts in a file, by subject; none where there is no file."""
    found = json.loads(path.read_text("utf-8")) if path.exists() else []
    return {one["subject"]: Part(**{**one, "goals": tuple(one["goals"]), "lines": tuple(one["lines"])}) for one in found}


def keep(path: Path, parts: Iterable[Part]) -> None:
    """Write a file of parts, whole or not at all."""
    written = path.with_suffix(".part")
    written.write_text(json.dumps([asdict(one) for one in parts], ensure_ascii=False, indent=1) + "\n", "utf-8")
    written.replace(path)


def page(parts: Sequence[Part]) -> str:
    """The whole page, in Markdown."""
    return "\n".join([*_head(parts), *(line for one in parts for line in one.lines)])


def _head(parts: Sequence[Part]) -> Iterator[str]:
    yield "# Figures"
    yield ""
    yield "Written by `tests/benchmarks/run.py`; do not edit."
    yield ""
    for machine in dict.fromkeys(one.machine for one in parts):
        subjects = "" if len({one.machine for one in parts}) == 1 else f" ({_names(parts, machine=machine)})"
        yield f"Machine{subjects}: {machine}."
        yield ""
    yield (
        "Contenders take turns; every figure is the median of its runs, for the whole process. CPU is user and system time of "
        "the process and its children; the sandbox is a process of its own and not in it. Bytecode is cached, as it is after "
        "an installation. (load) = others used the machine meanwhile: then the CPU columns say more than the wall."
    )
    yield ""
    for measured, command in dict.fromkeys((one.measured, one.command) for one in parts):
        yield f"- Measured by `{command}` on {measured}: {_names(parts, measured=measured, command=command)}."
    yield ""
    yield "| what | goal | found | met |"
    yield "| --- | --- | --- | --- |"
    for one in parts:
        yield from one.goals
    yield ""


def _names(parts: Sequence[Part], **alike: str) -> str:
    """The subjects whose parts have these values."""
    return ", ".join(one.subject for one in parts if all(getattr(one, name) == value for name, value in alike.items()))


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
