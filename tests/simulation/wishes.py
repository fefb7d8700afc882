"""What the documents wish, and how people change their minds between runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from reconciler.resource import Address, Desired, Origin
from reconciler.target import Target
from tests.simulation.rows import recipient
from tests.simulation.script import Family, Script, Turn

TARGETS: Final = ("t", "u")
_NOWHERE: Final = Origin("")


def target_of(family: Family, name: str, at_once: int = 1) -> Target:
    """One of the accounts of a history, which takes so many calls at a time."""
    return Target(
        name=name,
        platform=family.value,
        url="http://127.0.0.1",
        account={"t": "a", "u": "b"}[name],
        country="CO",
        timezone="America/Bogota",
        platform_timezone="America/Bogota",
        calls_in_flight=at_once,
        origin=_NOWHERE,
    )


class Wishes:
    """The documents of one target as they stand now. People are numbers from 1."""

    def __init__(self, script: Script, target: str) -> None:
        self.family = script.family
        self.target = target_of(script.family, target, script.at_once)
        self.campaign = self._address("campaign", "club")
        self.removes = script.removes and script.family is Family.KEYS
        self.loads = {"people": list(range(1, script.rows + 1))}
        self.barred = set(range(1, script.barred + 1))
        self.generation = 1
        self.speed = 1
        self.started = script.started
        self.dropped = False
        self._renamed = 0
        self._written: list[Desired] | None = None
        self._next = script.rows + 1

    def turn(self, turn: Turn) -> None:
        """Somebody edits the documents."""
        self._written = None
        rows = next(iter(self.loads.values()))
        match turn:
            case Turn.GROW | Turn.ONE_MORE:
                more = 1 if turn is Turn.ONE_MORE else 3
                rows.extend(range(self._next, self._next + more))
                self._next += more
            case Turn.SHRINK:
                del rows[: len(rows) // 2]
            case Turn.RENAME:
                self._renamed += 1
                name = next(iter(self.loads))
                self.loads = {(f"people-{self._renamed}" if key == name else key): kept for key, kept in self.loads.items()}
            case Turn.COPY:
                self.loads["copy"] = [*rows, self._next]
                self._next += 1
            case Turn.GENERATION:
                self.generation += 1
            case Turn.FIELDS:
                self.speed += 1
            case Turn.STATE:
                self.started = not self.started
            case Turn.BAR if rows:
                self.barred.add(rows[-1])
            case Turn.DROP | Turn.BACK:
                self.dropped = turn is Turn.DROP

    def documents(self) -> list[Desired]:
        """All of them, in the order in which a project lists them."""
        if self._written is None:
            self._written = self._write()
        return self._written

    def _write(self) -> list[Desired]:
        found: list[Desired] = []
        if not self.dropped:
            if self.family is not Family.BLIND:
                found.append(self._document(self.campaign, {"state": "started" if self.started else "stopped"}, self._block()))
            for name, keys in self.loads.items():
                missing = "remove" if self.removes and len(self.loads) == 1 else "keep"  # of two documents both must keep
                fields = {"campaign": self.campaign.name, "generation": self.generation, "missing": missing}
                found.append(self._document(self._address("contacts", name), {**fields, "keys": tuple(keys)}))
            if self.family is Family.TASKS:
                found.append(
                    self._document(
                        self._address("contacts", "book"), {"keys": tuple(next(iter(self.loads.values()))), "generation": 1}
                    )
                )
            if self.family is Family.BLIND:
                few = tuple(next(iter(self.loads.values()))[:3])
                found.append(
                    self._document(
                        self._address("scheduled_sms", "note"), {"keys": few, "generation": self.generation, "at": "on_apply"}
                    )
                )
        if not (self.dropped and self.family is Family.TASKS):
            scope = {"scope": {"campaign": self.campaign.name}} if self.family is Family.TASKS else {}
            found.append(
                self._document(
                    self._address("blacklist", "out"), {"keys": tuple(sorted(self.barred)), "generation": 1, **scope}
                )
            )
        return found

    def people(self, campaign: str, barred: set[int]) -> Iterator[bytes]:
        """The recipients who are to be reached, by the live campaign's id."""
        if self.dropped:
            return
        account = self.target.container
        home = f"{account}|{campaign or self.campaign.name}"
        for keys in self.loads.values():
            yield from (recipient(home, self.generation, key) for key in keys if key not in barred)
        first = next(iter(self.loads.values()))
        if self.family is Family.TASKS:
            yield from (recipient(f"{account}|contacts", 1, key) for key in first)
        if self.family is Family.BLIND:
            yield from (recipient(f"{account}|", self.generation, key) for key in first[:3] if key not in barred)

    def _address(self, kind: str, name: str) -> Address:
        return Address(self.target.name, kind, name)

    def _block(self) -> dict[str, Any]:
        return {"speed": self.speed, "label": f"label-{self.speed}"}

    def _document(self, address: Address, fields: dict[str, Any], block: dict[str, Any] | None = None) -> Desired:
        return Desired(address=address, platform=self.family.value, fields=fields, block=block or {}, origin=_NOWHERE)
