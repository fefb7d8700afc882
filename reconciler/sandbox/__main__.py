"""`python -m reconciler.sandbox`: the sandbox in the foreground, until a signal ends it."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from reconciler.sandbox.server import serve
from reconciler.sandbox.world import CREDENTIAL


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with the given arguments; 0 after a signal, 1 when it cannot start."""
    parser = argparse.ArgumentParser(prog="sandbox", description="Lynn, wolkvox and uContact, simulated on loopback.")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=9911, help="0 takes a free one (default: 9911)")
    parser.add_argument("--store", default=":memory:", metavar="FILE", help="keep the state in this SQLite file")
    parser.add_argument("--token", default=os.environ.get("SANDBOX_TOKEN") or CREDENTIAL, help="accepted as every secret")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added to every call of a platform")
    parser.add_argument("--port-file", type=Path, metavar="FILE", help="written when calls are accepted")
    options = parser.parse_args(arguments)
    try:
        serve(
            host=options.host,
            port=options.port,
            store=options.store,
            token=options.token,
            latency_s=options.latency_ms / 1000,
            port_file=options.port_file,
        )
    except (ValueError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
