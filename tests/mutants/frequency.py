"""Breakages of how often people are contacted."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_ROWS: Final = "reconciler/rows/caps.py"
_PLAN: Final = "tests/test_caps_plan.py"

FREQUENCY: Final = (
    Mutant(
        name="a contact in doubt is none",
        file="reconciler/journal/ledger.py",
        before="            yield [call for call in calls if call.outcome is not Outcome.NOT_DONE and",
        after="            yield [call for call in calls if call.outcome is Outcome.DONE and",
        killed_by="tests/journal/test_contacts.py::test_what_may_have_reached_somebody_counts",
    ),
    Mutant(
        name="a channel that is not known is none",
        file=_ROWS,
        before="    return _EVERY if channel not in CHANNELS else",
        after="    return 0 if channel not in CHANNELS else",
        killed_by="tests/rows/test_caps.py::test_only_the_channels_of_a_limit_are_counted",
    ),
    Mutant(
        name="a week has eight days",
        file=_ROWS,
        before="<> 0 AND abs(day - here) < {span}",
        after="<> 0 AND abs(day - here) <= {span}",
        killed_by="tests/rows/test_caps.py::test_a_span_is_so_many_days_of_the_person_in_a_row",
    ),
    Mutant(
        name="everybody lives where the account does",
        file=_ROWS,
        before="else (steps()[step][1] if step is not None else ()) or (account,)",
        after="else (account,)",
        killed_by="tests/rows/test_caps.py::test_the_day_is_that_of_the_person",
    ),
    Mutant(
        name="everybody has the limits of the account's country",
        file=_ROWS,
        before="            land = countries.index(lands[head])\n",
        after="            land = countries.index(lands[None])\n",
        killed_by="tests/rows/test_caps.py::test_limits_are_those_of_the_country_of_a_number",
    ),
    Mutant(
        name="what waits in a campaign counts beside its own loading",
        file=_ROWS,
        before="        return self._weighed(asked, where, [terms.zone], held, terms, moved=True)",
        after="        return self._weighed(asked, where, [terms.zone], held, terms)",
        killed_by="tests/rows/test_caps.py::test_who_waits_in_a_campaign_is_weighed_as_of_its_start",
    ),
    Mutant(
        name="what one document loads is no contact to the next",
        file="reconciler/reconcile/listing.py",
        before="    documents.frequency.take_in(desired, documents.target, prepared, compared)\n",
        after="",
        killed_by=f"{_PLAN}::test_in_one_plan_the_document_of_the_first_address_has_the_person",
    ),
    Mutant(
        name="a new campaign gets whom the plan left out",
        file="reconciler/rows/compare.py",
        before="    if reviewed:\n        work.keep_to(reviewed)\n",
        after="",
        killed_by=f"{_PLAN}::test_in_one_plan_the_document_of_the_first_address_has_the_person",
    ),
    Mutant(
        name="one person too many may be called",
        file="reconciler/policies/caps.py",
        before="    if capped.over:\n",
        after="    if capped.over > 1:\n",
        killed_by=f"{_PLAN}::test_a_campaign_does_not_start_while_somebody_in_it_was_contacted_often_enough",
    ),
    Mutant(
        name="a message counts when it is handed over",
        file="reconciler/apply/contacts.py",
        before="    due = {max(judged, instant(at)) if at not in",
        after="    due = {judged if at not in",
        killed_by=f"{_PLAN}::test_a_message_counts_on_the_day_on_which_it_is_due",
    ),
)
