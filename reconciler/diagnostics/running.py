"""Codes of runs: the journal, stale plans, locks, approvals, and bugs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.diagnostics.code import Code

RUNNING: Final[Mapping[str, Code]] = {
    "JRN001": Code(
        "journal missing",
        "Without its memory, people would be contacted again.",
        "Restore the journal that reconciler.yaml names.",
    ),
    "JRN002": Code(
        "foreign journal", "The journal belongs to another project.", "Restore the journal that reconciler.yaml names."
    ),
    "JRN003": Code(
        "journal does not verify",
        "An entry was changed, removed or damaged.",
        "Restore a copy; `reconciler audit verify` names the entry.",
    ),
    "JRN004": Code(
        "journal cannot be written",
        "Nothing may be sent that cannot be recorded first.",
        "Free space, or mend the disk or the connection to the database.",
    ),
    "JRN005": Code(
        "no such place for a journal",
        "A journal is a file, or a schema of a PostgreSQL database whose library is installed.",
        "Name a path or postgresql://user@host/db; install the extra `postgres`.",
    ),
    "JRN006": Code(
        "place taken", "A copy of a journal goes where nothing is, so that no other memory is lost.", "Name an empty place."
    ),
    "JRN007": Code(
        "whose emergency file",
        "It holds what a platform answered, and does not say which journal could not take it; no other may take it in.",
        "Give it the name that the message says, when it is of this project's journal.",
    ),
    "JRN008": Code(
        "journal moved",
        "It was copied, and does not know what was sent since; who sent by it would contact people again.",
        "Name the place that the message says under `journal`; `audit` still reads the old one.",
    ),
    "DSK001": Code(
        "disk full",
        "A file beside the journal could not be written; whatever the journal holds stands.",
        "Free space, and run again.",
    ),
    "STL001": Code(
        "plan stale",
        "What would be done now is more than was reviewed, or other; or what the plan was made from was changed.",
        "Plan and review again.",
    ),
    "STL002": Code("plan damaged or used", "A saved plan is used once and unchanged.", "Plan again."),
    "STL003": Code("plan expired", "A review ends after a day, or at the next edge of a window.", "Plan again."),
    "LCK001": Code("lock held", "Another apply is at work on this project, or a person locked it.", "Wait, or unlock it."),
    "LCK002": Code(
        "lock lost",
        "Another run took the lock over after its time had passed, so this one sends nothing more.",
        "Run `resolve`, then plan again.",
    ),
    "LCK003": Code(
        "no such lock", "Nothing of that id is held; it may have been lifted already.", "Look at who holds the lock now."
    ),
    "SAF001": Code(
        "safe only",
        "With --safe-only, nothing but stops and blacklist additions is carried out.",
        "Run a plain apply for the rest.",
    ),
    "APR001": Code(
        "not approved",
        "Nobody said yes.",
        "Answer on a terminal, or give a reviewed plan, `--digest` or `--auto-approve`.",
    ),
    "APR002": Code("deletes not allowed", "Deletes are carried out only with their exact number.", "Give `--allow-delete N`."),
    "APR003": Code(
        "irreversible steps not allowed",
        "With --auto-approve nobody has looked at them.",
        "Give `--allow-irreversible N`.",
    ),
    "BUG001": Code(
        "a bug in this program",
        "It should never happen; nothing more was sent.",
        "Report it with the saved details, which hold no personal data.",
    ),
    "INT001": Code("interrupted", "The call in flight was finished and recorded.", "Run again to go on."),
}
