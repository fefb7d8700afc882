"""`fmt --fix SMS`: what it proposes, that it writes only when told to, and that nothing else in a file becomes another."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.checking import places
from reconciler.document import Node, parse, rewritten, write
from reconciler.resource import Origin
from reconciler.rows import gsm7
from tests.house import House

HEAD: Final = """\
# aviso de citas: se envía a las diez
kind: scheduled_sms
target: ucontact-uy
name: aviso     # «aviso»
campaign: Avisos->
purpose: service
service: requested
at: on_apply
source: {rows: [{phone: "099123456", nombre: José}]}
columns: {phone: phone, nombre: nombre}
"""


def values(node: Node) -> Any:
    """A document as plain data."""
    if node.entries is not None:
        return {name: values(entry.node) for name, entry in node.entries.items()}
    return [values(item) for item in node.items] if node.items is not None else node.text


def changed(text: str, path: str = "message") -> str | None:
    """A file of one document with the text at `path` in its plain form."""
    (node,), _ = parse(text.encode(), "a.yaml")
    before: Any = values(node)
    for step in path.split("."):
        before = before[step]
    found = rewritten(text.encode(), places(node)[path], before, gsm7.plain)
    return None if found is None else found.decode()


# --- one text in a file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "proposed"),
    [
        ("message: Atención   # ojo: aquí no\nx: ó\n", "message: Atencion   # ojo: aquí no\nx: ó\n"),
        ('message: "Atención: \\"ya\\" \\u00f1"\n', 'message: "Atencion: \\"ya\\" \\u00f1"\n'),
        ("message: 'Atención: ''ya'''\n", "message: 'Atencion: ''ya'''\n"),
        ('message: "Diga “sí”"\n', 'message: "Diga \\"si\\""\n'),
        ("message: 'l’été là'\n", "message: 'l''été là'\n"),
        ("message: >-  # aquí\n  Atención\n  ya\n# fin: ó\n", "message: >-  # aquí\n  Atencion\n  ya\n# fin: ó\n"),
        ("message: |\n  Atención…\n\n  “ya”\nx: ó\n", 'message: |\n  Atencion...\n\n  "ya"\nx: ó\n'),
        ("message: Atención\n  ya\nx: ó\n", "message: Atencion\n  ya\nx: ó\n"),
        ("message: – ya\n", 'message: "- ya"\n'),  # as it stands it would become a list
        ("message: “ya”, dijo\n", 'message: "\\"ya\\", dijo"\n'),
        ('message: "Atenci\\u00f3n"\n', 'message: "Atencion"\n'),
        ("{message: Atención, x: ó}\n", "{message: Atencion, x: ó}\n"),
        ("message: man\u0303ana a\u0301\n", "message: mañana a\n"),
        ("message: Atención\r\nx: ó\r\n", "message: Atencion\r\nx: ó\r\n"),
    ],
)
def test_only_the_text_changes_and_stays_written_as_it_was(written: str, proposed: str) -> None:
    assert changed(written) == proposed


def test_a_mark_at_the_beginning_of_a_file_stays() -> None:
    text = "\ufeffmessage: Atención\n"

    assert changed(text) == "\ufeffmessage: Atencion\n"


@pytest.mark.parametrize(
    ("place", "before"),
    [(Origin("a.yaml", 1, 10), "otra cosa"), (Origin("a.yaml", 2, 10), "Atención"), (Origin("a.yaml"), "ó")],
)
def test_another_text_at_that_place_is_not_touched(place: Origin, before: str) -> None:
    assert rewritten("message: Atención\n".encode(), place, before, gsm7.plain) is None


TEXTS = st.one_of(
    st.text(alphabet="aáñ–“”’'\"\\ :#-…{}[],&*!|>%@\u00a0\n\u0301", min_size=1, max_size=30),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
)
KEYS = st.text(alphabet=string.ascii_letters, min_size=1, max_size=6)


@given(before=st.dictionaries(KEYS, TEXTS, max_size=3), message=TEXTS, after=st.dictionaries(KEYS, TEXTS, max_size=3))
def test_whatever_a_file_holds_it_reads_the_same_but_for_that_text(
    before: dict[str, str], message: str, after: dict[str, str]
) -> None:
    document: Mapping[str, str] = {**before, "message": message, **after}
    assume(document["message"] == message)
    text = write([document])
    (node,), findings = parse(text.encode(), "a.yaml")
    assert findings == []

    found = changed(text)

    assert found is not None
    (again,), findings = parse(found.encode(), "a.yaml")
    assert findings == []
    assert values(again) == {**values(node), "message": gsm7.plain(message)}
    kept = [line for line in text.splitlines() if line and line[0] in string.ascii_letters and not line.startswith("message")]
    assert [line for line in found.splitlines() if line in kept] == kept


# --- the command ---------------------------------------------------------------------------------------------------------


def test_it_proposes_and_writes_nothing(house: House) -> None:
    text = HEAD + 'message: "Señor {nombre}: su atención será el lunes, tel 099 123 456. 😀"\n'
    path = house.spec(text)

    said = house.run("fmt", "--fix", "SMS")

    assert (said.code, path.read_text("utf-8")) == (0, text)
    assert said.out.splitlines() == [
        "specs/case.yaml:11  ucontact-uy/scheduled_sms/aviso",
        "  - Señor {nombre}: su atención será el lunes, tel ••• ••• ••56. 😀",
        "  + Señor {nombre}: su atencion sera el lunes, tel ••• ••• ••56. 😀",
        "  segments of the text itself, without its columns: 1 → 1",
        "  left, and still in need of UCS-2: 😀 (U+1F600)",
    ]
    assert "nothing was written; --write writes 1 message(s)" in said.err


def test_it_writes_when_told_and_then_has_nothing_left_to_say(house: House) -> None:
    rest = "tags: [hoy]  # aquí no: ó\n"
    path = house.spec(HEAD + "message: >-  # corto\n  Señor {nombre}: atención,\n  ¿mañana?\n" + rest)
    path.chmod(0o640)

    said = house.run("fmt", "--fix", "sms", "--write")

    assert said.code == 0, said.out + said.err
    assert path.read_text("utf-8") == HEAD + "message: >-  # corto\n  Señor {nombre}: atencion,\n  ¿mañana?\n" + rest
    assert path.stat().st_mode & 0o777 == 0o640
    assert house.run("validate").code == 0
    again = house.run("fmt", "--fix", "SMS", "--detailed-exitcode")
    assert (again.code, again.out) == (0, "")


def test_segments_before_and_after_are_told(house: House) -> None:
    house.spec(HEAD + f'message: "{"a" * 100} atención {{nombre}}"\n')

    said = house.run("fmt", "--fix", "SMS", "--format", "json")

    (one,) = said.json["proposals"]
    assert (one["segments"], one["segments_plain"], one["written"]) == (2, 1, False)
    assert one["replaced"] == [{"character": "ó (U+00F3)", "plain": "o"}]
    assert (one["file"], one["line"], one["addresses"]) == ("specs/case.yaml", 11, ["ucontact-uy/scheduled_sms/aviso"])
    assert "aaaa" not in said.out


def test_a_pipeline_can_ask_by_exit_code(house: House) -> None:
    house.spec(HEAD + "message: Atención {nombre}\n")

    assert house.run("fmt", "--fix", "SMS").code == 0
    assert house.run("fmt", "--fix", "SMS", "--detailed-exitcode").code == 2
    assert house.run("fmt", "--fix", "SMS", "--only", "*/contacts/*", "--detailed-exitcode").code == 0
    assert house.run("fmt", "--fix", "SMS", "--write", "--detailed-exitcode").code == 0


def test_several_documents_of_one_file_and_those_for_several_targets(house: House) -> None:
    """Each text is proposed and written once, wherever it goes to; messages of bases too."""
    base = (
        "kind: contacts\ntarget: ucontact-uy\nname: base\ncampaign: Avisos\npurpose: service\nservice: requested\n"
        'source: {rows: [{phone: "099123457"}]}\nucontact: {channel: sms, message: “Última hora”}\n'
    )
    path = house.spec(HEAD + "message: Atención {nombre}, señor\n---\n" + base)

    said = house.run("fmt", "--fix", "SMS", "--write")

    assert said.code == 0, said.err
    assert "2 message(s) written" in said.err
    text = path.read_text("utf-8")
    assert "message: Atencion {nombre}, señor\n" in text
    assert 'ucontact: {channel: sms, message: "\\"Ultima hora\\""}\n' in text
    assert text.startswith(HEAD)


def test_a_proposal_never_makes_another_column(house: House) -> None:
    """A character that nobody sees may be what keeps braces from being a placeholder."""
    path = house.spec(HEAD + 'message: "Hola {nom\\u200bbre}"\n')
    before = path.read_text("utf-8")

    said = house.run("fmt", "--fix", "SMS", "--write")

    assert path.read_text("utf-8") == before
    assert "U+200B ZERO WIDTH SPACE" in said.out


def test_a_link_to_a_document_stays_a_link(house: House) -> None:
    real = house.write("parts/aviso.yml", HEAD + "message: Atención {nombre}\n")
    link = house.root / "specs" / "aviso.yaml"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(real)

    assert house.run("fmt", "--fix", "SMS", "--write").code == 0

    assert link.is_symlink()
    assert "Atencion" in real.read_text("utf-8")


def test_mistakes_elsewhere_are_not_passed_over_in_silence(house: House) -> None:
    house.spec(HEAD + "message: Atención {nombre}\n")
    house.spec("kind: campain\n", "wrong")

    said = house.run("fmt", "--fix", "SMS")

    assert said.code == 1
    assert "Atencion" in said.out
    assert "reconciler validate" in said.err


@pytest.mark.parametrize("words", [("fmt",), ("fmt", "--fix", "XYZ"), ("fmt", "--fix", "SMS", "--format", "markdown")])
def test_wrong_usage(house: House, words: tuple[str, ...]) -> None:
    assert house.run(*words).code == 64
