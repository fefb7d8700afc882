"""A bad network at every write: what it did is never called done without evidence, and nobody is reached twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.faults.proxy import KINDS, Proxy, proxy
from tests.faults.stories import STORIES, Story
from tests.faults.yard import APPLY, Yard, yard

TIMEOUT_S: Final = 0.4
WHOLE: Final = ("drops", "closed-behind")  # slow or rude, and nothing is lost
LATE: Final = ("late-reply", "late-request", "endless")
NOT_NOTICED: Final = ("too-short", "cut-reply")  # of an answer whose body says nothing
EVERYTHING: Final = ("send_sms", "add_record", "PostCampaign", "SMS.uploadbase")  # one of each class meets all kinds
ALL_KINDS: Final = tuple(KINDS)

NETWORK: Final[dict[str, Proxy]] = {}
STRUCK: Final = [
    pytest.param(story, kind, id=f"{story.operation}-{kind}")
    for number, story in enumerate(STORIES)
    for kind in (ALL_KINDS if story.operation in EVERYTHING else (ALL_KINDS[number % len(ALL_KINDS)],))
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A yard whose projects know the platforms by the address of a proxy: another address is another account."""
    with yard(tmp_path_factory.mktemp("yard")) as made, proxy(made.sandbox.url) as network:
        made.url = network.url
        NETWORK["proxy"] = network
        yield made


@pytest.mark.parametrize(("story", "kind"), STRUCK)
def test_a_bad_network_loses_nobody_and_reaches_nobody_twice(place: Yard, story: Story, kind: str) -> None:
    picture = place.picture(story)
    place.restore(picture)
    if kind in LATE:
        path = place.root / "reconciler.yaml"
        impatient = path.read_text("utf-8").replace("{settle_s: 0}", f"{{settle_s: 0, timeout_s: {TIMEOUT_S}}}")
        path.write_text(impatient, "utf-8")
    fault = NETWORK["proxy"].strike(kind, story.operation.rpartition(".")[2])
    said = place.run(*APPLY)
    place.quiet()

    assert fault.struck
    outcomes = [change["outcome"] for change in said.json["changes"]]
    if kind in WHOLE:
        assert said.code == 0, said.out + said.err
        assert set(outcomes) <= {"verified", "unverifiable"}
    elif said.code == 0:
        assert kind in NOT_NOTICED, said.out
    else:
        assert said.code == 6, said.out + said.err
        assert outcomes.count("unknown") == 1
        assert [doubt["operation"] for doubt in place.doubts()] == said.json["unknown"]
    place.recovered(picture, planned=False)
