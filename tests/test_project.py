"""reconciler.yaml: defaults, accounts, urls, and secrets that stay references until they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import Finding
from reconciler.errors import Mistaken
from reconciler.personal import Secret
from reconciler.platforms import PLATFORMS
from reconciler.project import Project, find, load
from reconciler.resource import Origin
from reconciler.target import SecretRef, Target

KEYS: Final = {name: platform.keys for name, platform in PLATFORMS.items()}
WOLKVOX: Final = """\
  wolkvox-co:
    platform: wolkvox
    server: "0010"
    token: {env: WOLKVOX_TOKEN}
    country: CO
    timezone: America/Bogota
"""
LYNN: Final = """\
  lynn-cl:
    platform: lynn
    tenant: 1234
    access_token: {env: LYNN_TOKEN}
    access_token_secret: {file: secretos/lynn}
    country: CL
    timezone: America/Santiago
"""
UCONTACT: Final = """\
  ucontact-uy:
    platform: ucontact
    domain: acme
    user: {env: UCONTACT_USER}
    password: {env: UCONTACT_PASSWORD}
    country: UY
    timezone: America/Montevideo
"""


def read(root: Path, text: str) -> tuple[Project | None, list[Finding]]:
    """What a text is as a project file."""
    path = root / "reconciler.yaml"
    path.write_text(text, "utf-8")
    return load(path, KEYS)


def right(root: Path, targets: str, more: str = "") -> Project:
    """A project that has no mistake."""
    project, findings = read(root, f"version: 1\n{more}targets:\n{targets}")
    assert findings == []
    assert project is not None
    return project


def mistakes(root: Path, targets: str, more: str = "") -> list[str]:
    """The codes of what is wrong with a project."""
    project, findings = read(root, f"version: 1\n{more}targets:\n{targets}")
    assert (project is None) == bool(findings)
    return [finding.code for finding in findings]


def test_defaults(tmp_path: Path) -> None:
    """What the file leaves out."""
    project = right(tmp_path, WOLKVOX)
    target = project.targets["wolkvox-co"]

    assert project.root == tmp_path.resolve()
    assert (project.file, project.specs, project.journal) == ("reconciler.yaml", "specs", ".reconciler/journal.db")
    assert (project.journal_id, project.journal_key, project.data_roots, project.policies) == ("", None, (), None)
    assert not project.simulated
    assert not target.sandbox
    assert target.platform_timezone == target.timezone == "America/Bogota"
    assert (target.dial_prefix, target.extra_holidays, target.test_numbers) == ("", (), None)
    assert target.limit("timeout_s", 30) == 30


def test_numbers_are_sent_as_each_platform_wants_them(tmp_path: Path) -> None:
    """Digits on Lynn, national on the others, unless the target says otherwise."""
    project = right(tmp_path, WOLKVOX + LYNN + UCONTACT)

    assert {name: target.phone_format for name, target in project.targets.items()} == {
        "wolkvox-co": "national",
        "lynn-cl": "digits",
        "ucontact-uy": "national",
    }
    assert right(tmp_path, LYNN + "    phone_format: e164\n").targets["lynn-cl"].phone_format == "e164"


def test_urls_and_accounts_follow_from_the_keys(tmp_path: Path) -> None:
    """A container names platform and account, whatever the target is called."""
    targets = right(tmp_path, WOLKVOX + LYNN + UCONTACT).targets

    assert [target.url for target in targets.values()] == [
        "https://wv0010.wolkvox.com",
        "https://premium-production.lynn.cx",
        "https://acme.ucontactcloud.com",
    ]
    renamed = right(tmp_path, (WOLKVOX + LYNN + UCONTACT).replace("  wolkvox-co:", "  otra:")).targets
    assert renamed["otra"].container == targets["wolkvox-co"].container
    assert len({target.container for target in targets.values()}) == 3
    assert targets["lynn-cl"].container != right(tmp_path, LYNN.replace("1234", "1235")).targets["lynn-cl"].container


def test_everything_that_may_be_written_is_taken(tmp_path: Path) -> None:
    """Every optional key of project and target."""
    project = right(
        tmp_path,
        UCONTACT
        + """\
    platform_timezone: UTC
    limits: {rows_per_upload: 100, calls_per_second: 0.5, timeout_s: 10}
    dial_prefix: 9
    extra_headers: {X-Via: reconciler, X-Key: {env: GATEWAY_KEY}}
    extra_holidays: [2026-12-24]
    environment: testing
    test_numbers: [094123001]
    agent: ana
    sms_api: v1
""",
        """\
journal: memoria/diario.db
journal_id: 6f2c
journal_key: {env: JOURNAL_KEY}
data_roots: [/mnt/bases]
specs: deseos
limits: {memory: 4GB}
policies: {max_people: 5}
""",
    )
    target = project.targets["ucontact-uy"]

    assert (project.journal, project.journal_id, project.specs, project.memory) == (
        "memoria/diario.db",
        "6f2c",
        "deseos",
        "4GB",
    )
    assert project.journal_key == SecretRef(env="JOURNAL_KEY", origin=Origin("reconciler.yaml", 4, 14))
    assert project.data_roots == (Path("/mnt/bases"),)
    assert project.policies is not None
    assert (target.platform_timezone, target.dial_prefix, target.extra_holidays) == ("UTC", "9", ("2026-12-24",))
    assert target.test_numbers == ("094123001",)
    assert target.limit("rows_per_upload", 5000) == 100
    assert target.extra_headers["X-Via"] == "reconciler"
    assert isinstance(target.extra_headers["X-Key"], SecretRef)
    assert (target.settings["agent"], target.settings["sms_api"], target.settings["source"]) == ("ana", "v1", None)


def test_test_numbers_hold_in_a_testing_environment_only(tmp_path: Path) -> None:
    """In production they are no limit; in testing without any, nobody may be reached."""
    assert right(tmp_path, WOLKVOX + "    test_numbers: [3001230001]\n").targets["wolkvox-co"].test_numbers is None
    assert right(tmp_path, WOLKVOX + "    environment: testing\n").targets["wolkvox-co"].test_numbers == ()


def test_a_project_is_simulated_when_all_its_targets_are(tmp_path: Path) -> None:
    """One real target is enough for somebody real to be reached."""
    local = WOLKVOX.replace('server: "0010"', "sandbox: true\n    url: http://127.0.0.1:9911/wolkvox").replace("-co", "-local")

    assert right(tmp_path, local).simulated
    assert not right(tmp_path, local + LYNN).simulated


def test_loading_resolves_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`validate` and `show` work without secrets: none of these is there, and none is asked for."""
    monkeypatch.setattr(SecretRef, "resolve", lambda *_: pytest.fail("a secret was resolved"))

    project = right(tmp_path, WOLKVOX + LYNN + UCONTACT)

    assert {name: sorted(target.secrets) for name, target in project.targets.items()} == {
        "wolkvox-co": ["token"],
        "lynn-cl": ["access_token", "access_token_secret"],
        "ucontact-uy": ["password", "user"],
    }
    assert "token" not in project.targets["wolkvox-co"].settings


PLACE: Final = Origin("reconciler.yaml", 7, 12)


def refused(ref: SecretRef, environ: Mapping[str, str], root: Path) -> tuple[str, str]:
    """How a reference fails to resolve: its code and message."""
    with pytest.raises(Mistaken) as failed:
        ref.resolve(environ, root)
    assert failed.value.place == "reconciler.yaml:7"
    assert failed.value.remedy
    return failed.value.code, failed.value.message


def test_a_secret_from_the_environment(tmp_path: Path) -> None:
    """Without the blanks around it that a pipeline's form may add; empty is missing."""
    ref = SecretRef(env="TOKEN", origin=PLACE)

    assert ref.resolve({"TOKEN": " abc\n"}, tmp_path) == Secret("abc")
    for environ in ({}, {"TOKEN": ""}, {"TOKEN": "  "}):
        assert refused(ref, environ, tmp_path) == ("SEC002", "the environment variable TOKEN is not set")


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    """Its only line, relative to the project or absolute, behind a link or not."""
    path = tmp_path / "token"
    path.write_text("abc\n", "utf-8")
    path.chmod(0o600)
    (tmp_path / "enlace").symlink_to(path)

    for file in ("token", str(path), "enlace"):
        assert SecretRef(file=file, origin=PLACE).resolve({}, tmp_path) == Secret("abc")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o444])
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever reads the file can act on the platform; behind a link, the file counts."""
    path = tmp_path / "token"
    path.write_text("abc", "utf-8")
    path.chmod(mode)
    (tmp_path / "enlace").symlink_to(path)

    for file in ("token", "enlace"):
        code, message = refused(SecretRef(file=file, origin=PLACE), {}, tmp_path)
        assert code == "SEC003"
        assert "abc" not in message


def test_a_secret_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, empty, a folder, or no text: said without its content."""
    (tmp_path / "vacio").write_text("\n", "utf-8")
    (tmp_path / "carpeta").mkdir()
    (tmp_path / "binario").write_bytes(b"\xff\xfe")
    for name in ("vacio", "binario"):
        (tmp_path / name).chmod(0o600)

    for name in ("nada", "vacio", "carpeta", "binario"):
        assert refused(SecretRef(file=name, origin=PLACE), {}, tmp_path)[0] == "SEC002"


def test_a_reference_shows_where_and_never_what(tmp_path: Path) -> None:
    """Its text form is that of names alone."""
    secret = SecretRef(env="TOKEN", origin=PLACE).resolve({"TOKEN": "abc-value"}, tmp_path)

    assert "abc-value" not in repr(secret) + repr(SecretRef(env="TOKEN", origin=PLACE))


def url(text: str, *, sandbox: bool = False, platform: str = "wolkvox") -> str:
    """A target with that url."""
    flag = "    sandbox: true\n" if sandbox else ""
    written = {"wolkvox": WOLKVOX.replace('    server: "0010"\n', ""), "lynn": LYNN, "ucontact": UCONTACT}[platform]
    return f"{written}    url: {text!r}\n{flag}"


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("https://wv0010.wolkvox.com", "wolkvox"),
        ("https://wv0010.wolkvox.com/", "wolkvox"),
        ("https://WV0010.wolkvox.com:443", "wolkvox"),
        ("https://premium-production.lynn.cx", "lynn"),
        ("https://acme.ucontactcloud.com/extra", "ucontact"),
    ],
)
def test_urls_of_the_vendors_may_be_used(tmp_path: Path, text: str, platform: str) -> None:
    """Any host that the platform's own template can give, by https."""
    assert mistakes(tmp_path, url(text, platform=platform)) == []


@pytest.mark.parametrize(
    "text",
    [
        "http://wv0010.wolkvox.com",
        "https://wolkvox.com",
        "https://.wolkvox.com.example.com",
        "https://wv0010.wolkvox.com.example.com",
        "https://wv0010.wolkvox.com.",
        "https://evilwolkvox.com",
        "https://example.com/wv0010.wolkvox.com",
        "https://example.com?.wolkvox.com",
        "https://example.com#.wolkvox.com",
        "https://example.com\\\\.wolkvox.com",
        "https://example.com%2f.wolkvox.com",
        "https://wv0010.wolkvox.com:444",
        "https://wv0010.wolkvox.com:0x1bb",
        "https://wv0010.lynn.cx",
        "https://127.0.0.1",
        "https://[::1",
        "ftp://wv0010.wolkvox.com",
        "//wv0010.wolkvox.com",
        "wv0010.wolkvox.com",
        "javascript:alert(1)",
        "https://",
    ],
)
def test_urls_off_the_vendors_hosts_are_refused(tmp_path: Path, text: str) -> None:
    """Credentials and people's numbers go to the vendor and nowhere else."""
    assert mistakes(tmp_path, url(text)) == ["PRJ003"]


@pytest.mark.parametrize(
    "text", ["https://me@wv0010.wolkvox.com", "https://me:pw@wv0010.wolkvox.com", "https://@wv0010.wolkvox.com"]
)
@pytest.mark.parametrize("sandbox", [True, False])
def test_credentials_in_a_url_are_a_literal_secret(tmp_path: Path, text: str, sandbox: bool) -> None:
    """They are in git now."""
    assert mistakes(tmp_path, url(text, sandbox=sandbox)) == ["SEC001"]


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:9911/wolkvox", "http://localhost:9911", "https://[::1]:9911/x", "http://127.8.8.8"]
)
def test_a_sandbox_is_on_loopback(tmp_path: Path, text: str) -> None:
    """Any path and port, http too."""
    target = right(tmp_path, url(text, sandbox=True)).targets["wolkvox-co"]

    assert target.sandbox
    assert target.url == text


@pytest.mark.parametrize(
    "text",
    [
        "http://192.168.1.20:9911",
        "http://0.0.0.0:9911",
        "http://sandbox.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://[::2]:9911",
        "https://wv0010.wolkvox.com",
        "file:///tmp/sandbox",
        "unix:/tmp/sandbox",
    ],
)
def test_a_sandbox_is_nowhere_else(tmp_path: Path, text: str) -> None:
    """`sandbox: true` allows a loopback url and nothing else."""
    assert mistakes(tmp_path, url(text, sandbox=True)) == ["PRJ003"]


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("ab.:/@?#%[]\\ \n-0wolkvox.com"), max_size=30))
def test_no_text_is_taken_for_a_vendors_url_that_leads_elsewhere(tmp_path_factory: pytest.TempPathFactory, middle: str) -> None:
    """Whatever stands between scheme and end, what is accepted has the vendor's host and nothing that could move it."""
    root = tmp_path_factory.mktemp("url")
    quoted = "https://" + middle.replace("\\", "\\\\").replace("\n", "\\n") + ".wolkvox.com"
    project, findings = read(root, f'version: 1\ntargets:\n{WOLKVOX}    url: "{quoted}"\n')

    if project is None:
        assert findings
        return
    rest = project.targets["wolkvox-co"].url.removeprefix("https://")
    host = rest.partition("/")[0].removesuffix(":443")
    assert host.endswith(".wolkvox.com")
    assert not set(rest) & set("@?#\\ \n%[]")


def test_accounts_are_told_apart_by_what_they_are(tmp_path: Path) -> None:
    """Not by the target's name, by which key says it, or by how a host is written."""
    other = WOLKVOX.replace("-co", "-mx")
    by_url = url("https://WV0010.wolkvox.com:443/").replace("-co", "-mx")

    assert mistakes(tmp_path, WOLKVOX + other) == ["PRJ002"]
    assert mistakes(tmp_path, WOLKVOX + by_url) == ["PRJ002"]
    assert mistakes(tmp_path, WOLKVOX + other.replace("0010", "0011")) == []
    assert mistakes(tmp_path, LYNN + LYNN.replace("-cl", "-pe")) == ["PRJ002"]
    assert mistakes(tmp_path, LYNN + LYNN.replace("-cl", "-pe").replace("1234", "1235")) == []


def test_every_mistake_of_every_target_is_told(tmp_path: Path) -> None:
    """In the order of their places, each once."""
    text = WOLKVOX.replace("timezone: America/Bogota", "timezone: America/Bogata") + UCONTACT.replace("    domain: acme\n", "")
    _, findings = read(tmp_path, f"version: 1\ntargets:\n{text}")

    assert [(finding.code, finding.origin and finding.origin.line) for finding in findings] == [("PRJ004", 8), ("PRJ006", 10)]


def test_policies_are_left_to_their_own_floor(tmp_path: Path) -> None:
    """With their places; on one line, too, no other mistake hides behind them."""
    project = right(tmp_path, WOLKVOX, "policies: {anything: [at, all]}\n")
    broken, findings = read(tmp_path, "{version: 1, policies: {anything: 1}, targets: [5]}\n")

    assert project.policies is not None
    assert project.policies.entries is not None
    assert project.policies.entries["anything"].key == Origin("reconciler.yaml", 2, 12)
    assert broken is None
    assert [finding.code for finding in findings] == ["SPC003"]


@pytest.mark.parametrize("text", ["", "# nada\n", "version: 1\n---\nversion: 1\n"])
def test_a_project_file_holds_one_document(tmp_path: Path, text: str) -> None:
    """Neither none nor two."""
    project, findings = read(tmp_path, text)

    assert project is None
    assert [finding.code for finding in findings] == ["SPC003"]


def test_a_project_file_that_is_not_there(tmp_path: Path) -> None:
    """Said with what to do, and without a path of this machine."""
    with pytest.raises(Mistaken) as failed:
        load(tmp_path / "reconciler.yaml", KEYS)

    assert failed.value.code == "PRJ001"
    assert str(tmp_path) not in failed.value.message


def test_the_nearest_project_is_found_upwards(tmp_path: Path) -> None:
    """From any folder inside; a folder of that name is none."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "a" / "reconciler.yaml").mkdir()
    (tmp_path / "reconciler.yaml").write_text("version: 1\n", "utf-8")

    assert find(inner) == tmp_path / "reconciler.yaml"
    (inner / "reconciler.yaml").write_text("version: 1\n", "utf-8")
    assert find(inner) == inner / "reconciler.yaml"


def test_limits_are_numbers() -> None:
    """A limit that is not written is the caller's default."""
    common: dict[str, Any] = {
        "name": "a",
        "platform": "wolkvox",
        "url": "",
        "account": "",
        "country": "CO",
        "origin": Origin("a"),
    }
    target = Target(**common, timezone="UTC", platform_timezone="UTC", limits={"campaigns": 0})

    assert target.limit("campaigns", 15) == 0
    assert target.limit("timeout_s", 30.5) == 30.5
