"""Files behind addresses: fetched from real servers on loopback, used only when they are what the document says."""

from __future__ import annotations

import gzip
import hashlib
import sys
import threading
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import Mistaken
from reconciler.kinds.sources import source_rules
from reconciler.rows import remote, spill
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.prepare import prepare
from reconciler.rows.reader import peek
from reconciler.rows.sheet import Sheet
from reconciler.rows.spec import RowsSpec
from tests.rows.conftest import KEY, Specs, digest_of

NOTHING: Mapping[str, str] = {}
PLAIN = b"key,phone,name\n1,3001234567,Ana\n2,3011234567,Luis\n"
PACKED = gzip.compress(PLAIN, mtime=0)
BASIC = f"Basic {b64encode(b'ana:se:cret').decode()}"
SIGNED = "AWS4-HMAC-SHA256 Credential=who-we-are/"


class _Answers(BaseHTTPRequestHandler):
    """A server of files that also does what servers should not; below /bucket/ it speaks S3's reading calls."""

    asked: list[tuple[str, str, str]] = []  # noqa: RUF012 - emptied by the fixture
    more: dict[str, bytes] = {}  # noqa: RUF012 - likewise
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
        files = {"/people.csv": PLAIN, "/people.csv.gz": PACKED, "/locked/people.csv": PLAIN, "/bucket/lists/people.csv": PLAIN}
        body = files.get(self.path, self.more.get(self.path, b""))
        if self.path.startswith("/bucket/") and SIGNED not in self.headers.get("Authorization", ""):
            self._answer(403, b"")
        elif (
            self.path.startswith("/locked/")
            and self.headers.get("Authorization") != f"Basic {b64encode(b'ana:se:cret').decode()}"
        ):
            self._answer(401, b"")
        elif self.path == "/moved.csv":
            self._answer(302, b"", {"Location": "/people.csv"})
        elif self.path == "/cut.csv":
            self._answer(200, PLAIN[:-5], length=len(PLAIN))
            self.close_connection = True
        elif body:
            self._ranged(body)
        else:
            self._answer(404, b"")

    def _ranged(self, body: bytes) -> None:
        wanted = self.headers.get("Range", "").removeprefix("bytes=")
        if not wanted:
            self._answer(200, body)
            return
        first, _, last = wanted.partition("-")
        part = body[int(first) : int(last or len(body)) + 1]
        self._answer(206, part, {"Content-Range": f"bytes {first}-{int(first) + len(part) - 1}/{len(body)}"})

    def _answer(self, status: int, body: bytes, more: Mapping[str, str] = NOTHING, *, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body) if length is None else length), "ETag": '"one"', **more}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[str]:
    """Host and port of the server."""
    _Answers.asked.clear()
    _Answers.more.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as found:
        found.daemon_threads = True
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{found.server_port}"
        finally:
            found.shutdown()
            thread.join()


@pytest.fixture
def engine(server: str) -> Iterator[Engine]:
    environ = {
        "RIGHT": f"http://ana:se%3Acret@{server}",
        "ELSEWHERE": "http://ana:se%3Acret@127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "who-we-are",
        "AWS_SECRET_ACCESS_KEY": "hidden",
        "AWS_REGION": "sa-east-1",
        "AWS_ENDPOINT_URL": f"http://{server}",
    }
    with Engine(key=KEY, memory="512MB", environ=environ) as made:
        yield made


Asked = Callable[..., RowsSpec]


@pytest.fixture
def asked(specs: Specs) -> Asked:
    def make(file: str, content: bytes = PLAIN, *, connection: str = "", loopback: bool = True, **fields: Any) -> RowsSpec:
        source: dict[str, Any] = {"file": file, "sha256": hashlib.sha256(content).hexdigest()}
        source |= {"connection": {"env": connection}} if connection else {}
        return specs(source=source, loopback=loopback, **fields)

    return make


def refused(engine: Engine, spec: RowsSpec) -> str:
    """The one finding as `CODE message`; nothing quotes a row or a password, and nothing is left of what was fetched."""
    with pytest.raises(SourceBroken) as broken:
        prepare(engine, spec)
    whole = "".join(traceback.format_exception(broken.value)) + repr(broken.value.findings)
    assert not any(hidden in whole for hidden in ("3001234567", "Ana", "se:cret", "hidden"))
    assert list(engine.folder.iterdir()) == []
    (finding,) = broken.value.findings
    assert finding.remedy
    return f"{finding.code} {finding.message}"


def test_a_file_behind_an_address_is_the_same_file(engine: Engine, asked: Asked, specs: Specs, server: str) -> None:
    """Packed or not, by https or S3; its digest is that of its rows."""
    here = digest_of(engine, prepare(engine, specs(text=PLAIN)))

    for file, content in (
        (f"http://{server}/people.csv", PLAIN),
        (f"http://{server}/people.csv.gz", PACKED),
        ("s3://bucket/lists/people.csv", PLAIN),
    ):
        rows = prepare(engine, asked(file, content))
        assert (rows.rows, digest_of(engine, rows)) == (2, here)
    assert list(engine.folder.iterdir()) == []
    assert all(SIGNED in who for _, path, who in _Answers.asked if path.startswith("/bucket/"))
    assert all(not who for _, path, who in _Answers.asked if path.startswith("/people"))


def test_parquet_behind_an_address_is_the_same_file(engine: Engine, asked: Asked, server: str, tmp_path: Path) -> None:
    """Its own copy is the file that is looked at."""
    rows = "(VALUES ('1', '3001234567', 'Ana'), ('2', '3011234567', 'Luis')) v(key, phone, name)"
    engine.run(f"COPY (SELECT * FROM {rows}) TO '{tmp_path / 'people.parquet'}' (FORMAT parquet)")
    content = _Answers.more["/people.parquet"] = (tmp_path / "people.parquet").read_bytes()

    assert prepare(engine, asked(f"http://{server}/people.parquet", content)).rows == 2
    assert list(engine.folder.iterdir()) == []


def test_a_file_that_is_passed_through_may_lie_elsewhere_too(engine: Engine, asked: Asked, server: str) -> None:
    """Its content is not ours to read, and is pinned all the same."""
    sheet = Sheet(columns=(), identity=("key",), readable=False, whole_file=True)

    rows = prepare(engine, asked(f"http://{server}/people.csv", sheet=sheet))

    assert rows.file is not None
    assert rows.file.read_bytes() == PLAIN


def test_other_content_is_not_used(engine: Engine, asked: Asked, server: str) -> None:
    """Whoever can write there cannot choose whom we contact."""
    for file in (f"http://{server}/people.csv", "s3://bucket/lists/people.csv"):
        assert refused(engine, asked(file, PLAIN + b"3,3021234567,Eva\n")).startswith("SRC008 what lies at")


def test_credentials_go_to_their_own_host_alone(engine: Engine, asked: Asked, server: str) -> None:
    """A document can name any address and any variable; together they must fit."""
    file = f"http://{server}/locked/people.csv"

    assert prepare(engine, asked(file, connection="RIGHT")).rows == 2
    assert "it cannot be reached, or is not there" in refused(engine, asked(file))
    before = len(_Answers.asked)
    assert "`connection` is for another host" in refused(engine, asked(file, connection="ELSEWHERE"))
    assert len(_Answers.asked) == before
    with pytest.raises(Mistaken) as missing:
        prepare(engine, asked(file, connection="NOWHERE"))
    assert missing.value.code == "SEC002"
    engine.environ = {name: value for name, value in engine.environ.items() if name == "AWS_ENDPOINT_URL"}
    assert refused(engine, asked("s3://bucket/lists/people.csv")).startswith("SRC007")
    assert _Answers.asked[-1][2] == ""


def test_what_is_not_a_whole_answer_is_not_used(engine: Engine, asked: Asked, server: str) -> None:
    """Redirects are not followed, not even on the same host; a body that ends early is no list."""
    assert "it answers 302; redirects are not followed" in refused(engine, asked(f"http://{server}/moved.csv"))
    assert [path for _, path, _ in _Answers.asked] == ["/moved.csv"]
    assert "it cannot be reached, or is not there" in refused(engine, asked(f"http://{server}/none.csv"))
    assert refused(engine, asked(f"http://{server}/cut.csv", PLAIN[:-5])).startswith("SRC007")
    assert refused(engine, asked("s3://bucket/none.csv")).startswith("SRC007")
    assert refused(engine, asked("http://127.0.0.1:9/people.csv")).startswith("SRC007")


def test_a_file_that_is_too_large_is_not_used(
    engine: Engine, asked: Asked, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said as soon as it is known, and nothing is left."""
    monkeypatch.setattr(spill, "SPILL_MAX_BYTES", 20)

    assert refused(engine, asked(f"http://{server}/people.csv")).startswith("SRC006")


PRIVATE = (
    "https://127.0.0.1/a.csv",
    "https://localhost/a.csv",
    "https://10.0.0.8/a.csv",
    "https://192.168.1.1/a.csv",
    "https://169.254.169.254/a.csv",
    "https://[::1]/a.csv",
    "https://[::ffff:127.0.0.1]/a.csv",
    "https://[fd00::1]/a.csv",
    "https://0.0.0.0/a.csv",
    "https://224.0.0.1/a.csv",
)


@pytest.mark.parametrize("file", PRIVATE)
def test_a_number_of_a_private_network_is_refused_by_its_form(asked: Asked, file: str) -> None:
    """`validate` already says so. Only a project of sandboxes may look at its own machine."""
    assert [finding.code for finding in peek(asked(file, loopback=False))] == ["PTH003"]
    assert peek(asked(file)) == []


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("ftp://example.com/a.csv", "PTH003"),
        ("file:///etc/passwd.csv", "PTH003"),
        ("http://example.com/a.csv", "PTH003"),
        ("https://example.com/", "PTH003"),
        ("https:///a.csv", "PTH003"),
        ("https://example.com:x/a.csv", "PTH003"),
        ("https://[::1/a.csv", "PTH003"),
        ("https://example.com/a.csv?signature=x", "PTH003"),
        ("https://example.com/a.csv#x", "PTH003"),
        ("s3://bucket", "PTH003"),
        ("https://example.com/a.xlsx", "SRC004"),
        ("s3://bucket/a.parquet.gz", "SRC004"),
    ],
)
def test_an_address_has_a_form(asked: Asked, engine: Engine, file: str, code: str) -> None:
    """Looked at by `validate`, which asks nobody, and again before anybody is asked."""
    assert [finding.code for finding in peek(asked(file, loopback=False))] == [code]
    assert refused(engine, asked(file, loopback=False)).startswith(code)


def test_a_name_that_leads_into_a_private_network_leads_nowhere(
    engine: Engine, asked: Asked, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked up in the moment of connecting, so that no second look-up can say something else."""
    monkeypatch.setattr(remote, "_private", lambda host: host == "127.0.0.1")
    monkeypatch.setattr(remote, "wrong_address", lambda _spec: None)
    file = f"http://localhost:{server.rpartition(':')[2]}/people.csv"

    assert prepare(engine, asked(file)).rows == 2
    before = len(_Answers.asked)
    assert refused(engine, asked(file, loopback=False)).startswith("SRC007")
    assert len(_Answers.asked) == before


def test_an_endpoint_without_tls_is_for_sandboxes(engine: Engine, asked: Asked) -> None:
    """The list and the signature would be readable on the way."""
    assert "AWS_ENDPOINT_URL is not https" in refused(engine, asked("s3://bucket/lists/people.csv", loopback=False))


def test_without_the_libraries_it_is_said_how_to_install_them(
    engine: Engine, asked: Asked, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are an extra."""
    for library, file in (("fsspec", f"http://{server}/people.csv"), ("s3fs", "s3://bucket/lists/people.csv")):
        monkeypatch.setitem(sys.modules, library, None)
        assert refused(engine, asked(file)).startswith("SRC007 the library for addresses is not installed")


@pytest.mark.parametrize(
    ("source", "path", "code"),
    [
        ({"file": "https://example.com/a.csv"}, "source", "SPC002"),
        ({"file": "s3://bucket/a.csv"}, "source", "SPC002"),
        ({"file": "a.csv", "sha256": "0" * 64}, "source.sha256", "SPC012"),
        ({"file": "a.csv", "connection": {"env": "X"}}, "source.connection", "SPC012"),
        ({"file": "s3://b/a.csv", "sha256": "0" * 64, "connection": {"env": "X"}}, "source.connection", "SPC012"),
        ({"file": "https://ana:pw@example.com/a.csv"}, "source.file", "SEC001"),
        ({"sql": "SELECT 1"}, "source", "SPC002"),
        ({"sql": "SELECT 1", "connection": {"env": "X"}, "delimiter": ";"}, "source.delimiter", "SPC012"),
        ({"sql": "SELECT 1", "connection": {"env": "X"}, "encoding": "cp1252"}, "source.encoding", "SPC012"),
    ],
)
def test_what_a_source_says_must_fit_together(source: dict[str, Any], path: str, code: str) -> None:
    """Each by one rule, in `source` and in `lifts` alike."""
    assert [(where, what) for where, what, _, _ in source_rules({"source": source})] == [(path, code)]
    lifted = path.replace("source", "lifts")
    assert [(where, what) for where, what, _, _ in source_rules({"lifts": source})] == [(lifted, code)]
