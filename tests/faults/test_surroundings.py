"""Bad surroundings: platforms down or speaking another language, credentials and journals that are not there, full disks."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.errors import JournalBroken
from reconciler.journal.emergency import left_in
from reconciler.journal.entry import Entry, Event
from reconciler.journal.ledger import Ledger
from reconciler.journal.store import open_journal
from reconciler.reconcile.session import World
from tests.faults.stories import STORIES, lynn_campaign, messages, wolkvox_campaign
from tests.house import AT, House, Said

APPLY: Final = ("apply", "--at", AT, "--auto-approve", "--allow-irreversible", "1", "--format", "json")
JOURNAL: Final = ".reconciler/journal.db"


@pytest.fixture
def house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A project that never waits."""
    monkeypatch.setattr(
        "reconciler.reconcile.session.World", lambda environ: World(environ=environ, sleep=lambda _seconds: None)
    )
    return house


def project(house: House, change: Callable[[str], str]) -> None:
    house.write("reconciler.yaml", change((house.root / "reconciler.yaml").read_text("utf-8")))


def nobody_listens() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def refused(said: Said, code: int, error: str) -> None:
    """The command ended so, and said so in JSON and in words."""
    assert (said.code, said.json["error"]["code"]) == (code, error), said.out + said.err
    assert said.json["error"]["remedy"]
    assert error in said.err


# --- platforms -----------------------------------------------------------------------------------------------------------


def test_a_platform_that_is_down_holds_back_itself_and_nothing_else(house: House) -> None:
    house.spec(messages("ucontact", "on_apply", 1), "here")
    house.spec(wolkvox_campaign(), "there")
    project(house, lambda text: text.replace(f"{house.url}/wolkvox", f"http://127.0.0.1:{nobody_listens()}/wolkvox"))
    said = house.run(*APPLY)

    assert said.code == 7
    assert said.json["exit_code"] == 7
    assert [change["outcome"] for change in said.json["changes"]] == ["unverifiable"]
    assert len(house.control.effects()) == 1

    plan = house.run("plan", "--at", AT)

    assert plan.code == 7
    assert "wolkvox-co could not be read: no connection" in plan.out


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("html", "is not in wolkvox's own form"),
        ("empty", "is not in wolkvox's own form"),
        ("truncated", "is not in wolkvox's own form"),
        ("500-before", "HTTP 500"),
        ("drop-before", "no answer"),
        ("429", "HTTP 429"),
        ("403-maintenance", "maintenance"),
        ("403-token", "does not accept the token"),
    ],
)
@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_a_platform_that_cannot_be_read(house: House, verb: str, fault: str, words: str) -> None:
    house.spec(wolkvox_campaign())
    house.control.fault(fault, platform="wolkvox", operation="information.campaigns", rate=1.0)
    said = house.run(*(APPLY if verb == "apply" else ("plan", "--at", AT, "--format", "json")))

    assert said.code == 7
    assert not [call for call in house.control.calls() if "create" in call["operation"]]
    assert words in house.run("plan", "--at", AT).out


def test_one_answer_that_passes_is_not_even_noticed(house: House) -> None:
    house.spec(wolkvox_campaign())
    house.control.fault("500-before", platform="wolkvox", operation="information.campaigns", count=2)

    assert house.run(*APPLY).code == 0


@pytest.mark.parametrize("platform", ["wolkvox", "lynn"])
def test_a_wrong_credential_is_told_as_such(house: House, platform: str) -> None:
    house.spec({"wolkvox": wolkvox_campaign(), "lynn": lynn_campaign()}[platform])
    project(house, lambda text: text.replace("{env: SANDBOX_TOKEN}", "{file: token}"))
    house.write("token", "wrong-word\n").chmod(0o600)
    said = house.run(*APPLY)

    assert said.code == 7
    shown = house.run("plan", "--at", AT)
    assert "PLT008" in shown.out
    assert "check the credentials" in shown.out
    assert "wrong-word" not in shown.out + shown.err + said.out + said.err


@pytest.mark.parametrize("operation", ["PostCampaign", "SendSMSv2"])
def test_a_session_that_cannot_be_opened_again_refuses_the_call(house: House, operation: str) -> None:
    """The token ends at a write, and the login that follows gets no answer: the call itself was surely refused."""
    story = next(story for story in STORIES if story.operation == operation)
    login = {"lynn": "CreateToken", "ucontact": "getUserToken"}[story.platform]
    house.spec(story.after)
    house.control.fault("token-expired", platform=story.platform, operation=operation)
    house.control.fault("drop-before", platform=story.platform, operation=login, rate=1.0)
    if story.platform == "lynn":  # its first login is needed for reading
        house.control.clear_faults()
        house.control.fault("token-expired", platform="lynn", operation=operation)
        house.control.fault("drop-before", platform="lynn", operation=login, after=1, count=9)
    said = house.run(*APPLY)

    assert said.code == 1, said.out + said.err
    assert said.json["changes"][0]["outcome"] == "refused"
    house.control.clear_faults()
    assert house.run(*APPLY).code == 0
    assert len(house.control.effects()) == story.reached


def test_a_target_that_is_gone_when_a_review_is_carried_out(house: House) -> None:
    house.spec(messages("ucontact", "on_apply", 1), "here")
    house.spec(wolkvox_campaign(), "there")
    digest = house.plan()["digest"]
    house.control.fault("html", platform="wolkvox", operation="information.campaigns", rate=1.0)
    said = house.run("apply", "--at", AT, "--digest", digest, "--format", "json")

    assert said.code == 7
    assert house.control.effects() == []


# --- credentials ---------------------------------------------------------------------------------------------------------


def test_a_variable_that_is_not_set_is_named_with_its_place(house: House) -> None:
    house.spec(wolkvox_campaign())
    project(house, lambda text: text.replace("{env: SANDBOX_TOKEN}", "{env: NOT_SET_ANYWHERE}", 1))
    said = house.run(*APPLY)

    refused(said, 1, "SEC002")
    assert "NOT_SET_ANYWHERE" in said.err
    assert "reconciler.yaml" in said.json["error"]["place"]
    assert house.control.calls() == []


# --- the journal ---------------------------------------------------------------------------------------------------------


def begun(house: House) -> str:
    """A project whose journal is named in it; gives the journal's id."""
    house.spec(wolkvox_campaign())
    house.applied()
    identifier = house.run("import", "wolkvox-co/campaign/lista")
    assert identifier.code == 0, identifier.err
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    assert "journal_id:" in text
    house.spec(messages("ucontact", "on_apply", 1), "sms")
    return next(line.split()[1] for line in text.splitlines() if line.startswith("journal_id"))


def missing(path: Path) -> None:
    path.unlink()


def foreign(path: Path) -> None:
    path.unlink()
    open_journal(str(path), path.parent, now=datetime.now(UTC)).close()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def scribbled(path: Path) -> None:
    path.write_bytes(b"this is no journal" * 300)


def rewritten(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(
            "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'lista', 'listb') AS BLOB) WHERE number = 3"
        )
    connection.close()


def cut(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)")
    connection.close()


@pytest.mark.parametrize("damage", [missing, foreign, emptied, scribbled, rewritten, cut])
@pytest.mark.parametrize("words", [APPLY, ("plan", "--format", "json"), ("resolve", "--format", "json")])
def test_a_journal_that_is_not_whole_stops_everything(
    house: House, damage: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    begun(house)
    calls = len(house.control.calls())
    damage(house.root / JOURNAL)
    said = house.run(*words)

    assert said.code == 8, said.out + said.err
    assert said.json["error"]["code"].startswith("JRN")
    assert "Traceback" not in said.err
    assert len(house.control.calls()) == calls


def test_a_journal_whose_folder_cannot_be_made(house: House) -> None:
    house.spec(messages("ucontact", "on_apply", 1))
    house.write("blocked", "a file where a folder should be")
    project(house, lambda text: text.replace("version: 1\n", "version: 1\njournal: blocked/journal.db\n"))
    said = house.run(*APPLY)

    refused(said, 8, "JRN004")
    assert house.control.calls() == []


def test_a_disk_that_fills_up_anywhere_sends_nothing_without_an_intent(house: House) -> None:
    """The real program under a limit on the size of files, which is how a full disk looks to the store; a little more room
    each time, until the message leaves.
    """
    house.spec(messages("wolkvox", "on_apply", 1))
    assert house.run("plan", "--at", AT).code == 0
    ended: list[tuple[int, int]] = []
    for blocks in range(8, 400, 32):
        done = _with_room(house, blocks)
        ended.append((done.returncode, len(house.control.effects())))

        assert "Traceback" not in done.stderr
        if ended[-1] != (8, 0):
            break

    assert ended[:1] == [(8, 0)]
    assert ended[-1] in ((0, 1), (6, 1), (8, 1))
    for doubt in house.run("resolve", "--format", "json").json["unknown"]:
        house.run("resolve", doubt["run"], doubt["operation"], "--verdict", "done", "--reason", "seen in the console")
    assert house.run(*APPLY).code == 0
    assert len(house.control.effects()) == 1


def _with_room(house: House, blocks: int) -> subprocess.CompletedProcess[str]:
    """Apply where no file may become larger than so many blocks of 512 bytes."""
    return subprocess.run(
        ["sh", "-c", f'ulimit -f {blocks} && exec "$0" "$@"', sys.executable, "-m", "reconciler", *APPLY],
        cwd=house.root,
        env={**os.environ, "SANDBOX_TOKEN": "sandbox"},
        capture_output=True,
        text=True,
        check=False,
    )


def broken_at(event: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that fails at the first entry of a kind, and takes nothing after it, as a real one does after a failed sync."""
    append, append_all = Ledger.append, Ledger.append_all
    stopped: list[Entry] = []

    def refuse(entries: Sequence[Entry]) -> None:
        if stopped or any(entry.event is event for entry in entries):
            stopped.extend(entries)
            raise JournalBroken("the journal journal.db cannot be written: disk full", code="JRN004", remedy="free space")

    def one(journal: Ledger, entry: Entry, *columns: Any) -> Any:
        refuse([entry])
        return append(journal, entry, *columns)

    def several(journal: Ledger, entries: Sequence[Entry], **named: Any) -> None:
        refuse(entries)
        append_all(journal, entries, **named)

    monkeypatch.setattr(Ledger, "append", one)
    monkeypatch.setattr(Ledger, "append_all", several)


def test_a_disk_that_fills_up_at_the_second_intent_stops_the_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.spec(messages("wolkvox", "on_apply", 1, 2), "a")
    house.spec(messages("ucontact", "on_apply", 1, 2), "b")
    monkeypatch.setattr(Ledger, "append", _failing_after(Ledger.append, intents=1))
    said = house.run(*APPLY[:-4], "--allow-irreversible", "2", "--format", "json")

    assert said.code == 5, said.out + said.err
    assert sorted(change["outcome"] for change in said.json["changes"]) == ["failed", "pending"]  # targets go side by side
    assert "JRN004" in said.err
    assert len(house.control.effects()) == 1


def _failing_after(real: Callable[..., Any], *, intents: int) -> Callable[..., Any]:
    seen: list[Entry] = []

    def append(journal: Ledger, entry: Entry, *columns: Any) -> Any:
        if entry.event is Event.INTENT:
            seen.append(entry)
        if len(seen) > intents:
            raise JournalBroken("the journal journal.db cannot be written: disk full", code="JRN004", remedy="free space")
        return real(journal, entry, *columns)

    return append


def test_an_answer_that_the_journal_cannot_take_is_kept_beside_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))
    with monkeypatch.context() as patched:
        broken_at(Event.ACKED, patched)
        said = house.run(*APPLY)

    assert said.code == 6, said.out + said.err
    assert "JRN004" in said.err
    assert left_in(house.root / ".reconciler")

    assert house.run("resolve").code == 0  # the next opening takes it in: the message went out
    assert house.run(*APPLY).code == 0
    assert len(house.control.effects()) == 1
    assert house.run("audit", "verify").code == 0


def test_an_answer_that_can_be_kept_nowhere_is_a_doubt(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))

    def full(*_words: Any) -> None:
        raise JournalBroken("the reply could not be kept either", code="JRN004", remedy="free space")

    with monkeypatch.context() as patched:
        broken_at(Event.ACKED, patched)
        patched.setattr("reconciler.reconcile.carry.append_emergency", full)
        said = house.run(*APPLY)

    assert said.code == 6
    assert house.run(*APPLY).code == 6
    assert len(house.control.effects()) == 1


def test_a_run_whose_last_entry_cannot_be_written_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))
    with monkeypatch.context() as patched:
        broken_at(Event.RUN_ENDED, patched)
        said = house.run(*APPLY)

    assert said.code == 8
    assert [change["outcome"] for change in said.json["changes"]] == ["unverifiable"]
    assert house.run(*APPLY).code == 0
    assert len(house.control.effects()) == 1


# --- endings in JSON -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "environ", "code"),
    [
        (("apply", "--format", "json", "--unknown"), {}, 64),
        (("apply", "--format=json", "--allow-delete", "x"), {}, 64),
        (("plan", "--format", "json", "--ack", "nonsense"), {}, 1),
        (("plan", "--ack", "nonsense"), {"RECONCILER_FORMAT": "json"}, 1),
        (("plan", "--ack", "nonsense"), {"RECONCILER_PLAN_FORMAT": "json", "RECONCILER_FORMAT": "text"}, 1),
        (("plan", "--format", "text", "--format", "json", "--ack", "nonsense"), {}, 1),
        (("apply", "nothing.json", "--format", "json"), {}, 1),
        (("resolve", "no-such-run", "--format", "json"), {}, 1),
    ],
)
def test_a_command_that_ends_early_still_prints_json(
    house: House, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], environ: dict[str, str], code: int
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    house.spec(wolkvox_campaign())
    said = house.run(*words)

    assert said.code == code, said.err
    assert said.json["error"]["message"]


def test_text_was_asked_for_last(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_FORMAT", "json")
    said = house.run("plan", "--format", "text", "--ack", "nonsense")

    assert (said.code, said.out) == (1, "")
