"""The coming days as `reconciler when` shows them: day by day, in the time of those who are reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.reports import json
from reconciler.reports.printable import plain
from reconciler.reports.style import Style
from reconciler.reports.words import place

_TIMES: Final = 13  # 00:00–24:00, and "+1" behind it


def _text(timeline: Mapping[str, Any], style: Style) -> str:
    start, end = (datetime.fromisoformat(timeline[name]) for name in ("start", "end"))
    span = say("From {start} to {end}, in the time of those who are reached.", start=_moment(start), end=_moment(end))
    blocks = [[style.paint(span, "strong")]]
    at_once = [entry for entry in timeline["entries"] if entry["start"] is None]
    if at_once:
        blocks.append([style.paint(say("With the next apply"), "strong"), *_lines(at_once, style)])
    blocks.extend(_days(timeline, style))
    if timeline["unknown"]:
        gaps = [f"  {plain(gap['address'])}: {plain(gap['why'])}  {place(gap)}" for gap in timeline["unknown"]]
        blocks.append([style.paint(say("Not known here"), "strong"), *gaps])
    if not timeline["entries"]:
        blocks.append([say("Nothing that is written dials or sends.")])
    return "\n".join("\n".join(block) + "\n" for block in blocks)


def _days(timeline: Mapping[str, Any], style: Style) -> Iterator[list[str]]:
    """A block for each day on which something happens, or which is a holiday."""
    timed = [entry for entry in timeline["entries"] if entry["start"]]
    days = {entry["start"][:10] for entry in timed} | {holiday["date"] for holiday in timeline["holidays"]}
    for day in sorted(days):
        here = [entry for entry in timed if entry["start"][:10] == day]
        off = _off([holiday for holiday in timeline["holidays"] if holiday["date"] == day])
        title = style.paint(_day(date.fromisoformat(day)), "strong")
        yield [title + off, *(_lines(here, style) or [f"  {say('nothing')}"])]


def _day(day: date) -> str:
    names = (say("Mon"), say("Tue"), say("Wed"), say("Thu"), say("Fri"), say("Sat"), say("Sun"))
    return f"{names[day.weekday()]} {day.isoformat()}"


def _off(holidays: Sequence[Mapping[str, Any]]) -> str:
    told = (f"{one['country']} {plain(one['name'])}".rstrip() for one in holidays)
    return f"  {say('holiday')}: {', '.join(told)}" if holidays else ""


def _moment(moment: datetime) -> str:
    return f"{_day(moment.date())} {moment:%H:%M}"


def _lines(entries: Sequence[Mapping[str, Any]], style: Style) -> list[str]:
    zone_width = max((len(entry["zone"]) for entry in entries), default=0)
    address_width = max((len(entry["address"]) for entry in entries), default=0)
    return [_line(entry, zone_width, address_width, style) for entry in entries]


def _line(entry: Mapping[str, Any], zone_width: int, address_width: int, style: Style) -> str:
    done, tone = _done(entry)
    purpose = plain(entry["purpose"]) if entry["purpose_said"] else say("{purpose} (not said)", purpose=plain(entry["purpose"]))
    told = " · ".join((purpose, plain(entry["channel"]), *map(plain, entry["barred"])))
    times = f"{_times(entry):<{_TIMES}} " if entry["start"] else ""
    line = (
        f"  {times}{plain(entry['zone']):<{zone_width}}  {style.paint(f'{done:<7}', tone)}  "
        f"{plain(entry['address']):<{address_width}}  {told}  {place(entry)}"
    )
    return line.rstrip()


def _done(entry: Mapping[str, Any]) -> tuple[str, str]:
    """What an entry does, in a word, and the word's tone."""
    if entry["barred"]:
        return say("barred"), "deny"
    if not entry["judged"]:
        return say("unknown"), "warn"
    return (say("dials"), ">") if entry["way"] == "dial" else (say("sends"), "»")


def _times(entry: Mapping[str, Any]) -> str:
    start = datetime.fromisoformat(entry["start"])
    if entry["end"] is None:
        return f"{start:%H:%M}"
    end = datetime.fromisoformat(entry["end"])
    days = (end.date() - start.date()).days
    if days == 1 and (end.hour, end.minute) == (0, 0):
        return f"{start:%H:%M}–24:00"
    return f"{start:%H:%M}–{end:%H:%M}" + (f" +{days}" if days else "")


TIMELINE_FORMATS: Final[Mapping[str, Callable[[Mapping[str, Any], Style], str]]] = {"text": _text, "json": json.render}


def render_timeline(timeline: Mapping[str, Any], format: str, style: Style) -> str:  # noqa: A002 - the word that users know
    """What `reconciler when` found, in one of TIMELINE_FORMATS; KeyError for another."""
    return TIMELINE_FORMATS[format](timeline, style)
