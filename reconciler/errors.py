"""Everything that can go wrong, as one tree, sorted by when it happens and so by what it means for people.

    ReconcilerError                 a message, a remedy, a code that `explain` knows
    ├── Mistaken          exit 1    the wish or its surroundings are wrong; nothing was asked of a platform
    ├── Blocked           exit 3    a guard, a policy or a missing approval; nothing was sent
    ├── Stale             exit 4    what was reviewed is not what would be done now, or somebody else is at work
    ├── Interrupted       exit 130  asked to stop; the call in flight was finished and recorded
    ├── Unreachable       exit 7    a platform cannot be reached, or did not show its whole state
    └── JournalBroken     exit 8    the journal is missing, foreign, moved or does not verify; nothing was sent

How a run ended (in part, in doubt) is not an error but a property of the run: see `apply.Run`.
"""

from __future__ import annotations

from typing import ClassVar


class ReconcilerError(Exception):
    """Says what happened, what to do about it, and under which code to read more."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, code: str, remedy: str = "", place: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.remedy = remedy
        self.place = place


class Mistaken(ReconcilerError):
    """The wish, the project or the surroundings are wrong."""


class Blocked(ReconcilerError):
    """Something must be permitted first; nothing was sent."""

    exit_code = 3


class Stale(ReconcilerError):
    """The reviewed plan is not the plan that would be carried out now; nothing was sent."""

    exit_code = 4


class Unreachable(ReconcilerError):
    """A platform cannot be reached, refuses the credentials or did not show its whole state."""

    exit_code = 7


class JournalBroken(ReconcilerError):
    """The journal cannot be trusted; nothing was sent."""

    exit_code = 8


class Interrupted(ReconcilerError):
    """A person or a machine asked the run to stop."""

    exit_code = 130
