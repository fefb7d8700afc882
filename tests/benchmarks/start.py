"""How long it takes to say anything at all."""

from __future__ import annotations

import sys

from tests.benchmarks import data
from tests.benchmarks.measure import beside
from tests.benchmarks.place import Place
from tests.benchmarks.results import Goal, Section, ratio

_RUNS_A_TURN = 3  # a start is short: more runs cost nothing and steady the median
_FEW = 20
_HELP, _VALIDATE = "reconciler --help", f"reconciler validate, {_FEW} files"


def measure(place: Place) -> list[Section]:
    """`--help`, and the check of a small project, beside a bare interpreter and the peers' own starts."""
    folder = data.project(place.folder / "start", "http://127.0.0.1:9")  # nobody is asked
    data.campaigns(folder, _FEW)
    contenders = {
        "python -c pass": place.command(sys.executable, "-c", "pass"),
        _HELP: place.ours("--help"),
        _VALIDATE: place.ours("validate", folder=folder),
    }
    if octodns := place.peer("octodns-sync"):
        contenders["octodns-sync --help"] = place.command(octodns, "--help")
    if terraform := place.peer("terraform"):
        contenders["terraform -help"] = place.command(terraform, "-help")
    table = beside(contenders, place.runs * _RUNS_A_TURN)
    goals = (
        Goal(what="`--help` / `python -c pass`", most=12, found=ratio(table, _HELP, "python -c pass")),
        Goal(what="`--help` / octoDNS's", most=0.5, found=ratio(table, _HELP, "octodns-sync --help")),
        Goal(what="`--help` / Terraform's", most=1.5, found=ratio(table, _HELP, "terraform -help")),
        Goal(
            what=f"`validate` of {_FEW} files / octoDNS's `--help`",
            most=1.2,
            found=ratio(table, _VALIDATE, "octodns-sync --help"),
        ),
    )
    return [Section(title="Start", tables=(table,), goals=goals)]
