"""What messages weigh, against a second opinion that packs each text segment by segment."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.rows import gsm7
from reconciler.rows.compare import compare
from reconciler.rows.engine import Engine
from reconciler.rows.prepare import prepare
from reconciler.rows.sheet import Sheet
from reconciler.rows.wording import COSTLY_MAX, Costly, Wording, tells_opt_out, weigh
from tests.rows.conftest import MESSAGES, Specs

# GSM 03.38, code by code as the standard prints its columns, low digit first; None is the escape.
TABLE = (
    *"@£$¥èéùìòÇ\nØø\rÅå",
    *"Δ_ΦΓΛΩΠΨΣΘΞ", None, *"ÆæßÉ",
    *" !\"#¤%&'()*+,-./",
    *"0123456789:;<=>?",
    *"¡ABCDEFGHIJKLMNO",
    *"PQRSTUVWXYZÄÖÑÜ§",
    *"¿abcdefghijklmno",
    *"pqrstuvwxyzäöñüà",
)  # fmt: skip
EXTENDED = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65}
CODES = {character: code for code, character in enumerate(TABLE) if character}


def packed(text: str) -> list[list[int]]:
    """The segments of a message as the codes that go into each: septets, or 16-bit units."""
    if all(one in CODES or one in EXTENDED for one in text):
        tokens = [[0x1B, EXTENDED[one]] if one in EXTENDED else [CODES[one]] for one in text]
        alone, part = 160, 153
    else:
        words = [one.encode("utf-16-be") for one in text]
        tokens = [[int.from_bytes(word[at : at + 2], "big") for at in range(0, len(word), 2)] for word in words]
        alone, part = 70, 67
    if sum(map(len, tokens)) <= alone:
        return [[code for token in tokens for code in token]]
    found: list[list[int]] = [[]]
    for token in tokens:
        if len(found[-1]) + len(token) > part:
            found.append([])
        found[-1] += token
    return found


def weighed(engine: Engine, specs: Specs, template: str, rows: Iterable[dict[str, str]] = ({},)) -> Wording:
    """What a template weighs over rows; every row has a number of its own."""
    numbered = [{"phone": str(3_000_000_000 + place), **row} for place, row in enumerate(rows)]
    prepared = prepare(engine, specs(rows=numbered, sheet=_OPEN, template=template))
    return weigh(engine, prepared, compare(engine, prepared, live=None, container="here|1", generation=1).adds)


_OPEN = Sheet(columns=MESSAGES.columns, identity=("phone",), readable=False, others=True)


# --- the alphabet --------------------------------------------------------------------------------------------------------


def test_the_alphabet_is_the_standards() -> None:
    assert set(gsm7.BASIC) == set(CODES)
    assert set(gsm7.EXTENSION) == set(EXTENDED)
    assert (CODES["@"], CODES["é"], CODES["ñ"], CODES["Ü"], CODES["¿"], CODES["à"]) == (0x00, 0x05, 0x7D, 0x5E, 0x60, 0x7F)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # 306 septets, and the euro does not fit into the last one of the first segment
        ("a" * 151 + "€" + "a" * 153, 2),  # the same, and it does
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("á" * 134, 2),
        ("á" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("á" * 66 + "😀" + "á" * 66, 3),  # 134 units, and a pair is not cut
        ("é ñ ü ¿ ¡ à ì ò ù É Ñ Ü Ä Ö Ç" * 5, 1),
        ("ç" + "a" * 70, 2),
    ],
)
def test_segments_as_the_standard_cuts_them(engine: Engine, specs: Specs, text: str, segments: int) -> None:
    assert gsm7.segments(text) == len(packed(text)) == segments
    if text:
        assert weighed(engine, specs, text).segments == segments


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Atención: su último aviso, José", "Atencion: su ultimo aviso, José"),
        ("ÁÍÓÚ áíóú ÂÊÔ âêô ÃÕ ãõ ç", "AIOU aiou AEO aeo AO ao c"),
        ("¿Mañana? ¡Sí! Ü ü é É Ñ", "¿Mañana? ¡Si! Ü ü é É Ñ"),
        ("“hoy” ‘ya’ – — … •", "\"hoy\" 'ya' - - ... -"),
        ("10\u00a0% de\u202fdescuento\u200b", "10 % de descuento"),
        ("man\u0303ana cafe\u0301 adio\u0301s", "mañana café adios"),
        ("𝗢𝗳𝗲𝗿𝘁𝗮 ｈｏｙ", "Oferta hoy"),
        ("[x] {y} €5 ~ ^ | \\", "[x] {y} €5 ~ ^ | \\"),
        ("1 ≠ 2, 5½, 10², 3‰, 20°, я 😀", "1 ≠ 2, 5½, 10², 3‰, 20°, я 😀"),
        ("=\u0338", "=\u0338"),
    ],
)
def test_plain_forms(written: str, plain: str) -> None:
    assert gsm7.plain(written) == plain


def test_a_plain_form_is_basic_and_keeps_digits_on_their_line() -> None:
    """Whatever Unicode has: an amount must not become another one."""
    for code in [*range(0xD800), *range(0xF900, 0x10000), *range(0x1D400, 0x1F200)]:
        character = chr(code)
        found = gsm7.form(character) if gsm7.costly(character) else None
        if found is not None:
            assert set(found) <= set(gsm7.BASIC), hex(code)
            digits = [one for one in found if one.isdecimal()]
            assert not digits or (len(found) == 1 and character.isdecimal()), hex(code)


@given(st.text(max_size=40))
def test_plain_is_plain_at_once(text: str) -> None:
    again = gsm7.plain(gsm7.plain(text))

    assert again == gsm7.plain(text)
    assert all(gsm7.form(one) is None for one in gsm7.costly(again))


# --- over rows -----------------------------------------------------------------------------------------------------------

BLANKS = " \t\r\n\u00a0\u2007\u202f\ufeff"
CHARACTERS = st.one_of(
    st.sampled_from("abc€[]~^|\\áéíñ“…½😀𝗢я\u0301\u0338\u200bﬁ"),
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="{}"),
)
LONG = st.builds(
    lambda parts: "".join(one * times for one, times in parts),
    st.lists(st.tuples(CHARACTERS, st.integers(1, 90)), min_size=1, max_size=8),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(LONG, min_size=1, max_size=40))
def test_any_texts_weigh_what_the_second_opinion_packs(engine: Engine, specs: Specs, texts: list[str]) -> None:
    """Characters of all planes, at and around every border; as they are, and with each costly one replaced."""
    texts = [text for text in texts if text.strip(BLANKS)]
    assume(texts)
    texts = [text.strip(BLANKS) for text in texts]
    found = weighed(engine, specs, "{what}", ({"what": text} for text in texts))
    now = [len(packed(text)) for text in texts]
    plain = [len(packed(gsm7.plain(text))) if gsm7.costly(text) else len(packed(text)) for text in texts]
    brought = {one: sum(one in text for text in texts) for text in texts for one in text if one not in {*CODES, *EXTENDED}}

    assert (found.messages, found.segments, found.longest) == (len(texts), sum(now), max(now))
    assert (found.segments_plain, found.longest_plain) == (sum(plain), max(plain))
    assert found.unicode == sum(bool(gsm7.costly(text)) for text in texts)
    assert found.unicode_plain == sum(bool(gsm7.costly(gsm7.plain(text))) for text in texts)
    assert {one.character: one.messages for one in found.costly}.items() <= brought.items()
    assert len(found.costly) == min(len(brought), COSTLY_MAX)


@pytest.mark.parametrize(("double", "part"), [("€", 153), ("[", 153), ("😀", 67), ("𝗢", 67)])
def test_what_takes_two_places_is_never_cut(engine: Engine, specs: Specs, double: str, part: int) -> None:
    """Around the border of the first and the second segment, in the alphabet and out of it."""
    texts = [
        "a" * before + double + "b" * between + double * last + "c"
        for before in range(part - 5, part + 3)
        for between in range(part - 6, part + 2)
        for last in range(3)
    ]
    weights = [len(packed(text)) for text in texts]
    assert len(set(weights)) == 2

    for weight in set(weights):
        alike = [text for text, one in zip(texts, weights, strict=True) if one == weight]
        found = weighed(engine, specs, "{what}", [{"what": text} for text in alike])
        assert (found.segments, found.longest) == (weight * len(alike), weight)


def test_each_costly_character_is_told_with_what_brings_it(engine: Engine, specs: Specs) -> None:
    """The text itself, or a column; most frequent first, and a letter's accent written apart by its own name."""
    rows = [{"name": "María"}, {"name": "José"}, {"name": "Raúl y María"}, {"name": "Jose\u0301"}]
    found = weighed(engine, specs, "Atención {name} ({name}): €5", rows)

    assert found.costly == (
        Costly(character="ó", column="", messages=4),
        Costly(character="í", column="name", messages=2),
        Costly(character="ú", column="name", messages=1),
        Costly(character="\u0301", column="name", messages=1),
    )
    assert [one.name for one in found.costly][1::2] == ["í (U+00ED)", "U+0301 COMBINING ACUTE ACCENT"]
    assert [one.plain for one in found.costly] == ["o", "i", "u", ""]
    assert (found.unicode, found.unicode_plain) == (4, 0)


def test_only_the_rows_that_would_be_sent_count(engine: Engine, specs: Specs) -> None:
    rows = [{"phone": "3000000001", "name": "Ana"}, {"phone": "3000000002", "name": "Raúl"}]
    prepared = prepare(engine, specs(rows=rows, sheet=_OPEN, template="Hola {name}"))
    compared = compare(engine, prepared, live=None, container="here|1", generation=1)
    engine.run(f"DELETE FROM {compared.adds} WHERE row IN (SELECT _row FROM {prepared.table} WHERE name = 'Raúl')")

    found = weigh(engine, prepared, compared.adds)

    assert (found.messages, found.unicode, found.costly) == (1, 0, ())
    assert weigh(engine, prepared, "") == Wording()


def test_a_hundred_thousand_messages_are_counted_exactly(engine: Engine, specs: Specs) -> None:
    names = ["Ana", "María", "x" * 130, "[" * 70, "😀"]
    lines = "\n".join(f"{3_000_000_000 + place},{names[place % 5]}" for place in range(100_000))
    spec = specs(text=f"phone,name\n{lines}\n", sheet=_OPEN, template="Hola {name}, responda BAJA para salir.")
    prepared = prepare(engine, spec)

    found = weigh(engine, prepared, compare(engine, prepared, live=None, container="here|1", generation=1).adds)

    each = [len(packed(f"Hola {name}, responda BAJA para salir.")) for name in names]
    assert each == [1, 1, 2, 2, 1]
    assert (found.messages, found.segments, found.longest) == (100_000, 20_000 * sum(each), 2)
    assert {(one.character, one.messages) for one in found.costly} == {("í", 20_000), ("😀", 20_000)}
    assert (found.unicode, found.unicode_plain, found.opt_out) == (40_000, 20_000, True)


def test_no_text_gets_into_the_facts(engine: Engine, specs: Specs) -> None:
    found = weighed(engine, specs, "Ofertón {name}", [{"name": "Zoraída Quimbayá"}])

    told = json.dumps(found.to_json(), ensure_ascii=False)
    assert "Ofert" not in told
    assert "Zora" not in told
    assert [one["character"] for one in found.to_json()["costly"]] == ["ó (U+00F3)", "á (U+00E1)", "í (U+00ED)"]


# --- how to be left alone ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Responda BAJA para no recibir mas.",
        "Envía salir al 85432",
        "Si no desea recibir más mensajes, llame.",
        "Para cancelar la suscripción, entre a la web",
        "Darse de baja: ejemplo.co/x",
        "Responda SAIR para deixar de receber.",
        "Para parar, envie PARAR",
        "Não quer receber mais? Responda sair",
        "Reply STOP to opt out",
        "To unsubscribe visit example.com",
        "Text stop to end",
        "Baja: 1234",
        "Para salir responda 2",
        "¿No quiere recibirlos?",
        "Dese de baja al 123",
        "Responda: BAJA",
    ],
)
def test_words_that_tell_how_to_be_left_alone(engine: Engine, specs: Specs, text: str) -> None:
    assert tells_opt_out(text)
    assert tells_opt_out(unicodedata.normalize("NFC", text.upper()))
    assert weighed(engine, specs, "Hola {end}", [{"end": text}]).opt_out


@pytest.mark.parametrize(
    "text",
    [
        "La tasa más baja del mercado",
        "LA TASA MAS BAJA DEL AÑO",
        "Temporada de baja demanda",
        "Para salir de deudas, llame ya",
        "Para cancelar su factura ingrese a la web",
        "Si paga hoy no recibirá recargos",
        "Não receberá cobrança",
        "Vuelo non-stop a Lima",
        "Puede cancelar su factura en bancos",
        "Salga a pasear: nonstop",
        "Vamos a salir juntos",
        "Sua fatura vence hoje",
        "",
    ],
)
def test_words_that_do_not(text: str) -> None:
    assert not tells_opt_out(text)


def test_a_word_in_capitals_among_others_that_are_not_is_one_to_answer_with() -> None:
    assert tells_opt_out("Oferta de hoy. SALIR")
    assert not tells_opt_out("OFERTA DE HOY. SALIR")


def test_one_message_without_an_opt_out_is_enough(engine: Engine, specs: Specs) -> None:
    rows = [{"end": "Responda BAJA"}, {"end": "Gracias"}]

    assert not weighed(engine, specs, "Oferta. {end}", rows).opt_out
    assert weighed(engine, specs, "Oferta. {end}", rows[:1]).opt_out
    assert weighed(engine, specs, "Oferta. {end} Responda STOP", rows).opt_out
