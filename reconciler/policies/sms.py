"""What messages say and weigh: their alphabet and segments, how people are told to stop them, and whether they can be sent.

Nothing here looks at a text. `rows.wording` weighed every one that would be sent, and what it tells is counts and characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.reached import Reached
from reconciler.plan.values import Plan
from reconciler.policies.looked import Looked
from reconciler.policies.settings import Settings

if TYPE_CHECKING:
    from reconciler.rows.wording import Costly, Wording

SEGMENTS_MAX: Final = 255  # 3GPP TS 23.040, 9.2.3.24.1: the parts of a message are counted in one octet
SEGMENTS_KNOWN: Final = {"wolkvox": 1}  # no rule of the platform's is public, so that more is not promised (wolkvox.md, gap 26)
NAMED: Final = 5  # characters in a sentence; the plan's JSON has more


def judge(plan: Plan, _settings: Settings, _now: datetime) -> Iterator[Looked]:
    """What is to be said of the messages that the plan sends. What they cost is judged with the other limits."""
    messages = [(reached, reached.wording) for reached in plan.reached if reached.wording and reached.wording.messages]
    platforms = {target.name: target.platform for target in plan.targets}
    yield _looked("SMS001", messages, [_ucs2(reached, wording) for reached, wording in messages if wording.unicode])
    yield _opt_out(plan.reached)
    yield _looked("SMS003", messages, [_too_long(*one) for one in messages if one[1].longest > SEGMENTS_MAX])
    unsure = [
        _unsure(reached, wording, platform)
        for reached, wording in messages
        if (platform := platforms.get(reached.address.target, "")) in SEGMENTS_KNOWN
        and SEGMENTS_KNOWN[platform] < wording.longest <= SEGMENTS_MAX
    ]
    yield _looked("SMS004", messages, unsure)


def _looked(code: str, messages: Sequence[tuple[Reached, Wording]], findings: Sequence[Finding]) -> Looked:
    inputs = {str(reached.address): wording.to_json() for reached, wording in messages}
    return Looked(rule=code, inputs=inputs, findings=tuple(findings))


def _finding(code: str, severity: Severity, reached: Reached, message: str, remedy: str) -> Finding:
    return Finding(code=code, severity=severity, message=message, remedy=remedy, address=reached.address, origin=reached.origin)


# --- alphabet ------------------------------------------------------------------------------------------------------------


def _ucs2(reached: Reached, wording: Wording) -> Finding:
    message = say(
        "{count:,} of {messages:,} message(s) need UCS-2 for {characters}: {segments:,} segment(s), at most {longest:,} a "
        "message; in GSM-7 as far as it has them {plain:,}, at most {longest_plain:,}",
        count=wording.unicode,
        messages=wording.messages,
        characters=_named(wording.costly),
        segments=wording.segments,
        longest=wording.longest,
        plain=wording.segments_plain,
        longest_plain=wording.longest_plain,
    )
    return _finding("SMS001", Severity.WARN, reached, message, " ".join(_remedies(wording.costly)))


def _named(costly: Sequence[Costly]) -> str:
    shown = [
        say("{character} from column {column}", character=one.name, column=one.column)
        if one.column
        else say("{character} in the text", character=one.name)
        for one in costly[:NAMED]
    ]
    if len(costly) > NAMED:
        shown.append(say("and others"))
    return ", ".join(shown)


def _remedies(costly: Sequence[Costly]) -> Iterator[str]:
    if any(not one.column and one.plain is not None for one in costly):
        yield say("'reconciler fmt --fix SMS' proposes a wording.")
    if columns := sorted({one.column for one in costly if one.column}):
        yield say("Write the column(s) {columns} without them in the source.", columns=", ".join(columns))
    if any(one.plain is None for one in costly):
        yield say("What GSM-7 has nothing for can only be left out.")


# --- opt-out -------------------------------------------------------------------------------------------------------------


def _opt_out(everything: Sequence[Reached]) -> Looked:
    """Marketing by message must say how to stop it. Where the text is the platform's own, nobody here knows."""
    marketing = [one for one in everything if one.channel == "sms" and one.purpose == "marketing"]
    told = {str(one.address): one.wording.opt_out if one.wording else None for one in marketing}
    return Looked(rule="SMS002", inputs=told, findings=tuple(_untold(one) for one in marketing if not told[str(one.address)]))


def _untold(reached: Reached) -> Finding:
    if reached.wording is None:
        message = say("the text is the platform's own: whether it tells how to stop these messages is not known")
        return _finding("SMS002", Severity.WARN, reached, message, say("look in the console"))
    message = say("marketing, and not every message tells how to stop it")
    remedy = say("add it, such as: Responda BAJA para no recibir mas")
    return _finding("SMS002", Severity.WARN, reached, message, remedy)


# --- length --------------------------------------------------------------------------------------------------------------


def _too_long(reached: Reached, wording: Wording) -> Finding:
    message = say(
        "the longest message has {longest:,} segments, and one can have {most:,}", longest=wording.longest, most=SEGMENTS_MAX
    )
    return _finding("SMS003", Severity.DENY, reached, message, say("shorten the text, or the column that makes it long"))


def _unsure(reached: Reached, wording: Wording, platform: str) -> Finding:
    message = say(
        "the longest message has {longest:,} segments, and what {platform} does with more than {known:,} is not public",
        longest=wording.longest,
        platform=platform,
        known=SEGMENTS_KNOWN[platform],
    )
    remedy = say("shorten it, or try it with a number of your own first")
    return _finding("SMS004", Severity.WARN, reached, message, remedy)
