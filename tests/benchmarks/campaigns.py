"""Campaigns: a thousand checked, created, and planned when there is nothing to do; and that plan for ten thousand."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from reconciler.sandbox.control import Control
from tests.benchmarks import data
from tests.benchmarks.measure import Beside, Command, Once, Sample, Watch, beside, once
from tests.benchmarks.place import Place, counted, emptied
from tests.benchmarks.results import Goal, Section, ratio

COUNT: Final = 1_000
MANY: Final = 10_000
_MANY_RUNS: Final = 3  # Terraform takes half a minute for each
_OURS: Final = "reconciler"
_COLD: Final = f"{_OURS} plan, nothing cached"
_WARM: Final = f"{_OURS} plan"
_TERRAFORM: Final = "terraform plan"
_OCTODNS: Final = "octodns-sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Promise:
    """At most how many times what a peer takes: `cold`, as in a pipeline that checks everything out; `warm`, as beside it."""

    cold: Mapping[str, float]
    warm: Mapping[str, float]
    memory: float


_PROMISES: Final[Mapping[int, _Promise]] = {
    COUNT: _Promise(cold={_TERRAFORM: 1 / 3, _OCTODNS: 1}, warm={_TERRAFORM: 1 / 3, _OCTODNS: 1}, memory=1 / 2),
    MANY: _Promise(cold={_TERRAFORM: 1 / 8, _OCTODNS: 1 / 2}, warm={_TERRAFORM: 1 / 20}, memory=1 / 8),
}


def measure(place: Place) -> list[Section]:
    """Validate, apply, and then the plan that finds nothing; the last once more, ten times as large."""
    with place.sandbox() as control:
        folder = data.project(place.folder / "campaigns", place.url())
        data.campaigns(folder, COUNT)
        resources = _resources(place, COUNT)
        sections = [
            _validate(place, folder),
            _create(place, folder, resources, control),
            _nothing_to_do(place, folder, resources, control, COUNT),
        ]
        many = replace(place, runs=min(place.runs, _MANY_RUNS))
        emptied(control)
        folder = data.project(place.folder / "many-campaigns", place.url())
        data.campaigns(folder, MANY)
        once(many.ours("apply", "--auto-approve", "-q", folder=folder))
        return [*sections, _nothing_to_do(many, folder, _resources(many, MANY), control, MANY)]


def _resources(place: Place, count: int) -> Path:
    """As many resources of Terraform's as there are campaigns, and the state in which they are there."""
    folder = data.terraform(place.folder / f"terraform-{count}", count)
    data.terraform_state(folder, count)
    if terraform := place.peer("terraform"):
        once(place.command(terraform, "init", "-input=false", folder=folder))
    return folder


def _validate(place: Place, folder: Path) -> Section:
    table = beside({f"{_OURS} validate": place.ours("validate", folder=folder)}, place.runs)
    goal = Goal(what="`validate`, 1,000 documents", most=2, found=table.samples[f"{_OURS} validate"].wall_s, unit="s")
    size = (folder / "specs" / "c00000.yaml").read_text("utf-8").count("\n")
    return Section(
        title="validate, 1,000 campaigns", tables=(table,), goals=(goal,), facts=(f"{COUNT:,} files of {size} lines.",)
    )


def _create(place: Place, folder: Path, resources: Path, control: Control) -> Section:
    """Creations need an empty platform before each run, so that they are not left to `beside`."""
    terraform = place.peer("terraform")
    taken: dict[str, list[Once]] = {name: [] for name in (f"{_OURS} apply", *(["terraform apply"] if terraform else []))}
    watch = Watch()
    for _turn in range(place.runs):
        emptied(control)
        shutil.rmtree(folder / ".reconciler", ignore_errors=True)
        taken[f"{_OURS} apply"].append(once(place.ours("apply", "--auto-approve", "-q", folder=folder)))
        if terraform:
            (resources / "terraform.tfstate").unlink(missing_ok=True)
            words = ("apply", "-auto-approve", "-input=false", "-no-color")
            taken["terraform apply"].append(once(place.command(terraform, *words, folder=resources)))
    table = Beside(samples={name: Sample(runs=tuple(runs)) for name, runs in taken.items()}, others=watch.others())
    calls = counted(control.calls())
    facts = (
        "Terraform creates resources without any network; ours go over HTTP to the sandbox, with every call in the journal.",
        f"Calls: {', '.join(f'{count:,} {name}' for name, count in calls.items())}; {sum(calls.values()):,} in all.",
    )
    goal = Goal(what="apply of 1,000 creations / Terraform's", most=1, found=ratio(table, f"{_OURS} apply", "terraform apply"))
    return Section(title="apply, 1,000 creations", tables=(table,), goals=(goal,), facts=facts)


def _nothing_to_do(place: Place, folder: Path, resources: Path, control: Control, count: int) -> Section:
    begun = len(control.calls())
    plan = place.said(place.ours("plan", "--format", "json", folder=folder))
    calls = counted(control.calls()[begun:])
    assert plan["empty"], "the plan after an apply is not empty"
    table = beside(_contenders(place, folder, resources, count), place.runs)
    facts = (
        f"Calls: {', '.join(f'{number} {name}' for name, number in calls.items())}.",
        f"Ours reads {count:,} files, and the live side over HTTP.",
        f"Terraform reads {count:,} resources with the same settings in one file, and its state from disk.",
        f"octoDNS reads {count:,} records of 4 lines in one file, and as many from another file.",
    )
    title = f"plan with nothing to do, {count:,} campaigns"
    return Section(title=title, tables=(table,), goals=tuple(_goals(table, count)), facts=facts)


def _contenders(place: Place, folder: Path, resources: Path, count: int) -> dict[str, Command]:
    """Ours with and without what it knows again, and the peers, none of which finds anything to do."""
    warm = place.ours("plan", "--detailed-exitcode", folder=folder)
    forget = f'rm -rf .reconciler/cache && exec "$0" {" ".join(map(str, warm.words[1:]))}'
    contenders = {_COLD: replace(warm, words=("/bin/sh", "-c", forget, warm.words[0])), _WARM: warm}
    if terraform := place.peer("terraform"):
        words = ("plan", "-input=false", "-no-color", "-detailed-exitcode")
        contenders[_TERRAFORM] = place.command(terraform, *words, folder=resources)
    if octodns := place.peer("octodns-sync"):
        zone = data.octodns(place.folder / f"octodns-{count}", count)
        once(place.command(octodns, "--config-file", "config.yaml", "--doit", "--force", folder=zone))
        contenders[_OCTODNS] = place.command(octodns, "--config-file", "config.yaml", folder=zone)
    return contenders


def _goals(table: Beside, count: int) -> list[Goal]:
    promise, what = _PROMISES[count], f"plan of {count:,} campaigns, nothing to do"
    goals = [
        Goal(what=f"{what}, {state} / {peer}", most=most, found=ratio(table, ours, peer))
        for state, ours, peers in (("nothing cached", _COLD, promise.cold), ("warm", _WARM, promise.warm))
        for peer, most in peers.items()
    ]
    most = promise.cold[_TERRAFORM]
    goals.append(Goal(what="the same, nothing cached, CPU", most=most, found=ratio(table, _COLD, _TERRAFORM, "cpu_s")))
    memory = ratio(table, _COLD, _TERRAFORM, "peak_mb")
    goals.append(Goal(what="the same, nothing cached, memory", most=promise.memory, found=memory))
    return goals
