"""How long it takes to say anything at all."""

from __future__ import annotations

import sys

from tests.benchmarks.measure import beside
from tests.benchmarks.place import Place
from tests.benchmarks.results import Goal, Section, ratio

_RUNS_A_TURN = 3  # a start is short: more runs cost nothing and steady the median


def measure(place: Place) -> list[Section]:
    """`--help` beside a bare interpreter and the peers' own starts."""
    contenders = {"python -c pass": place.command(sys.executable, "-c", "pass"), "reconciler --help": place.ours("--help")}
    if octodns := place.peer("octodns-sync"):
        contenders["octodns-sync --help"] = place.command(octodns, "--help")
    if terraform := place.peer("terraform"):
        contenders["terraform -help"] = place.command(terraform, "-help")
    table = beside(contenders, place.runs * _RUNS_A_TURN)
    goals = (
        Goal(what="`--help` / `python -c pass`", most=12, found=ratio(table, "reconciler --help", "python -c pass")),
        Goal(what="`--help` / octoDNS's", most=0.5, found=ratio(table, "reconciler --help", "octodns-sync --help")),
        Goal(what="`--help` / Terraform's", most=1.5, found=ratio(table, "reconciler --help", "terraform -help")),
    )
    return [Section(title="Start", tables=(table,), goals=goals)]
