"""Whom a plan reaches, where they may be and what for: the facts that policies look at, drawn from rows once they are compared.

Rows of a campaign that is a document of the same target are judged as part of that campaign: its window is theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from reconciler.calendar import WEEKDAYS, Slot, holidays_around, instant
from reconciler.plan.known import Memory, Seen
from reconciler.plan.reached import Place, Reached, Way
from reconciler.plan.values import Change, People, Wish
from reconciler.policies.meant import Meant, campaigns_of, home_of, meant, reaches_people
from reconciler.reconcile.listed import Listed, Listing, Spread
from reconciler.reconcile.session import Session
from reconciler.resource import Action, Address, Desired, State
from reconciler.rows.wording import Wording, weigh
from reconciler.specs import rows_spec
from reconciler.target import Target

if TYPE_CHECKING:
    from reconciler.rows.beside import Beside
    from reconciler.rows.prepared import Prepared
    from reconciler.rows.whereabouts import Whereabouts


@dataclass(slots=True, kw_only=True)
class Facts:
    """What planning knows when it asks whom it reaches. `starting` are the campaigns that would be started.

    `_loaders` are the documents that load a campaign, whichever of them the plan is about.
    """

    session: Session
    documents: Sequence[Desired]
    seen: Mapping[str, Seen]
    memory: Memory
    listing: Listing
    starting: frozenset[Address]
    now: datetime
    campaigns: Mapping[tuple[str, str], Desired] = field(init=False)
    _loaders: dict[Address, list[Desired]] = field(default_factory=dict)
    _places: dict[Address, list[Place]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.campaigns = campaigns_of(self.documents)
        for desired in self.documents:
            if home := home_of(desired):
                self._loaders.setdefault(home, []).append(desired)

    def reached(
        self, selected: Sequence[Desired], wishes: Mapping[Address, Wish], changes: Sequence[Change]
    ) -> Iterator[Reached]:
        """One entry for each selected document that contacts people; campaigns last, since their rows' places are theirs."""
        chosen = [desired for desired in selected if desired.address.target in self.seen and reaches_people(desired)]
        dialling = {
            desired.address: wish
            for desired in chosen
            if desired.address.kind == "campaign" and (wish := wishes.get(desired.address)) and self._dials(wish)
        }
        told: set[Address] = set()
        for desired in chosen:
            listed = self.listing.listed.get(desired.address)
            for found in self._of_rows(desired, listed, dialling) if listed else ():
                told.add(found.address)
                yield found
        started = {change.address for change in changes if change.action is Action.START}
        for wish in dialling.values():
            yield from self._of_campaign(wish, told, restarted=wish.desired.address in started)

    # --- rows

    def _of_rows(self, desired: Desired, listed: Listed, dialling: Mapping[Address, Wish]) -> Iterator[Reached]:
        target, diff = self._target(desired), listed.compared.diff
        if not diff.people and not diff.to_add:
            return
        said, home, way = meant(desired, self.campaigns, target), home_of(desired), self._way(desired)
        rows = self._contacted(listed)
        places = self._places_of(listed, rows, target, said) or [_account(target, diff.people)]
        dialler = dialling.get(home) if home else None
        alike = dialler is not None and self._alike(desired, dialler.desired)
        if home and alike:
            self._places.setdefault(home, []).extend(places)
        from reconciler.rows import beside

        found = beside.of_rows(self.session.engine, listed.prepared, rows)
        yield Reached(
            address=desired.address,
            way=way,
            **self._said(said),
            **self._dialled_by(desired, said, dialler),
            places=tuple(places),
            runs=way is Way.DIAL and not alike and (dialler is not None or not self._manages(target) or self._runs(home)),
            begins=True,
            at=self._bounds(desired, places),
            columns=found.columns,
            empty=found.empty,
            people=diff.people,
            first_time=diff.first_time,
            wording=self._wording(listed, said),
            campaign=home if alike else None,
            origin=desired.origin_of("source"),
        )

    def _contacted(self, listed: Listed) -> str:
        """A table of the rows (`row`, `person`) that would be added, or replaced; "" where there are none."""
        compared = listed.compared
        if not compared.diff.to_replace:
            return compared.adds
        engine = self.session.engine
        table = engine.fresh("contacted")
        engine.run(f"CREATE TABLE {table} AS SELECT row, person FROM ({compared.contacts})")
        return table

    def _alike(self, rows: Desired, campaign: Desired) -> bool:
        """Whether rows are meant for what their campaign is meant for, so that it is judged for them."""
        target = self._target(rows)
        ours, its = (meant(desired, self.campaigns, target) for desired in (rows, campaign))
        return all(getattr(ours, name) == getattr(its, name) for name in ("purpose", "service", "sector", "channel"))

    def _dialled_by(self, desired: Desired, said: Meant, dialler: Wish | None) -> dict[str, Any]:
        """The hours of whatever dials some rows: those that their campaign is wished to have, else those that it has."""
        target = self._target(desired)
        if dialler is not None:
            return self._hours_of(dialler, target)
        if not self._manages(target):
            return {"kept": said.window}
        owned = self.memory.owned.get(home_of(desired) or desired.address)
        live = self.seen[target.name].by_id(owned.id) if owned else None
        known = {**live.fields, **owned.fields} if owned and live else {}
        stops = said.campaign is not None and said.campaign.get("state") == "started"
        return {"kept": _kept(known.get("window"), target), "stops": stops}

    def _way(self, desired: Desired) -> Way:
        if desired.address.kind != "scheduled_sms":
            return Way.DIAL
        return Way.SEND if desired.get("at") == "on_apply" else Way.SCHEDULE

    def _places_of(self, listed: Listed, rows: str, target: Target, said: Meant) -> list[Place]:
        """Where the people of a table of rows may be; none where rows have no numbers to tell from."""
        if not rows or listed.prepared.spec.sheet.whole_file:
            return []
        from reconciler.rows.whereabouts import of_rows

        found = of_rows(self.session.engine, listed.prepared, rows, country=target.country, zone=target.timezone)
        self._spread(found.table, said)
        return [
            Place(country=group.country, zones=group.zones, people=group.people, instants=group.instants)
            for group in found.groups
        ]

    def _spread(self, table: str, said: Meant) -> None:
        self.listing.spread.append(Spread(table=table, channel=said.channel, purpose=said.purpose))

    def _bounds(self, desired: Desired, places: Sequence[Place]) -> tuple[datetime, datetime] | None:
        at = desired.get("at")
        if isinstance(at, str) and at != "on_apply":
            return (instant(at), instant(at))
        due = [moment for place in places for moment in place.instants]
        return (min(due), max(due)) if due else None

    def _wording(self, listed: Listed, said: Meant) -> Wording | None:
        """What the messages weigh; None where there are none, or their text is the platform's own."""
        prepared, compared = listed.prepared, listed.compared
        if said.channel != "sms" or not prepared.spec.template or not compared.adds:
            return None
        return weigh(self.session.engine, prepared, compared.adds)

    # --- campaigns

    def _dials(self, wish: Wish) -> bool:
        """Whether it is wished to run, or runs and nobody says that it should not."""
        desired = wish.desired
        if not self._manages(self._target(desired)):
            return False
        if desired.get("state") == "started" or wish.runs_by_itself:
            return True
        return desired.get("state") is None and self._runs(desired.address)

    def _runs(self, campaign: Address | None) -> bool:
        """Whether a campaign of ours runs now."""
        owned = self.memory.owned.get(campaign) if campaign else None
        live = self.seen[owned.address.target].by_id(owned.id) if owned else None
        return live is not None and live.state in (State.STARTED, State.STARTING)

    def _of_campaign(self, wish: Wish, told: Collection[Address], *, restarted: bool) -> Iterator[Reached]:
        desired, target, address = wish.desired, self._target(wish.desired), wish.desired.address
        said = meant(desired, self.campaigns, target)
        loaded = self._places.get(address, [])
        waiting, found = self._waiting(address, target, said)
        evidence = {"columns": found.columns, "empty": found.empty} if found else {"columns": None}
        hours = self._hours_of(wish, target)
        yield Reached(
            address=address,
            way=Way.DIAL,
            **self._said(said),
            **hours,
            places=_merged([*loaded, *waiting]) or (_account(target, 0),),
            runs=wish.open or wish.runs_by_itself,
            begins=address in self.starting or bool(loaded) or (restarted and not hours["stops"]),
            **evidence,
            people=sum(place.people for place in waiting),
            known=not any(finding.code == "UNV001" and finding.address == address for finding in self.listing.findings),
            origin=desired.origin_of("window"),
        )
        for rows in self._loaders.get(address, ()):
            if rows.address not in told and not self._alike(rows, desired):
                yield Reached(
                    address=rows.address,
                    way=Way.DIAL,
                    **self._said(meant(rows, self.campaigns, target)),
                    **hours,
                    places=_merged(waiting) or (_account(target, 0),),
                    runs=True,
                    begins=address in self.starting,
                    **evidence,
                    origin=rows.origin_of("source"),
                )

    def _hours_of(self, campaign: Wish, target: Target) -> dict[str, Any]:
        """When a campaign of ours runs, and who sees to it."""
        dates = [instant(text) for name in ("start_at", "stop_at") if (text := campaign.stored.get(name))]
        return {
            "window_holidays": holidays_around(target.country, self.now, target.extra_holidays),
            "kept": _kept(campaign.stored.get("window"), target),
            "stops": campaign.desired.get("state") == "started" and not campaign.runs_by_itself,
            "between": (dates[0], dates[-1]) if campaign.runs_by_itself and len(dates) > 1 else None,
        }

    def _waiting(self, address: Address, target: Target, said: Meant) -> tuple[list[Place], Beside | None]:
        """Where those may be who wait in a campaign that starts, beside the rows that this plan adds, and what documents say
        of them.
        """
        rows = self.listing.waiting.get(address, ())
        if not rows:
            return self._remembered(address, target, said)
        from reconciler.rows import beside
        from reconciler.rows.whereabouts import of_live

        engine, found = self.session.engine, list[Place]()
        for one in rows:
            here = of_live(engine, one.prepared, one.live, country=target.country, zone=target.timezone, gone=one.gone)
            found += self._here(here, said)
        names = [beside.names_of_live(engine, one.prepared, one.live, one.gone) for one in rows]
        return found, beside.of_names(engine, names, [one.prepared for one in rows])

    def _remembered(self, address: Address, target: Target, said: Meant) -> tuple[list[Place], Beside | None]:
        """The same where the platform lists no rows: of those whom the journal knows."""
        tables = self.listing.dialable.get(address, ())
        if not tables:
            return [], None
        from reconciler.rows import beside
        from reconciler.rows.whereabouts import of_persons

        engine, found = self.session.engine, list[Place]()

        loaded = [self._prepared(desired, target) for desired in self._loaders.get(address, ())]
        documents = [prepared for prepared in loaded if not prepared.spec.sheet.whole_file]
        for table in tables:
            here = of_persons(engine, table, documents, country=target.country, zone=target.timezone)
            found += self._here(here, said)
        return found, beside.of_names(engine, tables, documents, name="person")

    def _prepared(self, desired: Desired, target: Target) -> Prepared:
        """The rows of a document, of one that the plan leaves out too: who waits is where it says."""
        if listed := self.listing.listed.get(desired.address):
            return listed.prepared
        from reconciler.rows.prepare import prepare

        sheet = self.session.platform(target).sheet(desired, target)
        return prepare(self.session.engine, rows_spec(desired, target, self.session.project, sheet))

    def _here(self, found: Whereabouts, said: Meant) -> list[Place]:
        self._spread(found.table, said)
        return [Place(country=group.country, zones=group.zones, people=group.people) for group in found.groups]

    def people(self) -> People:
        """The people of the listing, by country, channel and purpose. To be asked once everybody was looked at."""
        if not self.listing.spread:
            return self.listing.people
        from reconciler.rows.whereabouts import counted

        spread = [(one.table, one.channel, one.purpose) for one in self.listing.spread]
        by = counted(self.session.engine, spread)
        return replace(self.listing.people, by_country=by["country"], by_channel=by["channel"], by_purpose=by["purpose"])

    # --- both

    def _said(self, said: Meant) -> dict[str, Any]:
        return {
            "purpose": said.purpose,
            "purpose_said": said.said,
            "service": said.service,
            "sector": said.sector,
            "channel": said.channel,
            "extra_holidays": said.extra_holidays,
            "window": said.window,
            "caller_id": said.caller_id,
        }

    def _target(self, desired: Desired) -> Target:
        return self.session.project.targets[desired.address.target]

    def _manages(self, target: Target) -> bool:
        """Whether campaigns of that platform are made and run by us."""
        support = self.session.platform(target).supports.get("campaign")
        return bool(support and support.actions)


def _kept(window: Mapping[str, str] | None, target: Target) -> tuple[Slot, ...]:
    """The hours that a platform keeps by itself, every day alike, holidays too; () where it keeps none."""
    if not window:
        return ()
    end = None if window["to"] == "24:00" else time.fromisoformat(window["to"])
    return (
        Slot(
            days=frozenset(WEEKDAYS),
            start=time.fromisoformat(window["from"]),
            end=end,
            zone=target.platform_timezone,
            on_holidays=True,
        ),
    )


def _account(target: Target, people: int) -> Place:
    """Where people are of whom nothing else is known."""
    return Place(country=target.country, zones=(target.timezone,), people=people)


def _merged(places: Sequence[Place]) -> tuple[Place, ...]:
    """Places that are the same, counted together."""
    found: dict[tuple[str, tuple[str, ...]], int] = {}
    for place in places:
        found[place.country, place.zones] = found.get((place.country, place.zones), 0) + place.people
    return tuple(Place(country=country, zones=zones, people=people) for (country, zones), people in sorted(found.items()))
