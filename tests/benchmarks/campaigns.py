"""A thousand campaigns: checked, planned when there is nothing to do, and created."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from reconciler.sandbox.control import Control
from tests.benchmarks import data
from tests.benchmarks.measure import Beside, Once, Sample, Watch, beside, once
from tests.benchmarks.place import Place, counted, emptied
from tests.benchmarks.results import Goal, Section, ratio

COUNT: Final = 1_000
_OURS: Final = "reconciler"


def measure(place: Place) -> list[Section]:
    """Validate, apply, and then the plan that finds nothing."""
    with place.sandbox() as control:
        folder = data.project(place.folder / "campaigns", place.url())
        data.campaigns(folder, COUNT)
        resources = data.terraform(place.folder / "terraform", COUNT)
        if terraform := place.peer("terraform"):
            once(place.command(terraform, "init", "-input=false", folder=resources))
        return [
            _validate(place, folder),
            _create(place, folder, resources, control),
            _nothing_to_do(place, folder, resources, control),
        ]


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


def _nothing_to_do(place: Place, folder: Path, resources: Path, control: Control) -> Section:
    ours, theirs, dns = f"{_OURS} plan", "terraform plan", "octodns-sync"
    begun = len(control.calls())
    plan = place.said(place.ours("plan", "--format", "json", folder=folder))
    calls = counted(control.calls()[begun:])
    assert plan["empty"], "the plan after an apply is not empty"
    contenders = {ours: place.ours("plan", "--detailed-exitcode", folder=folder)}
    if terraform := place.peer("terraform"):
        words = ("plan", "-input=false", "-no-color", "-detailed-exitcode")
        contenders[theirs] = place.command(terraform, *words, folder=resources)
    if octodns := place.peer("octodns-sync"):
        zone = data.octodns(place.folder / "octodns", COUNT)
        once(place.command(octodns, "--config-file", "config.yaml", "--doit", "--force", folder=zone))
        contenders[dns] = place.command(octodns, "--config-file", "config.yaml", folder=zone)
    table = beside(contenders, place.runs)
    goals = (
        Goal(what="plan with nothing to do / Terraform's", most=1 / 3, found=ratio(table, ours, theirs)),
        Goal(what="the same, CPU", most=1 / 3, found=ratio(table, ours, theirs, "cpu_s")),
        Goal(what="the same, memory", most=1 / 2, found=ratio(table, ours, theirs, "peak_mb")),
        Goal(what="plan with nothing to do / octoDNS's", most=1, found=ratio(table, ours, dns)),
    )
    facts = (
        f"Calls: {', '.join(f'{count} {name}' for name, count in calls.items())}.",
        "Ours reads 1,000 files, and the live side over HTTP.",
        "Terraform reads 1,000 resources with the same settings in one file, and its state from disk.",
        "octoDNS reads 1,000 records of 4 lines in one file, and as many from another file.",
    )
    return Section(title="plan with nothing to do, 1,000 campaigns", tables=(table,), goals=goals, facts=facts)
