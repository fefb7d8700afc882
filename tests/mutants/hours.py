"""Breakages of the ways past the law that plans once took."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_FACTS: Final = "reconciler/reconcile/reached.py"
_LAW: Final = "reconciler/policies/law.py"
_SAFE: Final = "tests/test_people_safe.py"

HOURS: Final = (
    Mutant(
        name="a window that nobody keeps counts",
        file="reconciler/plan/reached.py",
        before="        return self.window if self.kept or self.stops else ()",
        after="        return self.window",
        killed_by=f"{_SAFE}::test_a_window_that_nobody_keeps_is_none",
    ),
    Mutant(
        name="a stopper stops what nobody manages",
        file=_LAW,
        before='        who = self.settings.stopper if self.reached.stops else ""',
        after="        who = self.settings.stopper",
        killed_by=f"{_SAFE}::test_a_run_state_that_nobody_manages_is_stopped_by_nobody",
    ),
    Mutant(
        name="what is barred now is barred later",
        file=_LAW,
        before="        if reached.begins and ahead.stop_by is not None and ahead.stop_by <= self.now:",
        after="        if reached.begins and ahead.stop_by is not None and ahead.stop_by < self.now:",
        killed_by=f"{_SAFE}::test_rows_are_not_loaded_into_what_runs_on_a_sunday",
    ),
    Mutant(
        name="rows wait for no stop",
        file="reconciler/plan/order.py",
        before="    if change.action is Action.ROWS_ADD and change.campaign in index.stops:",
        after="    if change.action is Action.ROWS_REMOVE and change.campaign in index.stops:",
        killed_by=f"{_SAFE}::test_rows_wait_for_the_stop_of_their_campaign",
    ),
    Mutant(
        name="rows are meant for what their campaign is",
        file=_FACTS,
        before="        return all(getattr(ours, name) == getattr(its, name)",
        after="        return any(getattr(ours, name) == getattr(its, name)",
        killed_by=f"{_SAFE}::test_rows_are_held_against_the_hours_of_their_own_purpose",
    ),
    Mutant(
        name="whoever waits has consented",
        file="reconciler/rows/beside.py",
        before="""        filled = f"coalesce({sql.name(column)}, '') <> ''\"""",
        after="""        filled = f"coalesce({sql.name(column)}, '') <> '-'\"""",
        killed_by=f"{_SAFE}::test_whoever_waits_has_the_consent_that_the_documents_show",
    ),
    Mutant(
        name="a broken list holds a stop back",
        file="reconciler/reconcile/propose.py",
        before="        starting, suppress = frozenset(), ()",
        after="        starting = frozenset()",
        killed_by=f"{_SAFE}::test_no_broken_file_holds_a_stop_back",
    ),
    Mutant(
        name="a person is somebody else in another document",
        file="reconciler/reconcile/listing.py",
        before="        take_persons(engine, prepared, reason, persons)",
        after="        pass",
        killed_by=f"{_SAFE}::test_whoever_said_no_is_a_person_in_every_document",
    ),
    Mutant(
        name="a file that nobody looks into holds nobody who said no",
        file="reconciler/reconcile/listing.py",
        before=" + any(opt_outs.against(documents)))",
        after=")",
        killed_by=f"{_SAFE}::test_a_file_that_nobody_can_look_into_may_hold_whoever_said_no_elsewhere",
    ),
)
