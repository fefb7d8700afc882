"""Live rows are asked of all targets at once, each of them once, and whoever was not shown whole is called unknown."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.platforms.wolkvox import wire
from reconciler.reconcile import session
from reconciler.reconcile.documents import Documents
from reconciler.reconcile.fetching import fetch
from reconciler.resource import Address, Desired, Origin
from reconciler.target import READ_AGAIN_S
from tests.house import House

PATIENCE_S = 60.0  # only a failure waits that long
CAMPAIGN = (
    "kind: campaign\ntarget: wolkvox-co\nname: {name}\nstate: {state}\npurpose: service\nwolkvox: {{skill: cobranza}}\n---\n"
)
LOAD = "kind: contacts\ntarget: wolkvox-co\nname: {name}\ncampaign: {name}\nsource:\n  rows:\n{rows}---\n"
BARRED = "kind: blacklist\ntarget: wolkvox-co\nname: n\nscope: {direction: outbound}\nsource: {rows: [{phone: '3001239999'}]}\n"


@dataclass
class Asked:
    """As much of `Documents` as fetching needs; every reading waits until as many as `together` are under way."""

    name: str
    wishes: list[Desired]
    together: threading.Barrier
    at_once: int = 1
    readable: bool = True
    threads: list[int] = field(default_factory=list)

    def as_documents(self) -> Documents:
        return cast(
            "Documents",
            SimpleNamespace(
                target=SimpleNamespace(name=self.name, calls_in_flight=self.at_once),
                documents=self.wishes,
                platform=SimpleNamespace(
                    sheet=lambda _desired, _target: SimpleNamespace(readable=self.readable),
                    supports={"blacklist": SimpleNamespace(actions=frozenset())},
                ),
                live=lambda desired: desired.get("campaign") or None,
                starting=frozenset(),
                fetch=self.fetch,
            ),
        )

    def fetch(self, desired: Desired, live: object) -> None:
        del desired, live
        self.together.wait()
        self.threads.append(threading.get_ident())


def wishes(target: str, count: int) -> list[Desired]:
    return [
        Desired(
            address=Address(target, "contacts", f"c{number}"),
            platform="wolkvox",
            fields={"campaign": f"c{number}"},
            origin=Origin(""),
        )
        for number in range(count)
    ]


def fetched(*asked: Asked) -> None:
    selected = {wish.address for one in asked for wish in one.wishes}
    fetch([one.as_documents() for one in asked], selected)


def test_targets_are_read_at_once() -> None:
    together = threading.Barrier(3, timeout=PATIENCE_S)
    asked = [Asked(name, wishes(name, 2), together) for name in "abc"]
    fetched(*asked)

    assert [len(one.threads) for one in asked] == [2, 2, 2]
    assert [len(set(one.threads)) for one in asked] == [1, 1, 1]


def test_a_target_that_takes_two_calls_is_read_by_two() -> None:
    asked = Asked("a", wishes("a", 4), threading.Barrier(2, timeout=PATIENCE_S), at_once=2)
    fetched(asked)

    assert len(asked.threads) == 4


@pytest.mark.parametrize("at_once", [1, 8])
def test_what_no_platform_lists_is_not_asked_for(at_once: int) -> None:
    asked = Asked("a", wishes("a", 4), threading.Barrier(9, timeout=PATIENCE_S), at_once=at_once, readable=False)
    fetched(asked)

    assert asked.threads == []


def rows(count: int) -> str:
    return "".join(f'    - {{key: "k{number}", phone: "30012300{number:02}"}}\n' for number in range(count))


def loaded(house: House, count: int = 3) -> None:
    """A campaign of ours that stands still, with rows in it."""
    house.spec(CAMPAIGN.format(name="a", state="stopped") + LOAD.format(name="a", rows=rows(count)))
    house.applied()


def reads(house: House, before: int) -> Counter[str]:
    return Counter(call["operation"].rpartition(".")[2] for call in house.control.calls()[before:])


@pytest.mark.parametrize("document", [True, False])
def test_whoever_waits_in_a_campaign_that_starts_is_read_once(house: House, document: bool) -> None:
    """Whether a document loads its rows or none does, and though a list looks for records that it has to mark."""
    loaded(house)
    more = LOAD.format(name="a", rows=rows(3)) if document else ""
    house.spec(CAMPAIGN.format(name="a", state="started") + more + BARRED)
    before = len(house.control.calls())
    plan = house.plan()

    assert reads(house, before)["campaign_15"] == 1
    assert plan["people"]["total"] == 3


def test_who_waits_and_is_not_shown_whole_is_called_unknown(house: House) -> None:
    """The platform shows as many rows as it shows at most: there may be more, whom nobody has looked at."""
    loaded(house)
    house.spec(CAMPAIGN.format(name="a", state="started"))
    project = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", project.replace("limits: {settle_s: 0}", "limits: {settle_s: 0, rows_per_download: 3}", 1))
    said = house.run("plan", "--format", "json")
    plan: dict[str, Any] = said.json

    unknown = [finding["address"] for finding in plan["findings"] if finding["code"] == "PLT002"]
    assert unknown == ["wolkvox-co/campaign/a"]
    assert plan["people"]["total"] == 3
    assert said.code == 7


def test_two_accounts_and_calls_side_by_side_come_to_the_same_plan(house: House) -> None:
    """How many calls a target takes at a time changes how long a plan and an apply take, and nothing else."""
    project = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", project.replace("limits: {settle_s: 0}", "limits: {settle_s: 0, calls_in_flight: 8}"))
    names = [f"c{number}" for number in range(6)]
    house.spec("".join(CAMPAIGN.format(name=name, state="stopped") + LOAD.format(name=name, rows=rows(2)) for name in names))
    made = house.plan()
    run = house.applied()

    assert len(run["changes"]) == len(made["changes"])
    assert {change["outcome"] for change in run["changes"]} == {"verified"}
    assert 403 not in {call["status"] for call in house.control.calls()}  # two at once are as many as wolkvox takes
    house.settled()


def move(house: House, *, started: bool) -> None:
    """The list called `b` is loaded into `a`, and `b` has rows of its own, whose document has gone."""
    elsewhere = LOAD.replace("campaign: {name}", "campaign: {home}")
    documents = CAMPAIGN.format(name="a", state="stopped") + CAMPAIGN.format(
        name="b", state="started" if started else "stopped"
    )
    if not started:
        others = '    - {key: "x1", phone: "3001230091"}\n    - {key: "x2", phone: "3001230092"}\n'
        documents += elsewhere.format(name="x", home="b", rows=others)
    house.spec(documents + elsewhere.format(name="b", home="a", rows=rows(3)))


def test_a_list_is_never_compared_with_the_rows_of_a_campaign_of_its_name(house: House) -> None:
    """Whose rows are in the other campaign would be loaded once more."""
    move(house, started=False)
    house.applied()
    move(house, started=True)
    plan = house.plan()

    assert [(change["action"], change["address"]) for change in plan["changes"]] == [("start", "wolkvox-co/campaign/b")]
    assert plan["people"]["total"] == 2


def test_a_source_that_is_broken_is_told_before_any_row_is_read(house: House) -> None:
    """What is wrong on this side costs no call of the day's quota."""
    loaded(house)
    good = "".join(f"m{number};30102{number:05}\n" for number in range(30_000))  # more than is looked at beforehand
    house.write("specs/wrong.csv", f"key;phone\n{good}k9;3001230009;one cell too many\n")
    broken = (
        LOAD.format(name="broken", rows="")
        .replace("campaign: broken", "campaign: a")
        .replace("source:\n  rows:\n", "source: {file: wrong.csv}\n")
    )
    house.spec(CAMPAIGN.format(name="a", state="started") + LOAD.format(name="a", rows=rows(3)) + broken)
    before = len(house.control.calls())
    said = house.run("plan", "--format", "json")

    assert said.code == 1
    assert {finding["code"] for finding in said.json["findings"]} == {"SRC002"}
    assert reads(house, before)["campaign_15"] == 0


def test_whoever_waits_where_records_are_not_listed_is_called_unknown(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without that call: ours are known by the journal, and of others it is said that nobody knows them."""
    loaded(house)
    house.spec(CAMPAIGN.format(name="a", state="started"))
    monkeypatch.setattr(wire, "EXPORT", replace(wire.EXPORT, api="campaign_99"))
    plan = house.plan()

    unknown = [(finding["severity"], finding["address"]) for finding in plan["findings"] if finding["code"] == "UNV001"]
    assert unknown == [("info", "wolkvox-co/campaign/a")]
    assert plan["people"]["total"] == 3


def test_what_is_stopped_and_deleted_is_proven_stopped_first(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own stop is no edit of somebody else's, and a delete rests on more than one look."""
    waited: list[float] = []
    project = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", project.replace("    limits: {settle_s: 0}\n", ""))
    real = session.World
    monkeypatch.setattr(session, "World", lambda **words: replace(real(**words), sleep=waited.append))
    house.spec(CAMPAIGN.format(name="a", state="started"))
    house.applied()
    (house.root / "specs" / "case.yaml").unlink()
    waited.clear()
    run = house.applied()

    assert [(change["action"], change["outcome"]) for change in run["changes"]] == [
        ("stop", "verified"),
        ("delete", "verified"),
    ]
    assert waited == [READ_AGAIN_S]
