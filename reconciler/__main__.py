"""The program. Every way it can end has an exit code, and none of them is a traceback."""

from __future__ import annotations

import gc
import sys
from typing import Final

# A command builds values, drops few of them and ends: looking for cycles after every 700 would only walk them all again.
GARBAGE_AFTER: Final = 200_000


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(GARBAGE_AFTER)  # before anything is imported: modules alone are walked twenty times
    from reconciler.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
