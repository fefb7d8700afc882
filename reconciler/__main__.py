"""The program. Every way it can end has an exit code, and none of them is a traceback."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from reconciler.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
