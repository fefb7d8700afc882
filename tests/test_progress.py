"""Progress of an apply, by a clock that the test holds in its hands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Final, cast

import pytest

from reconciler.apply import ChangeOutcome, Result, Tell
from reconciler.cli import applying
from reconciler.cli.options import Shared
from reconciler.cli.progress import EVERY_S, RATE_S, Progress
from reconciler.plan.values import Change, Reason
from reconciler.resource import Action, Address

BEGAN: Final = datetime(2026, 11, 24, 10, tzinfo=UTC)
CLEAR: Final = "\r\x1b[K"


def rows(count: int, name: str = "base") -> Change:
    return Change(action=Action.ROWS_ADD, address=Address("t", "contacts", name), reason=Reason.ROWS, count=count)


@dataclass
class Watched:
    """A progress with its clock and everything that it wrote."""

    changes: tuple[Change, ...]
    live: bool = False
    clock_s: float = 0.0
    written: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        def write(text: str, *, end: str = "\n") -> None:
            self.written.append(text + end)

        self.progress = Progress(
            self.changes,
            now=lambda: BEGAN + timedelta(seconds=self.clock_s),
            line_of=lambda outcome: f"{outcome.change.address.name}: {outcome.result.value}",
            write=write,
            live=self.live,
        )

    def at(self, clock_s: float, change: Change, rows_done: int) -> str:
        """The last thing written once so many rows are done; "" where nothing was."""
        self.clock_s = clock_s
        return self._of(Tell(change=change, rows_done=rows_done))

    def ended(self, change: Change, result: Result, sent: int = 0) -> str:
        return self._of(Tell(outcome=ChangeOutcome(change=change, result=result, sent=sent), change=change))

    def _of(self, event: Tell) -> str:
        before = len(self.written)
        self.progress.tell(event)
        return "".join(self.written[before:])


def test_on_a_terminal_one_line_is_written_over() -> None:
    base = rows(10_000)
    watched = Watched((base,), live=True)

    assert watched.at(0, base, 0) == f"{CLEAR}0 of 10,000 rows"
    assert watched.at(10, base, 2_000) == f"{CLEAR}2,000 of 10,000 rows, 200 rows/s, 41 s left"
    assert watched.at(20, base, 4_000) == f"{CLEAR}4,000 of 10,000 rows, 200 rows/s, 31 s left"
    assert watched.ended(base, Result.VERIFIED) == f"{CLEAR}base: verified\n"
    watched.progress.end()
    assert "\n" not in "".join(watched.written[:3])


def test_without_a_terminal_a_plain_line_comes_every_ten_seconds_at_most() -> None:
    base = rows(1_000_000)
    watched = Watched((base,))

    lines = [line for second in range(1, 61) if (line := watched.at(second, base, second * 1_000))]

    assert len(lines) == 60 // EVERY_S
    assert lines[0] == "10,000 of 1,000,000 rows, 1,000 rows/s, 17 min left\n"
    assert not any(sign in "".join(lines) for sign in "\r\x1b")


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    base = rows(1_000_000)
    watched = Watched((base,), live=True)
    for second in range(10, 110, 10):
        watched.at(second, base, second * 1_000)

    slow = [watched.at(second, base, 100_000 + (second - 100) * 10) for second in range(110, 100 + int(RATE_S) + 20, 10)]

    assert ", 10 rows/s, " in slow[-1]
    assert ", 10 rows/s, " not in slow[0]


@pytest.mark.parametrize(
    ("rows_left", "left"), [(58, "59 s"), (59, "1 min"), (60, "2 min"), (3_000, "51 min"), (7_300, "2 h 1 min")]
)
def test_the_time_left_is_told_in_two_words(rows_left: int, left: str) -> None:
    base = rows(rows_left + 10)
    watched = Watched((base,), live=True)

    words = watched.at(10, base, 10).rpartition(", ")[2]

    assert words == f"{left} left"


def test_what_a_change_left_undone_is_no_more_to_do() -> None:
    first, second = rows(5_000, "a"), rows(1_000, "b")
    watched = Watched((first, second), live=True)
    watched.at(10, first, 500)

    assert watched.ended(first, Result.REFUSED, sent=500).endswith(f"{CLEAR}500 of 1,500 rows, 50 rows/s, 21 s left")


def test_a_row_that_takes_two_calls_is_done_once() -> None:
    base = rows(100)
    watched = Watched((base, rows(10, "b")), live=True)

    assert watched.at(1, base, 200).startswith(f"{CLEAR}100 of 110 rows")


def test_a_clock_that_is_set_back_makes_no_nonsense() -> None:
    base = rows(1_000)
    watched = Watched((base,), live=True)
    watched.at(3_600, base, 100)

    assert watched.at(0, base, 200) == f"{CLEAR}200 of 1,000 rows"
    assert watched.at(10, base, 300) == f"{CLEAR}300 of 1,000 rows, 10 rows/s, 2 min left"


def test_a_plan_without_rows_tells_its_changes_alone() -> None:
    made = Change(action=Action.CREATE, address=Address("t", "campaign", "club"), reason=Reason.NEW)
    watched = Watched((made,), live=True)
    watched.at(0, made, 0)

    assert watched.ended(made, Result.VERIFIED) == "club: verified\n"
    assert watched.written == ["club: verified\n"]


def test_a_run_that_ends_early_leaves_no_line_behind() -> None:
    base = rows(100)
    watched = Watched((base,), live=True)
    watched.at(1, base, 50)
    watched.progress.end()
    watched.progress.end()

    assert watched.written[-1] == CLEAR
    assert watched.written.count(CLEAR) == 1


@pytest.mark.parametrize(("quiet", "form", "told"), [(False, "text", True), (True, "text", False), (False, "json", False)])
def test_who_asked_for_quiet_or_for_json_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch, *, quiet: bool, form: str, told: bool
) -> None:
    said: list[str] = []
    monkeypatch.setattr(applying, "say_aside", lambda text, **_how: said.append(text))
    shared = cast("Shared", SimpleNamespace(quiet=quiet, format=form, coloured=False, verbose=False))
    base = rows(10)
    with applying._progress(shared, [base], lambda: BEGAN) as tell:
        tell(Tell(change=base, rows_done=5))
        tell(Tell(outcome=ChangeOutcome(change=base, result=Result.VERIFIED), change=base))

    assert bool(said) == told
