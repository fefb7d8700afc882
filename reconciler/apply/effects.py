"""What carrying out a plan asks of its runtime, one frozen value an effect.

A runtime answers each as its docstring says. Where it cannot, it throws what went wrong into the generator, and the run
ends there with everything that is known so far.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from reconciler.apply.run import ChangeOutcome
from reconciler.call import Call
from reconciler.journal.entry import Columns, Entry
from reconciler.plan.values import Change

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intend:
    """Make the intent durable. Answered with False when the run was asked to stop: then nothing is sent."""

    entry: Entry
    columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send one write, whose intent is durable. Answered with an `Answer`.

    `meanwhile` may be called while the answer is awaited: it makes ready what comes next, and decides nothing.
    """

    target: str
    call: Call
    meanwhile: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Send one read. Answered with an `Answer`. `task` says that it only asks whether a task has ended, perhaps for long."""

    target: str
    call: Call
    task: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Record outcomes of operations, all or none. Not `synced`, a loss of power may take them back, nothing else may."""

    entries: tuple[Entry, ...]
    synced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Nobody looks at these pages of rows any more; answered with nothing."""

    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """Answered with the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Let so many seconds pass, of this lane alone. Answered with nothing."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Something that a person watching wants to know; answered with nothing."""

    outcome: ChangeOutcome | None = None
    change: Change | None = None
    rows_done: int = 0


Effect: TypeAlias = Intend | Send | Read | Settle | Forget | Now | Pause | Tell
Acting: TypeAlias = Generator[Effect, Any, T]
