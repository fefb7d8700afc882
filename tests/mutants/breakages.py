"""The breakages: journal, resolver, lease, fence, staleness, judges, and who is sent to again."""

from __future__ import annotations

from typing import Final

from tests.mutants.frequency import FREQUENCY
from tests.mutants.hours import HOURS
from tests.mutants.mutant import Mutant

_WIRE: Final = "reconciler/wire.py"
_CARRYING: Final = "reconciler/apply/carrying.py"
_LANES: Final = "reconciler/apply/lanes.py"
_SETTLE: Final = "reconciler/settle.py"
_DOUBTS: Final = "reconciler/reconcile/doubts.py"
_RECALL: Final = "reconciler/journal/recall.py"
_LEDGER: Final = "reconciler/journal/ledger.py"
_LEASE: Final = "reconciler/journal/lease.py"
_EMERGENCY: Final = "reconciler/journal/emergency.py"
_APPLYING: Final = "reconciler/cli/applying.py"

WIRE: Final = (
    Mutant(
        name="blind retry of a lost write",
        file=_WIRE,
        before="    if safety is not Safety.SET:\n        return False\n",
        after="    if safety is not Safety.SET:\n        return not isinstance(answer, Reply)\n",
        killed_by="tests/test_wire.py::test_a_write_is_sent_once_whatever_comes_back",
    ),
    Mutant(
        name="a lost answer is taken for a refusal",
        file=_WIRE,
        before='            return InDoubt(reason=say("no answer: {what}", what=_words(failure))), 0.0',
        after='            return Refused(reason=say("no answer: {what}", what=_words(failure))), 0.0',
        killed_by="tests/test_wire.py::test_a_failure_is_refusal_only_where_surely_nothing_left",
    ),
    Mutant(
        name="the fence is not asked",
        file=_WIRE,
        before="        if why := self._fence.arm():",
        after="        if (why := self._fence.arm()) and self._door.timeout_s < 0:",
        killed_by="tests/test_wire.py::test_a_closed_fence_lets_no_write_leave_and_is_not_asked_twice",
    ),
    Mutant(
        name="a write passes a wire that only reads",
        file=_WIRE,
        before="        if call.safety.writes and not self._writes:",
        after="        if call.safety.writes and not self._writes and call.path == '':",
        killed_by="tests/test_wire.py",
    ),
    Mutant(
        name="the fence's timer counts from when it was started",
        file="reconciler/reconcile/fence.py",
        before="            if left_s - self._held.left_s() < GAP_S:",
        after="            if left_s > 0:",
        killed_by="tests/test_fence_gap.py::test_frozen_between_looking_and_starting_it_looks_again",
    ),
    Mutant(
        name="a lease that cannot be renewed is used",
        file="reconciler/reconcile/fence.py",
        before="            return lost.message\n",
        after="            lost.message\n",
        killed_by="tests/test_fence_gap.py::test_a_lease_that_cannot_be_renewed_lets_nothing_leave",
    ),
    Mutant(
        name="whoever is done first stops the timer of all",
        file="reconciler/reconcile/fence.py",
        before="        if not self.out:\n",
        after="        if self.out is not None:\n",
        killed_by="tests/test_lanes.py::test_the_timer_runs_until_the_last_request_has_left",
    ),
    Mutant(
        name="whoever is done first stops the timer of its target",
        file="reconciler/reconcile/fence.py",
        before="self._line.out.discard((self, threading.get_ident()))",
        after="self._line.out = {one for one in self._line.out if one[0] is not self}",
        killed_by="tests/test_lanes.py::test_of_two_requests_to_one_target_the_timer_runs_until_both_have_left",
    ),
    Mutant(
        name="a list is compared with the rows of a campaign of its name",
        file="reconciler/reconcile/documents.py",
        before='        self.fetched[desired.address, live.id if live else ""] = self._shown(desired, live)',
        after="        shown = self._shown(desired, live)\n"
        "        self.fetched |= {(desired.address, one.id): shown for one in self.seen.campaigns.live}",
        killed_by="tests/test_fetching.py::test_a_list_is_never_compared_with_the_rows_of_a_campaign_of_its_name",
    ),
    Mutant(
        name="a platform gets more calls at once than it takes",
        file="reconciler/wire.py",
        before="        with self._free:\n",
        after="        if self._free:\n",
        killed_by="tests/test_wire.py::test_no_more_calls_are_on_their_way_than_the_platform_takes",
    ),
)

APPLY: Final = (
    Mutant(
        name="no intent before a call",
        file=_CARRYING,
        before="        if not (yield Intend(entry=intent, columns=columns)):",
        after="        if columns is None:",
        killed_by="tests/test_apply.py::test_nothing_is_ever_sent_without_an_intent_right_before",
    ),
    Mutant(
        name="an intent that forgets its recipients",
        file=_CARRYING,
        before="yield Intend(entry=intent, columns=columns)",
        after="yield Intend(entry=intent, columns=Columns())",
        killed_by="tests/test_apply.py::test_recipients_are_written_down_with_the_intent",
    ),
    Mutant(
        name="a doubtful answer is acknowledged",
        file=_CARRYING,
        before="    Ending.DOUBT: Event.AMBIGUOUS,",
        after="    Ending.DOUBT: Event.ACKED,",
        killed_by="tests/test_apply.py::test_a_call_that_did_not_end_well_ends_its_change",
    ),
    Mutant(
        name="a task that was begun is done",
        file=_CARRYING,
        before="    Ending.LATER: Event.AMBIGUOUS,",
        after="    Ending.LATER: Event.ACKED,",
        killed_by="tests/test_apply.py::test_a_task_is_not_done_until_its_writer_goes_on",
    ),
    Mutant(
        name="what was only taken is called verified",
        file=_CARRYING,
        before="            yield from self._settle(entries, Event.VERIFIED_WEAK, facts=found)",
        after="            yield from self._settle(entries, Event.VERIFIED, facts=found)",
        killed_by="tests/test_apply.py::test_what_a_read_back_means",
    ),
    Mutant(
        name="a read-back that shows something else may be repeated for everything",
        file=_CARRYING,
        before="        if evidence.certainty is Certainty.WRONG and self._repeatable:",
        after="        if evidence.certainty is Certainty.WRONG:",
        killed_by="tests/test_apply.py::test_what_a_read_back_means",
    ),
    Mutant(
        name="a target does not wait for the list of another",
        file=_LANES,
        before="            waits = self._waits(change) | _in_the_way(job, queue.taken.values())",
        after="            waits = _in_the_way(job, queue.taken.values())",
        killed_by="tests/test_lanes.py::test_a_call_that_reaches_people_waits_for_the_list_of_another_target",
    ),
    Mutant(
        name="a lane passes what the plan has before it",
        file=_LANES,
        before="    return frozenset(other.change.key for other in taken if not _side_by_side(other, job))",
        after="    return frozenset(other.change.key for other in taken if other is job)",
        killed_by="tests/test_lanes.py::test_what_is_of_another_kind_waits_until_what_comes_earlier_has_ended",
    ),
    Mutant(
        name="two documents are loaded into one place at once",
        file=_LANES,
        before='one.change.address.kind == "campaign" or one.place != other.place',
        after='one.change.address.kind == "campaign" or one.place is not None',
        killed_by="tests/test_lanes.py::test_rows_of_one_place_are_loaded_one_document_after_another",
    ),
    Mutant(
        name="what a delete rests on is proven afterwards",
        file=_CARRYING,
        before="            if change.key not in self.work.rested_on:",
        after="            if change.key not in self.work.rested_on or change.action is Action.STOP:",
        killed_by="tests/test_lanes.py::test_what_a_later_change_of_an_object_rests_on_is_proven_before_that_begins",
    ),
    Mutant(
        name="what breaks one lane lets the others go on",
        file=_CARRYING,
        before="        self._not_over(flow)\n",
        after="",
        killed_by="tests/test_lanes.py::test_what_breaks_one_lane_stops_every_other_before_its_next_intent",
    ),
    Mutant(
        name="an address in trouble goes on",
        file=_LANES,
        before="if change.address in self._progress.stuck else",
        after="if change.address in self._progress.stuck and self._progress.interrupted else",
        killed_by="tests/test_apply.py::test_what_did_not_end_well_holds_back_its_address_and_its_dependants_and_nothing_else",
    ),
    Mutant(
        name="a start does not wait for its rows",
        file=_LANES,
        before="        missing = [key for key in change.depends_on if key in self._places and key not in self._progress.done]",
        after="        missing = [key for key in change.depends_on if key not in self._places and key in self._progress.done]",
        killed_by="tests/test_apply.py::test_what_did_not_end_well_holds_back_its_address_and_its_dependants_and_nothing_else",
    ),
    Mutant(
        name="old readings are good enough to reach people",
        file=_CARRYING,
        before="    if action not in _REACH_PEOPLE:",
        after="    if action in _REACH_PEOPLE:",
        killed_by="tests/test_apply.py::test_what_reaches_people_rests_on_what_was_just_read",
    ),
    Mutant(
        name="an operation forgets its generation",
        file="reconciler/apply/identity.py",
        before="rfc8785.dumps([container, call.operation, payload, generation])",
        after="rfc8785.dumps([container, call.operation, payload, 1])",
        killed_by="tests/test_apply.py::test_operations_differ_in_place_content_call_and_generation",
    ),
    Mutant(
        name="the reserve of the quota is for everybody",
        file="reconciler/apply/limits.py",
        before='        if action.protects:\n            return ""\n',
        after='        if action.protects and not self._calls:\n            return ""\n',
        killed_by="tests/test_apply.py::test_the_quota_keeps_a_tenth_for_stops_and_blacklist_additions",
    ),
    Mutant(
        name="whoever says no is barred only when all before went well",
        file=_LANES,
        before="        if not change.protects and (why := self._why_not(change)):",
        after="        if why := self._why_not(change):",
        killed_by="tests/faults/test_safe_only.py::test_whoever_says_no_is_barred_though_campaigns_could_not_be_made",
    ),
    Mutant(
        name="failures are not counted",
        file="reconciler/apply/limits.py",
        before="self._failures[target] + 1 if failed else 0",
        after="0",
        killed_by="tests/test_apply.py::test_a_platform_that_is_down_is_not_called_for_every_address",
    ),
)

RESOLVER: Final = (
    Mutant(
        name="no time to settle",
        file=_SETTLE,
        before="    return settle_s - (now.clock_s - since.clock_s)",
        after="    return -(now.clock_s - since.clock_s)",
        killed_by="tests/test_settle.py::test_a_call_can_still_take_effect_for_a_while",
    ),
    Mutant(
        name="nobody waits until a lost call is over",
        file=_DOUBTS,
        before="        while (left := seconds_left(",
        after="        while 0 > (left := seconds_left(",
        killed_by="tests/faults/test_resolve.py::test_a_doubt_is_not_settled_before_a_lost_call_can_no_longer_take_effect",
    ),
    Mutant(
        name="another boot's clock is believed",
        file=_SETTLE,
        before="    since = stamped if stamped.boot and stamped.boot == now.boot else first_seen",
        after="    since = stamped",
        killed_by="tests/test_settle.py::test_a_call_can_still_take_effect_for_a_while",
    ),
    Mutant(
        name="one reading is enough",
        file=_SETTLE,
        before="    if (first.event, first.why) == (second.event, second.why):\n        return second\n",
        after="    if first.doubt == second.doubt:\n        return first\n",
        killed_by="tests/test_settle.py::test_what_would_be_done_again_rests_on_two_readings_that_agree",
    ),
    Mutant(
        name="half a reading is believed",
        file=_SETTLE,
        before="    if not seen.campaigns.complete:",
        after="    if not seen.campaigns.complete and not seen.campaigns.live:",
        killed_by="tests/test_settle.py::test_what_was_not_shown_whole_settles_nothing",
    ),
    Mutant(
        name="two old readings, far apart, are two that agree",
        file=_SETTLE,
        before="    return between_s > first_s + pause_s + APART_S",
        after="    return between_s < 0",
        killed_by="tests/faults/test_resolve.py::test_two_readings_that_lie_far_apart_do_not_count_together",
    ),
    Mutant(
        name="one reading is for one of several attempts",
        file=_RECALL,
        before="    of_taken = entry.event in moves.LEGAL[Event.ACKED]",
        after="    of_taken = entry.event in moves.LEGAL[Event.REFUSED]",
        killed_by="tests/journal/test_memory.py::test_what_is_repeated_while_it_is_in_doubt_is_one_thing_that_is_read_back",
    ),
    Mutant(
        name="a count is trusted",
        file="reconciler/rows/feed.py",
        before="missing=marked.count - present,",
        after="missing=max(0, marked.count - self.engine.count(table)),",
        killed_by="tests/rows/test_compare.py::test_a_read_back_says_what_is_there",
    ),
    Mutant(
        name="half an export is believed",
        file="reconciler/reconcile/presence.py",
        before="    if not rows_seen.tables or not rows_seen.complete:",
        after="    if not rows_seen.tables:",
        killed_by="tests/faults/test_resolve.py::test_an_export_that_is_not_whole_settles_nothing",
    ),
    Mutant(
        name="a request left when its intent was written",
        file=_SETTLE,
        before="    return settle_s + leaving_s if known is Event.INTENT else settle_s",
        after="    return settle_s",
        killed_by="tests/faults/test_resolve.py::test_of_an_intent_alone_nobody_knows_when_its_request_left",
    ),
    Mutant(
        name="what nobody can read is taken for not done",
        file=_SETTLE,
        before='    return _open(doubt, Verdict.ASK, say("the platform cannot show it;',
        after='    return _closed(doubt, Event.NO_EFFECT, say("the platform cannot show it;',
        killed_by="tests/test_settle.py::test_what_nobody_can_read_is_asked_of_a_person",
    ),
    Mutant(
        name="a namesake of before is taken for the new one",
        file=_SETTLE,
        before="        if live.id not in before and (",
        after="        if (",
        killed_by="tests/test_settle.py::test_what_was_created_is_looked_for",
    ),
    Mutant(
        name="rows that are there twice are fine",
        file=_SETTLE,
        before="    if presence.twice:",
        after="    if presence.twice and presence.missing:",
        killed_by="tests/test_settle.py::test_rows_are_counted_by_their_keys",
    ),
    Mutant(
        name="somebody else's value is overwritten",
        file=_SETTLE,
        before="    if others:\n",
        after="    if others and not before:\n",
        killed_by="tests/test_settle.py::test_a_state_is_compared",
    ),
)

JOURNAL: Final = (
    Mutant(
        name="what is in doubt is not held",
        file="reconciler/rows/compare.py",
        before="    work.hold(held)\n",
        after="    work.hold(())\n",
        killed_by="tests/rows/test_compare.py::test_what_is_in_doubt_is_neither_added_nor_replaced",
    ),
    Mutant(
        name="what is in doubt counts as not done",
        file=_RECALL,
        before="    if entry.event in OPEN:\n        return Outcome.OPEN\n",
        after="    if entry.event in OPEN:\n        return Outcome.NOT_DONE\n",
        killed_by="tests/journal/test_memory.py::test_the_events_of_an_operation_decide_about_its_rows",
    ),
    Mutant(
        name="a person who says nothing frees the rows",
        file=_RECALL,
        before='    refuted = entry.event is Event.HUMAN and entry.facts.get("verdict") == NOT_DONE',
        after='    refuted = entry.event is Event.HUMAN and entry.facts.get("verdict") != "done"',
        killed_by="tests/journal/test_memory.py::test_a_person_frees_rows_only_by_saying_so",
    ),
    Mutant(
        name="a doubt may be repeated",
        file=_RECALL,
        before="    if any(attempt.outcome is Outcome.OPEN for attempt in before) and not repeatable:",
        after="    if any(attempt.outcome is Outcome.OPEN for attempt in before) and not entry.run:",
        killed_by="tests/journal/test_moves.py::test_a_doubt_is_repeated_only_where_twice_is_as_once",
    ),
    Mutant(
        name="what reached people may be sent again",
        file=_RECALL,
        before="    if entry.count and safety in _ONCE and",
        after="    if entry.count and not safety and",
        killed_by="tests/journal/test_moves.py::test_what_reached_people_and_cannot_be_seen_is_done_once",
    ),
    Mutant(
        name="every move is legal",
        file="reconciler/journal/moves.py",
        before="        if event not in LEGAL[state]:",
        after="        if event not in LEGAL:",
        killed_by="tests/journal/test_moves.py::test_every_legal_move_is_taken_and_every_other_refused",
    ),
    Mutant(
        name="the disk is not waited for",
        file="reconciler/journal/sqlite.py",
        before='"FULL" if synced else "NORMAL"',
        after='"NORMAL" if synced else "OFF"',
        killed_by="tests/journal/test_synced.py",
    ),
    Mutant(
        name="the chain is not followed",
        file="reconciler/journal/reading.py",
        before="            if chain.link(previous, body) != own:",
        after="            if len(chain.link(previous, body)) != len(own):",
        killed_by="tests/journal/test_damage.py::test_a_flipped_bit_in_an_entry_is_seen",
    ),
    Mutant(
        name="an entry is not compared when it is used",
        file="reconciler/journal/chain.py",
        before="    if link(previous, body) != own:",
        after="    if len(link(previous, body)) != len(own):",
        guard="every opening follows the whole chain, or what is new since its last checkpoint",
    ),
    Mutant(
        name="columns are not compared",
        file="reconciler/journal/reading.py",
        before="    if chain.digests(found) != entry.digests:",
        after="    if chain.digests(found).keys() != entry.digests.keys():",
        killed_by="tests/journal/test_damage.py::test_columns_are_bound_to_their_entry",
    ),
    Mutant(
        name="a missing journal is begun anew",
        file="reconciler/journal/opening.py",
        before="    if expected_id:",
        after="    if expected_id and not create:",
        killed_by="tests/journal/test_opening.py::test_a_missing_journal_is_not_replaced",
    ),
    Mutant(
        name="the emergency file is not synced",
        file=_EMERGENCY,
        before="            os.fsync(file.fileno())\n",
        after="",
        killed_by="tests/journal/test_synced.py::test_what_is_kept_beside_the_journal_is_on_disk_and_so_is_its_name",
    ),
    Mutant(
        name="the emergency file's name is not synced",
        file=_EMERGENCY,
        before="            os.fsync(file.fileno())\n        sync_folder(place.folder)\n",
        after="            os.fsync(file.fileno())\n",
        killed_by="tests/journal/test_synced.py::test_what_is_kept_beside_the_journal_is_on_disk_and_so_is_its_name",
    ),
    Mutant(
        name="the emergency file is not taken in",
        file=_EMERGENCY,
        before="        for entry in entries:\n            append(entry)\n",
        after="        del append\n",
        killed_by="tests/journal/test_emergency.py::test_the_next_opening_takes_it_in_first",
    ),
    Mutant(
        name="that the emergency file was put away is not synced",
        file=_EMERGENCY,
        before="        path.rename(_free(path))\n    sync_folder(place.folder)\n",
        after="        path.rename(_free(path))\n",
        killed_by="tests/journal/test_synced.py::test_what_was_taken_in_is_put_away_for_good",
    ),
    Mutant(
        name="a folder that was made is not synced",
        file=_EMERGENCY,
        before="        sync_folder(folder.parent)\n",
        after="",
        killed_by="tests/journal/test_synced.py::test_so_have_all_the_folders_that_were_made_for_it",
    ),
    Mutant(
        name="a new journal's name is not synced",
        file="reconciler/journal/sqlite.py",
        before="    sync_folder(path.parent)\n",
        after="",
        killed_by="tests/journal/test_synced.py::test_a_new_journal_has_a_name_that_lasts",
    ),
    Mutant(
        name="all journals of a folder share one emergency file",
        file=_EMERGENCY,
        before='        return self.folder / f"journal.{self.journal}{SUFFIX}"',
        after='        return self.folder / f"journal.0{SUFFIX}"',
        killed_by="tests/journal/test_emergency.py::test_what_another_journal_of_the_folder_could_not_take_stays_where_it_is",
    ),
    Mutant(
        name="a line of another journal is taken in",
        file=_EMERGENCY,
        before="    if journal not in (None, place.journal):",
        after='    if journal == "":',
        killed_by="tests/journal/test_emergency.py::test_a_line_of_another_journal_is_refused_whatever_the_file_is_called",
    ),
    Mutant(
        name="an old emergency file is forgotten",
        file=_EMERGENCY,
        before="    if whose:",
        after="    if whose and taken < 0:",
        killed_by="tests/journal/test_emergency.py::test_an_old_file_that_does_not_say_whose_it_is_waits_for_a_person",
    ),
    Mutant(
        name="a copy takes entries before the old one is told",
        file="reconciler/journal/copying.py",
        before="        keep_lease(target, lock)\n",
        after="        del lock\n",
        killed_by="tests/journal/test_copy.py::test_a_copy_takes_nothing_before_it_has_arrived",
    ),
    Mutant(
        name="the old one is not told that it has moved",
        file="reconciler/reconcile/relocate.py",
        before="        source.move(place, moving, session.moment)\n",
        after="",
        killed_by="tests/journal/test_commands.py::test_the_one_that_is_left_sends_nothing_and_says_where_it_lies_now",
    ),
    Mutant(
        name="a journal that has moved is opened for work",
        file="reconciler/journal/opening.py",
        before="    if lease.moved and not evidence:",
        after="    if lease.moved and evidence is None:",
        killed_by="tests/journal/test_copy.py::test_a_journal_that_has_moved_is_no_more_than_evidence",
    ),
    Mutant(
        name="that a journal has moved is forgotten with the process that moved it",
        file=_LEDGER,
        before="            lease = moved(before, replace(claim, life_s=None), to, local)\n",
        after="            lease = moved(before, claim, to, local)\n",
        killed_by="tests/journal/test_copy.py::test_who_had_opened_it_before_is_refused_as_well",
    ),
    Mutant(
        name="who has moved takes in what waits for the copy",
        file="reconciler/journal/opening.py",
        before="        if here:",
        after="        if here or evidence:",
        killed_by="tests/journal/test_copy.py::test_what_waits_beside_it_is_left_to_the_copy",
    ),
    Mutant(
        name="a store that failed once is written again",
        file=_LEDGER,
        before="            if self._stopped:\n",
        after="            if self._stopped and self._closed:\n",
        killed_by="tests/journal/test_files.py::test_a_disk_that_is_full_takes_no_further_entry",
    ),
)

LEASE: Final = (
    Mutant(
        name="a former holder writes on",
        file=_LEDGER,
        before="            self._held.check(lease)\n",
        after="            self._held.check(self._held.lease)\n",
        killed_by="tests/journal/test_lock.py::TestEnds::test_the_former_holder_writes_nothing_more",
    ),
    Mutant(
        name="a takeover has the old epoch",
        file=_LEASE,
        before="            epoch=before.epoch + 1,",
        after="            epoch=before.epoch,",
        killed_by="tests/journal/test_lock.py::TestEnds::test_the_former_holder_writes_nothing_more",
    ),
    Mutant(
        name="a lease is taken from a living holder",
        file=_LEASE,
        before="(lease.by_person or (alive and lease.left_s(at) > 0))",
        after="(lease.by_person or (alive and lease.left_s(at) > 2 * LIFE_S))",
        killed_by="tests/journal/test_lock.py::TestHolding::test_a_lock_held_by_another_process_names_it",
    ),
    Mutant(
        name="a person's lock ends with its process",
        file=_LEASE,
        before="    return not lease.free and (lease.by_person or (alive",
        after="    return not lease.free and (lease.by_person and alive or (alive",
        killed_by="tests/journal/test_lock.py::TestAPersonsLock::test_it_outlives_its_process_and_keeps_everybody_out",
    ),
    Mutant(
        name="the wall's clock decides on the same boot",
        file=_LEASE,
        before="        if self.boot and self.boot == at.boot:",
        after="        if self.boot and self.boot != at.boot:",
        killed_by="tests/journal/test_lock.py::TestEnds::test_the_boot_clock_counts_where_it_can",
    ),
)

STALENESS: Final = (
    Mutant(
        name="a seal is not compared",
        file="reconciler/cli/planfile.py",
        before="        whole = _seal(content) == seal and",
        after="        whole = bool(seal) and",
        killed_by="tests/test_planfile.py::test_one_changed_byte_anywhere_is_noticed_before_anybody_is_asked",
    ),
    Mutant(
        name="a plan is used twice",
        file="reconciler/cli/reviewed.py",
        before="    if session.journal.plan_used(saved.seal):",
        after="    if session.journal.plan_used(saved.digest):",
        killed_by="tests/test_planfile.py::test_a_reviewed_plan_is_carried_out_without_a_question_and_once",
    ),
    Mutant(
        name="a plan never ends",
        file="reconciler/cli/planfile.py",
        before="        if now > self.valid_until:",
        after="        if now > self.valid_until + LIFE:",
        killed_by="tests/test_planfile.py::test_an_expired_plan_is_stale",
    ),
    Mutant(
        name="a clock that was turned back makes a plan young",
        file="reconciler/cli/planfile.py",
        before="not 0 <= age_s <= life_s:",
        after="not 0 <= age_s:",
        killed_by="tests/test_planfile.py::test_the_true_time_counts_where_it_is_known",
    ),
    Mutant(
        name="another target is no change",
        file="reconciler/plan/narrow.py",
        before="    found += _unlike(reviewed.targets, now.targets,",
        after="    found += _unlike(now.targets, now.targets,",
        killed_by="tests/test_narrow.py::test_another_basis_is_told_part_by_part",
    ),
    Mutant(
        name="a changed source is no change",
        file="reconciler/plan/narrow.py",
        before="    found += _unlike(reviewed.sources, now.sources,",
        after="    found += _unlike(now.sources, now.sources,",
        killed_by="tests/test_planfile.py::test_what_a_plan_was_made_from_is_looked_at_before_the_first_call",
    ),
    Mutant(
        name="more people than were reviewed are as many",
        file="reconciler/plan/narrow.py",
        before="    if now.people > reviewed.people:",
        after="    if now.people > 9 * reviewed.people:",
        killed_by="tests/test_narrow.py::test_more_people_are_more_whoever_they_are",
    ),
)

JUDGES: Final = (
    Mutant(
        name="wolkvox: a 200 is trusted whatever its body says",
        file="reconciler/platforms/wolkvox/replies.py",
        before='    if code not in ("200", "201", "202") or body.get("error") not in (None, "", "null"):',
        after='    if code not in ("200", "201", "202") and body.get("error") not in (None, "", "null"):',
        killed_by="tests/platforms/test_wolkvox.py::test_judgement",
    ),
    Mutant(
        name="wolkvox: a server's error is a refusal",
        file="reconciler/platforms/wolkvox/replies.py",
        before="    if 400 <= reply.status < 500 and body is not None and",
        after="    if 400 <= reply.status < 600 and body is not None and",
        killed_by="tests/platforms/test_wolkvox.py::test_judgement",
    ),
    Mutant(
        name="Lynn: a web page is done",
        file="reconciler/platforms/lynn/replies.py",
        before="    taken = reply.status == 204 or _taken(written, reply)",
        after="    taken = reply.status in (200, 204) or _taken(written, reply)",
        killed_by="tests/platforms/test_lynn_replies.py::test_a_write_is_done_only_by_its_own_proof",
    ),
    Mutant(
        name="Lynn: a task without a name is done",
        file="reconciler/platforms/lynn/replies.py",
        before='        return _judged(Ending.DOUBT, say("the answer names no task"))',
        after='        return _judged(Ending.DONE, say("the answer names no task"))',
        killed_by="tests/platforms/test_lynn_replies.py::test_a_write_is_done_only_by_its_own_proof",
    ),
    Mutant(
        name="uContact: any text is done",
        file="reconciler/platforms/ucontact/dialect.py",
        before="    if evidence is None:\n",
        after="    if evidence is None and not text:\n",
        killed_by="tests/platforms/test_ucontact.py::test_every_odd_answer_is_refused_or_in_doubt",
    ),
    Mutant(
        name="uContact: an empty answer is a refusal",
        file="reconciler/platforms/ucontact/dialect.py",
        before='        return Judgement(ending=Ending.DOUBT, why=say("uContact answered with nothing"))',
        after='        return Judgement(ending=Ending.REFUSED, why=say("uContact answered with nothing"))',
        killed_by="tests/platforms/test_ucontact.py",
    ),
)

POLICIES: Final = (
    Mutant(
        name="a waiver does not end",
        file="reconciler/policies/waivers.py",
        before="        return now.astimezone(UTC).date() <= self.expires",
        after="        return now.astimezone(UTC).date() > date.min",
        killed_by="tests/policies/test_waivers.py::test_a_waiver_ends_with_its_last_day",
    ),
    Mutant(
        name="a waiver holds at every address",
        file="reconciler/policies/waivers.py",
        before="        return finding.address.matches(self.address) if finding.address else",
        after="        return True if finding.address else",
        killed_by="tests/policies/test_waivers.py::test_another_rule_or_address_stays_as_it_is",
    ),
    Mutant(
        name="who said no can be waived",
        file="reconciler/policies/waivers.py",
        before="        may = rule.startswith(MAY) and rule not in NEVER",
        after="        may = rule not in NEVER",
        killed_by="tests/policies/test_waivers.py::test_who_said_no_and_what_is_stale_or_unknown_is_never_waived",
    ),
    Mutant(
        name="a register can be waived",
        file="reconciler/policies/waivers.py",
        before="    return held and not refusal(finding.code, ()) and (law is None or law.register is None)",
        after="    return held and not refusal(finding.code, ())",
        killed_by="tests/policies/test_waivers.py::test_a_register_is_never_waived",
    ),
    Mutant(
        name="an apply outside its hours is only noted",
        file="reconciler/policies/applying.py",
        before="        severity=Severity.DENY if applying else Severity.INFO,",
        after="        severity=Severity.INFO,",
        killed_by="tests/policies/test_applying.py::test_an_apply_runs_in_a_window_alone",
    ),
    Mutant(
        name="a rule without an answer passes",
        file="reconciler/policies/rules.py",
        before="            tripped, why = True, str(failure)",
        after="            tripped, why = False, str(failure)",
        killed_by="tests/policies/test_rules.py::test_a_rule_without_an_answer_denies_whatever_its_level",
    ),
    Mutant(
        name="what is acknowledged once is acknowledged for ever",
        file="reconciler/policies/acks.py",
        before="            return digest.startswith(self.digest) or reviewed.startswith(self.digest)",
        after="            return bool(self.digest)",
        killed_by="tests/test_policies.py::test_an_acknowledgement_does_not_outlive_its_plan",
    ),
    Mutant(
        name="a source may lose most of its rows",
        file="reconciler/policies/volume.py",
        before="            if before >= SHRUNK_FLOOR and 0 < 2 * now < before",
        after="            if before >= SHRUNK_FLOOR and 0 < 3 * now < before",
        killed_by="tests/test_policies.py::test_a_source_that_lost_more_than_half",
    ),
    Mutant(
        name="what a safe apply saw is the measure of the next",
        file="reconciler/reconcile/carry.py",
        before="    if proposal.whole and plan.rows:",
        after="    if plan.rows:",
        killed_by="tests/test_judging.py::test_a_safe_apply_is_no_measure_of_a_source",
    ),
)

MUTANTS: Final = (*WIRE, *APPLY, *RESOLVER, *JOURNAL, *LEASE, *STALENESS, *JUDGES, *POLICIES, *FREQUENCY, *HOURS)
