"""The law held against documents alone: their windows, instants, senders and columns, before any platform is asked.

It uses the very judgement of plans, over what documents say of whom they reach. Where only rows or a platform could tell,
nothing is judged, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.calendar import holidays_around
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity, in_order
from reconciler.plan.reached import Place, Reached, Way
from reconciler.plan.values import Plan
from reconciler.policies import law, lists
from reconciler.policies.clocks import clock_findings
from reconciler.policies.meant import Meant, campaigns_of, home_of, meant, reaches_people
from reconciler.policies.settings import Settings
from reconciler.policies.waivers import waived
from reconciler.policies.written import instants_written, zones_of
from reconciler.resource import Address, Desired
from reconciler.target import Target

DAYS: Final = 7
_INSTANT: Final = "HRS002"
_WINDOW: Final = "HRS003"
_STOPPED: Final = "HRS004"
_OF_ROWS: Final = ("CON001", "CON002")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """All documents of a project, and what they are looked at with.

    `manages` says whether campaigns of a target are made and run by us, `columns` which columns of evidence a document's source
    has; None where only reading it tells.
    """

    documents: Sequence[Desired]
    targets: Mapping[str, Target]
    manages: Callable[[Target], bool]
    columns: Mapping[Address, frozenset[str] | None]

    def reached(self, chosen: Callable[[Desired], bool], now: datetime) -> Iterator[Reached]:
        """Whom each chosen document reaches, as far as documents say it."""
        campaigns = campaigns_of(self.documents)
        for desired in self.documents:
            if not (reaches_people(desired) and chosen(desired)):
                continue
            target = self.targets[desired.address.target]
            said = meant(desired, campaigns, target)
            managed = said.campaign is not None and self.manages(target)
            if desired.address.kind != "campaign":
                yield self._of_rows(desired, target, said, home=home_of(desired) if managed else None, now=now)
            elif managed and (said.window or desired.get("state") == "started"):
                yield self._of_campaign(desired, target, said, now)

    def _of_campaign(self, desired: Desired, target: Target, said: Meant, now: datetime) -> Reached:
        loaders = [wish for wish in self.documents if home_of(wish) == Address(target.name, "campaign", desired.address.name)]
        return replace(
            _said(desired, target, said, loaders or (desired,), now), columns=None, runs=desired.get("state") == "started"
        )

    def _of_rows(self, desired: Desired, target: Target, said: Meant, *, home: Address | None, now: datetime) -> Reached:
        found = _said(desired, target, said, (desired,), now)
        due = instants_written(desired) if desired.address.kind == "scheduled_sms" else ()
        way = _way(desired)
        return replace(
            found,
            way=way,
            runs=way is Way.DIAL and home is None,
            places=tuple(replace(place, instants=due) for place in found.places),
            at=(due[0], due[-1]) if due else None,
            columns=self.columns[desired.address] or frozenset(),
            campaign=home,
            origin=desired.origin_of("at" if due else "source"),
        )


def _way(desired: Desired) -> Way:
    if desired.address.kind != "scheduled_sms":
        return Way.DIAL
    return Way.SEND if desired.get("at") == "on_apply" else Way.SCHEDULE


def _said(desired: Desired, target: Target, said: Meant, wishes: Iterable[Desired], now: datetime) -> Reached:
    return Reached(
        address=desired.address,
        way=Way.DIAL,
        purpose=said.purpose,
        purpose_said=said.said,
        service=said.service,
        sector=said.sector,
        channel=said.channel,
        places=(Place(country=target.country, zones=zones_of(wishes, target), people=0),),
        extra_holidays=said.extra_holidays,
        window=said.window,
        window_holidays=holidays_around(target.country, now, target.extra_holidays),
        kept=said.window,
        stops=said.campaign is not None and said.campaign.get("state") == "started",
        caller_id=said.caller_id,
        origin=desired.origin_of("window"),
    )


def check(written: Written, chosen: Callable[[Desired], bool], settings: Settings, now: datetime) -> list[Finding]:
    """What the law says of the chosen documents on each of the coming seven days, waivers regarded, in the order of files."""
    reached = tuple(written.reached(chosen, now))
    found = [*_judged(reached, settings, now), *_later(reached, settings, now)]
    barred = {finding.address for finding in found if finding.code == _WINDOW}
    found = [finding for finding in found if not (finding.code in _OF_ROWS and _unread(finding, written))]
    # What a window does that is denied needs nobody who stops it.
    found = [finding for finding in found if not (finding.code == _STOPPED and finding.address in barred)]
    found += [finding for look in lists.judge(_plan(reached, now), settings, now) for finding in look.findings]
    found += _unknown(reached, written)
    for desired in filter(chosen, written.documents):
        found += clock_findings(desired, written.targets[desired.address.target], now.date())
    return in_order(waived(finding, settings.waivers, now)[0] for finding in found)


def _judged(reached: Sequence[Reached], settings: Settings, now: datetime) -> Iterator[Finding]:
    """What the law says now. What goes out with an apply goes out at another moment: its hours are only noted."""
    at_once = {one.address for one in reached if one.way is Way.SEND}
    for look in law.judge(_plan(reached, now), settings, now):
        for finding in look.findings:
            hours = finding.code == _INSTANT and finding.address in at_once
            yield replace(finding, severity=Severity.INFO) if hours else finding


def _later(reached: Sequence[Reached], settings: Settings, now: datetime) -> Iterator[Finding]:
    """Windows on the days after today: of each address and rule, the first day that is barred, and how many more there are."""
    today = {(one.address, one.rule) for one in _judged(reached, settings, now) if one.code == _WINDOW}
    dialled = [one for one in reached if one.way is Way.DIAL and one.campaign is None]
    first: dict[tuple[Address | None, str], Finding] = {}
    more: dict[tuple[Address | None, str], int] = {}
    for ahead in range(1, DAYS):
        told = {
            (one.address, one.rule): one
            for one in reversed(list(_judged(dialled, settings, now + timedelta(days=ahead))))
            if one.code == _WINDOW and (one.address, one.rule) not in today
        }
        for key, finding in told.items():
            more[key] = more.get(key, -1) + 1
            first.setdefault(key, finding)
    for key, finding in first.items():
        message = say("{message} (and on {count} more of the coming days)", message=finding.message, count=more[key])
        yield replace(finding, message=message) if more[key] else finding


def _plan(reached: Sequence[Reached], now: datetime) -> Plan:
    return Plan(created_at=now, valid_until=now, reached=tuple(reached))


def _unread(finding: Finding, written: Written) -> bool:
    """Whether a finding on columns is about a source whose columns nobody has seen."""
    return finding.address is not None and written.columns.get(finding.address, frozenset()) is None


def _unknown(reached: Iterable[Reached], written: Written) -> Iterator[Finding]:
    """What only rows could tell: a note, since a plan will judge it."""
    documents = {wish.address: wish for wish in written.documents}
    for one in reached:
        desired = documents[one.address]
        if written.columns.get(one.address, frozenset()) is None:
            yield _note(desired, "source", say("its columns are known when it is read: consent is judged in a plan"))
        if one.way is Way.SCHEDULE and one.at is None:
            yield _note(desired, "at", say("each row has its own instant: they are judged in a plan"))


def _note(desired: Desired, path: str, message: str) -> Finding:
    return Finding(
        code="LAW006", severity=Severity.INFO, message=message, address=desired.address, origin=desired.origin_of(path)
    )
