"""The private folder: readable by nobody else, gone with its engine, and gone with a dead one when the next engine starts."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from reconciler.rows import engine as engines
from reconciler.rows import spill
from reconciler.rows.engine import Engine, memory_bytes
from reconciler.rows.errors import EngineFailed, TooMuch
from reconciler.rows.spill import Spill, Writer
from tests.rows.conftest import KEY

HOLD = """
import sys
from pathlib import Path
from reconciler.rows.engine import Engine
engine = Engine(key=bytes(32), memory="512MB", folder=Path(sys.argv[1]))
(engine.folder / "people.csv").write_text("key,phone")
print(engine.folder, flush=True)
sys.stdin.read()
engine.close()
"""


def held(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """An engine in a process of its own, and its private folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    """People's numbers do not stay on a disk because a machine ran out of memory."""
    dead, left = held(tmp_path)
    alive, used = held(tmp_path)
    try:
        dead.send_signal(signal.SIGKILL)
        dead.communicate()
        assert (left / "people.csv").exists()

        with Engine(key=KEY, memory="512MB", folder=tmp_path) as engine:
            assert sorted(tmp_path.iterdir()) == sorted([used, engine.folder])
            assert (used / "people.csv").exists()
    finally:
        alive.communicate()
    assert not used.exists()


def test_only_our_own_folders_are_removed(tmp_path: Path) -> None:
    """Not what looks like one: a link, a file, or anything of another name."""
    other = tmp_path / "other"
    (other / "kept").mkdir(parents=True)
    parent = tmp_path / "spill"
    parent.mkdir()
    (parent / "rows-link").symlink_to(other)
    (parent / "rows-file").write_text("")
    (parent / "kept").mkdir()
    (parent / "rows-left").mkdir()

    made = Spill(parent)
    made.close()

    assert sorted(path.name for path in parent.iterdir()) == ["kept", "rows-file", "rows-link"]
    assert (other / "kept").is_dir()


def test_the_systems_folder_is_used_only_where_it_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes a folder of our name before us does not get our rows."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ours = tmp_path / f"reconciler-{os.getuid()}"

    made = Spill()
    assert made.path.parent == ours
    assert [folder.stat().st_mode & 0o777 for folder in (ours, made.path)] == [0o700, 0o700]
    made.close()
    assert list(tmp_path.iterdir()) == []

    ours.mkdir()
    ours.chmod(0o777)
    made = Spill()
    assert made.path.parent != ours
    assert made.path.stat().st_mode & 0o777 == 0o700
    made.close()
    assert list(tmp_path.iterdir()) == [ours]


def test_many_engines_at_once_never_take_each_others_folders(tmp_path: Path) -> None:
    """Made and removed side by side, with the parent that comes and goes."""
    code = "import sys; from pathlib import Path; from reconciler.rows.spill import Spill\n"
    code += "for _ in range(100):\n made = Spill(Path(sys.argv[1])); (made.path / 'x').write_text('x'); made.close()"
    several = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "spill")], stderr=subprocess.PIPE) for _ in range(4)
    ]

    assert [process.communicate()[1] for process in several] == [b""] * 4
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_to(tmp_path: Path) -> None:
    """One sentence, and no traceback."""
    (tmp_path / "file").write_text("")

    with pytest.raises(EngineFailed) as failed:
        Engine(key=KEY, folder=tmp_path / "file" / "spill")

    assert failed.value.code == "SRC006"


def test_a_private_copy_stops_before_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own size, by what is left, and where the disk says so itself."""
    with Writer(tmp_path / "a") as out:
        monkeypatch.setattr(spill, "SPILL_MAX_BYTES", 10)
        out.write(b"1234567890")
        with pytest.raises(TooMuch, match="more than"):
            out.write(b"1")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=100))
    with pytest.raises(TooMuch, match="left"):
        Writer(tmp_path / "b")
    monkeypatch.undo()
    for size in (10, 1_000_000):
        with pytest.raises(TooMuch, match="takes no more"), Writer(Path("/dev/full")) as out:
            out.write(b"x" * size)


def test_memory_is_a_quarter_of_the_machine_or_of_its_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever is less, and enough to work at all."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(engines, "_CGROUP", limit)

    for text, expected in (
        ("max\n", max(whole // 4, engines.MEMORY_MIN_BYTES)),
        (f"{4 * 1024**3}\n", min(1024**3, max(whole // 4, engines.MEMORY_MIN_BYTES))),
        (f"{1024**3}\n", engines.MEMORY_MIN_BYTES),
    ):
        limit.write_text(text)
        assert memory_bytes() == expected


LARGE = """
import resource, sys
from pathlib import Path
from reconciler.resource import Address, Origin
from reconciler.rows.compare import compare
from reconciler.rows.engine import Engine
from reconciler.rows.prepare import prepare
from reconciler.rows.spec import RowsSpec
from tests.rows.conftest import RECORDS
root = Path(sys.argv[1])
spec = RowsSpec(address=Address("here", "contacts", "list"), sheet=RECORDS, source={"file": "people.csv.zst"}, folder=root,
    root=root, target="here", country="CO", phone_format="national", origin=Origin("list.yaml", 1))
with Engine(key=bytes(32), memory="128MB", folder=root / "spill") as engine:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = prepare(engine, spec)
    found = compare(engine, rows, live=None, container="here|1", generation=1)
    spilled = sum(path.stat().st_size for path in engine.folder.rglob("*") if path.is_file())
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(rows.in_source, found.diff.to_add, before // 1024, most // 1024, spilled // 2**20)
"""


def test_a_list_larger_than_memory_plans(tmp_path: Path) -> None:
    """160 MB of people with 128 MB for the engine: all of them counted, and the peak stays where it was."""
    import zstandard

    rows, step = 550_000, 50_000
    with zstandard.open(tmp_path / "people.csv.zst", "wt") as out:
        out.write("key,phone,name,opt1\n")
        for first in range(0, rows, step):
            out.write("".join(f"K{n},{3000000000 + n},Name {n * 7919 % rows},{n:0>250}\n" for n in range(first, first + step)))

    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=Path(__file__).parents[2],
    )

    assert done.returncode == 0, done.stderr
    in_source, to_add, before, most, spilled = map(int, done.stdout.split())
    assert (in_source, to_add) == (rows, rows)
    assert spilled > 0
    assert most - before < 128 + 120, f"{most} MB at the peak, {before} before"
    assert not (tmp_path / "spill").exists()


def test_a_folder_that_another_engine_takes_away_just_now_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two programs of one user: one ends while the other begins."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    real = Path.lstat
    taken: list[Path] = []

    def lstat(path: Path) -> os.stat_result:
        if path.parent == tmp_path and not taken:
            taken.append(path)
            path.rmdir()
        return real(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    made = Spill()

    assert taken == [made.path.parent]
    made.close()


def test_whoever_waits_for_a_folder_goes_on_when_it_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    let_go = SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda _seconds: fcntl.flock(held, fcntl.LOCK_UN))
    monkeypatch.setattr("reconciler.rows.spill.time", let_go)
    Spill(tmp_path).close()
    os.close(held)


def test_a_run_that_stands_still_with_the_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it without a word."""
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    monkeypatch.setattr("reconciler.rows.spill._PATIENCE_S", 0.0)
    with pytest.raises(EngineFailed, match="another run stands still") as failed:
        Engine(key=KEY, memory="512MB", folder=tmp_path)
    os.close(held)

    assert failed.value.code == "SRC006"
    assert "end it" in failed.value.remedy


def test_what_the_engine_spills_has_the_same_limit_as_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A join that runs away does not fill the disk."""
    with Engine(key=KEY, memory="512MB") as engine:
        assert engine.one("SELECT current_setting('max_temp_directory_size')") == "100.0 GiB"
    monkeypatch.setattr(engines, "SPILL_MAX_BYTES", 8 * 1024**2)
    with Engine(key=KEY, memory="32MB") as engine:
        with pytest.raises(EngineFailed) as raised:
            engine.run("CREATE TABLE large AS SELECT hash(i) AS h, sha256(i::VARCHAR) AS s FROM range(1000000) r(i)")
        assert raised.value.code == "SRC006"
