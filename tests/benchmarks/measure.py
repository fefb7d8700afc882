"""Processes measured from outside: wall time, CPU time and peak memory of the whole process, beside what it is compared with.

Contenders take turns, so that what the machine does besides strikes all of them alike, and the median of their runs counts.
Linux alone tells what is asked here. This process stays small: Linux lets a child begin with its parent's peak.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LOADED_SHARE: Final = 0.15  # of the machine's CPUs, used by others: from here on a figure is marked


def own_peak_mb() -> float:
    """The peak of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class FailedError(Exception):
    """A measured command did not end as it must; what it measured is worth nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is run. `codes` are the exit codes that mean it did its work; stdout goes to `stdout` where it is wanted."""

    words: Sequence[str | Path]
    folder: Path
    environ: Mapping[str, str]
    codes: tuple[int, ...] = (0,)
    stdout: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One run: seconds on the wall, seconds of CPU (user and system, children included), peak resident megabytes."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """All runs of one contender."""

    runs: tuple[Once, ...]

    @property
    def wall_s(self) -> float:
        """Median."""
        return statistics.median(run.wall_s for run in self.runs)

    @property
    def cpu_s(self) -> float:
        """Median."""
        return statistics.median(run.cpu_s for run in self.runs)

    @property
    def peak_mb(self) -> float:
        """Median."""
        return statistics.median(run.peak_mb for run in self.runs)

    @property
    def spread_s(self) -> tuple[float, float]:
        """The shortest and the longest on the wall."""
        return min(run.wall_s for run in self.runs), max(run.wall_s for run in self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Contenders that took turns, by name, and how much of the machine others used meanwhile.

    No peak below `floor_mb` can be seen: a child begins with its parent's.
    """

    samples: Mapping[str, Sample] = field(default_factory=dict)
    others: float = 0.0
    floor_mb: float = field(default_factory=own_peak_mb)


def once(command: Command) -> Once:
    """Run a command to its end. FailedError when it ends otherwise than it must."""
    words = [str(word) for word in command.words]
    with (command.stdout or Path(os.devnull)).open("wb") as out:
        begun = time.perf_counter()
        process = subprocess.Popen(words, cwd=command.folder, env=dict(command.environ), stdout=out, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read()
        _pid, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - begun
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.codes:
        raise FailedError(f"{' '.join(words)} ended with {process.returncode}: {said.decode(errors='replace')[-2000:]}")
    return Once(wall_s=wall_s, cpu_s=used.ru_utime + used.ru_stime, peak_mb=used.ru_maxrss / 1024)


def beside(contenders: Mapping[str, Command], runs: int, *, warm: bool = True) -> Beside:
    """Let contenders take turns, `runs` times each, after one turn that is not counted (bytecode, file cache)."""
    if warm:
        for command in contenders.values():
            once(command)
    watch = Watch()
    taken: dict[str, list[Once]] = {name: [] for name in contenders}
    for _turn in range(runs):
        for name, command in contenders.items():
            taken[name].append(once(command))
    return Beside(samples={name: Sample(runs=tuple(found)) for name, found in taken.items()}, others=watch.others())


class Watch:
    """How much of the machine others use while something is measured."""

    def __init__(self) -> None:
        self._ticks = _ticks()
        self._own_s = _own_cpu_s()

    def others(self) -> float:
        """The share of all CPUs' time since the beginning, 0 to 1, that neither we nor our children took."""
        user, nice, system, idle, waiting, *rest = (now - then for now, then in zip(_ticks(), self._ticks, strict=True))
        busy = user + nice + system + sum(rest)
        own = (_own_cpu_s() - self._own_s) * os.sysconf("SC_CLK_TCK")
        return max(0.0, busy - own) / max(1, busy + idle + waiting)


def _ticks() -> list[int]:
    """user, nice, system, idle, iowait, irq, softirq, steal since the start of the machine (proc(5))."""
    return [int(word) for word in Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:9]]


def _own_cpu_s() -> float:
    """CPU of this process, of its children that ended, and of those that live (the sandbox)."""
    ended = sum(
        used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    return ended + sum(map(_cpu_s, Path("/proc/thread-self/children").read_text("ascii").split()))


def _cpu_s(pid: str) -> float:
    """User and system time of a living process: fields 14 and 15 of its stat, behind a name that may hold blanks (proc(5))."""
    words = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
