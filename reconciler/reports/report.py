"""A plan's JSON turned into what every format shows: sections, symbols, remarks and counts, decided once.

The public JSON is the only input, so that a plan just made and a plan read back from a file are shown alike. Everything in
a Report is plain text for people: translated, on one line, free of control bytes. Formats only lay it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.diagnostics import Severity
from reconciler.reports import lists
from reconciler.reports.notices import Notice, notice
from reconciler.reports.printable import joined, plain, sentence, shown
from reconciler.reports.words import ACTIONS, REASONS, TITLES, counted, edited, moment, place, spoken, tally

_SYMBOLS: Final[Mapping[str, str]] = {
    "stop": "=",
    "blacklist_add": "+",
    "delete": "-",
    "create": "+",
    "update": "~",
    "rows_remove": "-",
    "rows_add": "+",
    "start": ">",
    "schedule": "+",
    "blacklist_remove": "-",
}
_APPENDS: Final = frozenset({"rows_add", "schedule"})
_ROWS: Final = frozenset({"blacklist_add", "rows_remove", "rows_add", "schedule", "blacklist_remove"})
_ORDER: Final = ("delete", "irreversible", "stop", "update", "other", "create", "rows", "start")
_RANKS: Final = {severity.value: severity.rank for severity in Severity}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLine:
    """One target as it was read. `detail` is for -v."""

    name: str
    simulated: bool
    complete: bool
    text: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """One field. `before` is "" where the object is new; `remark` says why it cannot be verified."""

    path: str
    before: str
    after: str
    remark: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that would happen at one address. Of a text, `examples` and `extra` are for -v."""

    symbol: str
    address: str
    remark: str = ""
    place: str = ""
    fields: tuple[FieldLine, ...] = ()
    details: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Things of one sort, in the plan's order. `name` is one of words.TITLES."""

    name: str
    items: tuple[Item, ...]

    @property
    def title(self) -> str:
        """The heading, without the count."""
        return spoken(TITLES, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is shown of a plan. `verdict` is "" unless nothing would change; `extra` is for -v."""

    targets: tuple[TargetLine, ...]
    sections: tuple[Section, ...]
    blocking: tuple[Notice, ...]
    notices: tuple[Notice, ...]
    changes: int
    summary: tuple[str, ...]
    verdict: str
    people: int
    first_time: int
    reach: tuple[str, ...]
    irreversible: int
    calls: tuple[tuple[str, int], ...]
    guards: str
    valid_until: str
    needs: str
    permissions: tuple[str, ...]
    digest: str
    extra: tuple[str, ...]

    @property
    def simulated(self) -> bool:
        """Whether no target is a real platform."""
        return bool(self.targets) and all(target.simulated for target in self.targets)


def of_plan(plan_json: Mapping[str, Any]) -> Report:
    """The report of a plan's public JSON (schema/plan.schema.json). Codes that are not known here appear as they are."""
    targets = {str(target["name"]): target for target in plan_json["targets"]}
    notices = sorted(map(notice, plan_json["findings"]), key=lambda found: _RANKS.get(found.severity, len(_RANKS)))
    blocking = tuple(found for found in notices if found.blocks)
    return Report(
        targets=tuple(map(target_line, targets.values())),
        sections=tuple(_sections(plan_json, targets)),
        blocking=blocking,
        notices=tuple(found for found in notices if not found.blocks),
        changes=len(plan_json["changes"]),
        summary=tuple(f"{n:,} {spoken(ACTIONS, action)}" for action, n in plan_json["summary"].items()),
        verdict=_verdict(plan_json, targets, blocked=bool(blocking)),
        people=plan_json["people"]["total"],
        first_time=plan_json["people"]["first_time"],
        reach=tuple(_reach(plan_json)),
        irreversible=plan_json["irreversible"],
        calls=tuple((plain(name), n) for name, n in plan_json["calls"].items()),
        guards=_guards(plan_json, blocking),
        valid_until=_end(plan_json),
        needs=_needs(plan_json),
        permissions=_permissions(plan_json.get("permissions") or {}),
        digest=plain(plan_json["digest"]),
        extra=_extra(plan_json),
    )


def _end(plan_json: Mapping[str, Any]) -> str:
    """When a plan ends, and what ends it."""
    at, why = moment(plan_json["valid_until"]), plain(plan_json.get("valid_until_why") or "")
    return say("{moment}: {why}", moment=at, why=why) if why else at


def _reach(plan_json: Mapping[str, Any]) -> Iterator[str]:
    """Who is reached, how and what for, and what it costs: a line each."""
    people = plan_json["people"]
    new, total = people["first_time"], people["total"]
    if total:
        yield say("{new:,} new · {known:,} contacted before", new=new, known=total - new)
    for words, key in ((say("by country"), "by_country"), (say("by channel"), "by_channel"), (say("by purpose"), "by_purpose")):
        parts = [f"{plain(name) or say('unknown')} {n:,}" for name, n in (people.get(key) or {}).items()]
        if parts:
            yield f"{words}: {joined(parts)}"
    cost = plan_json.get("cost") or {}
    if cost.get("segments"):
        segments = counted(cost["segments"], "{n:,} segment of messages", "{n:,} segments of messages")
        price = f"{cost['amount']} {plain(cost['currency'])}" if cost.get("currency") else ""
        yield joined([segments, price])


def target_line(target: Mapping[str, Any]) -> TargetLine:
    """A target's JSON as it is shown."""
    complete = bool(target["complete"])
    note = sentence(target.get("note") or "")
    if target.get("append_only"):
        seen = say("append-only platform: compared with the journal, not with the platform")
        seen = seen if complete else joined([seen, say("INCOMPLETE"), note])
    else:
        read = counted(target.get("campaigns", 0), "{n:,} campaign read", "{n:,} campaigns read")
        state = say("complete") if complete else say("INCOMPLETE")
        seen = f"{read}, {state}" + (f" ({note})" if note else "")
    return TargetLine(
        name=plain(target["name"]),
        simulated=bool(target.get("simulated")),
        complete=complete,
        text=joined([seen, _quota(target)]),
        detail=joined(
            [
                plain(target["platform"]),
                plain(target.get("url") or ""),
                say("account {account}", account=plain(target["account"])) if target.get("account") else "",
                say("read {moment}", moment=moment(target["read_at"])) if target.get("read_at") else "",
            ]
        ),
    )


def _quota(target: Mapping[str, Any]) -> str:
    left, limit = target.get("calls_left"), target.get("calls_limit")
    if left is None:
        return ""
    if limit is None:
        return counted(left, "{n:,} call left today", "{n:,} calls left today")
    return counted(left, "{n:,} call left of {limit:,} today", "{n:,} calls left of {limit:,} today", limit=limit)


def _sections(plan_json: Mapping[str, Any], targets: Mapping[str, Mapping[str, Any]]) -> Iterator[Section]:
    changes: Sequence[Mapping[str, Any]] = plan_json["changes"]
    rows = {str(entry["address"]): entry for entry in plan_json["rows"]}
    names = [_section(change) for change in changes]
    tells = _tellers(changes, names)
    sorts: dict[str, list[Item]] = {name: [] for name in _ORDER}
    for index, (change, name) in enumerate(zip(changes, names, strict=True)):
        counts = rows.get(str(change["address"])) if tells.get(str(change["address"])) == index else None
        sorts[name].append(_item(change, counts, targets))
    for name, items in {"drift": drift_items(plan_json["drift"], changes), **sorts}.items():
        if items:
            yield Section(name=name, items=tuple(items))
    later = {
        "manual": [_step(step) for step in plan_json["manual"]],
        "unverifiable": [_doubtful(change, targets) for change in changes if _only_taken(change)],
        "unchanged": list(_standing(changes, rows)),
    }
    for name, items in later.items():
        if items:
            yield Section(name=name, items=tuple(items))


def drift_items(drift: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]]) -> list[Item]:
    """What somebody else changed, one field a line, and what becomes of it by these changes."""
    sets: dict[str, list[str]] = {}
    for change in changes:
        paths = [str(field["path"]) for field in change.get("fields") or ()]
        sets.setdefault(str(change["address"]), []).extend([*paths, *([""] if change["action"] == "create" else [])])
    return [
        Item(
            symbol="≠",
            address=plain(found["address"]),
            remark=edited(found, sets.get(str(found["address"]), [])),
            place=place(found),
        )
        for found in drift
    ]


def _symbol(change: Mapping[str, Any]) -> str:
    """» appends for good, × destroys for good (decisions.md of the design, 7)."""
    action = str(change["action"])
    if change.get("reversible", True):
        return _SYMBOLS.get(action, "~")
    return "»" if action in _APPENDS else "×"


def _section(change: Mapping[str, Any]) -> str:
    action = str(change["action"])
    if action == "delete":
        return "delete"
    if _symbol(change) == "×":
        return "irreversible"
    if action in _ROWS:
        return "rows"
    return action if action in _ORDER else "other"


def _tellers(changes: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, int]:
    """For each address with rows, the one change that tells about them: the first under ROWS, else the first of all."""
    tellers: dict[str, int] = {}
    for wanted in ("rows", "irreversible"):
        for index, change in enumerate(changes):
            if names[index] == wanted and change["action"] in _ROWS:
                tellers.setdefault(str(change["address"]), index)
    return tellers


def _item(
    change: Mapping[str, Any],
    counts: Mapping[str, Any] | None,
    targets: Mapping[str, Mapping[str, Any]],
) -> Item:
    address, action = str(change["address"]), str(change["action"])
    target = targets.get(address.partition("/")[0], {})
    remarks = [_why(change), _after(change)]
    if action in _ROWS and counts is None:
        moved = counted(change.get("count", 0), "{n:,} row", "{n:,} rows")
        remarks.insert(0, f"{spoken(ACTIONS, action)}: {moved}")
    return Item(
        symbol=_symbol(change),
        address=plain(address),
        remark=joined(remarks),
        place=place(change),
        fields=tuple(_field(field, action, target) for field in change.get("fields") or () if not _goes_without(field, action)),
        details=lists.details(counts, append_only=bool(target.get("append_only"))) if counts else (),
        examples=lists.examples(counts) if counts else (),
        extra=tuple(_more(change, counts)),
    )


def _why(change: Mapping[str, Any]) -> str:
    reason = str(change.get("reason", ""))
    return say(REASONS[reason]) if reason in REASONS else ""


def _after(change: Mapping[str, Any]) -> str:
    """What a start waits for: the order that keeps people who opted out from being called."""
    if change["action"] != "start":
        return ""
    waits = {str(key).partition(" ")[0] for key in change.get("depends_on") or ()}
    if waits & {"rows_add", "rows_remove"}:
        return say("after its rows are verified")
    return say("after the blacklist is verified") if "blacklist_add" in waits else ""


def _more(change: Mapping[str, Any], counts: Mapping[str, Any] | None) -> Iterator[str]:
    after = [plain(key) for key in change.get("depends_on") or ()]
    if after:
        yield say("after: {changes}", changes=", ".join(after))
    if change.get("calls"):
        yield say("calls: {n:,}", n=change["calls"])
    if counts and counts.get("digest"):
        yield say("rows digest: {digest}", digest=plain(counts["digest"]))


def _field(field: Mapping[str, Any], action: str, target: Mapping[str, Any]) -> FieldLine:
    new = action == "create" and field.get("before") is None
    return FieldLine(
        path=plain(field["path"]),
        before="" if new else shown(field.get("before")),
        after=shown(field.get("after")),
        remark="" if field.get("verifiable", True) else say("{platform} does not show it", platform=_platform(target)),
        place=f":{field['line']}" if field.get("line") else "",
    )


def _goes_without(field: Mapping[str, Any], action: str) -> bool:
    """Whether the action itself says what happens to the field."""
    return action in {"start", "stop"} and field["path"] == "state"


def _platform(target: Mapping[str, Any]) -> str:
    return plain(target["platform"]) if target else say("the platform")


def _only_taken(change: Mapping[str, Any]) -> bool:
    """Whether nothing of the change can be read back; where single fields cannot, they say so themselves."""
    fields = change.get("fields") or ()
    return not change.get("verifiable", True) and all(field.get("verifiable", True) for field in fields)


def _doubtful(change: Mapping[str, Any], targets: Mapping[str, Mapping[str, Any]]) -> Item:
    address = str(change["address"])
    words = say(
        "{action}: {platform} takes it and does not show it",
        action=spoken(ACTIONS, str(change["action"])),
        platform=_platform(targets.get(address.partition("/")[0], {})),
    )
    return Item(symbol="?", address=plain(address), remark=words, place=place(change))


def _step(step: Mapping[str, Any]) -> Item:
    key = plain(step["key"])
    closing = say("when it is done, close step {key} with `reconciler resolve`", key=key)
    return Item(
        symbol="!", address=plain(step["address"]), place=place(step), details=(sentence(step["what"]),), extra=(closing,)
    )


def _standing(changes: Sequence[Mapping[str, Any]], rows: Mapping[str, Mapping[str, Any]]) -> Iterator[Item]:
    moved = {str(change["address"]) for change in changes if change["action"] in _ROWS}
    for address, counts in rows.items():
        words = "" if address in moved else lists.standing(counts)
        if words:
            yield Item(symbol=" ", address=plain(address), remark=words, place=place(counts), examples=lists.examples(counts))


_HELD = frozenset({"DEP001", "DEP002", "SND002"})


def _verdict(plan_json: Mapping[str, Any], targets: Mapping[str, Mapping[str, Any]], *, blocked: bool) -> str:
    """What an empty plan means; it never sounds better than what was read."""
    if plan_json["changes"]:
        return ""
    if not all(target["complete"] for target in targets.values()):
        return say("No changes found, but not everything could be read.")
    if blocked:
        return say("No changes can be planned while what is listed under BLOCKED stands.")
    if any(finding["code"] in _HELD for finding in plan_json["findings"]):
        return say("No other changes. What is in doubt is held until 'reconciler resolve' has settled it.")
    if plan_json["manual"]:
        return say("No changes. What is left to do are steps that only a person can do.")
    return say("No changes. The platforms are as the specs wish.")


def _guards(plan_json: Mapping[str, Any], blocking: Sequence[Notice]) -> str:
    if blocking:
        return ", ".join(tally(found.severity for found in blocking))
    return say("all pass") if plan_json.get("evaluated") else say("none evaluated")


def _needs(plan_json: Mapping[str, Any]) -> str:
    """The flags without which apply will refuse this plan."""
    deletes, irreversible = plan_json.get("deletes", 0), plan_json["irreversible"]
    given = (plan_json.get("permissions") or {}).get("allow_delete")
    return joined(
        [
            f"--allow-delete {deletes}" if deletes and given != deletes else "",
            say("--allow-irreversible {n} (with --auto-approve)", n=irreversible) if irreversible else "",
        ]
    )


def _permissions(permissions: Mapping[str, Any]) -> tuple[str, ...]:
    deletes = permissions.get("allow_delete")
    acknowledged = tuple(f"--ack {plain(ack)}" for ack in permissions.get("acks") or ())
    return acknowledged if deletes is None else (f"--allow-delete {deletes}", *acknowledged)


def _extra(plan_json: Mapping[str, Any]) -> tuple[str, ...]:
    source = plan_json.get("source") or {}
    commit = plain(source["commit"]) if source.get("commit") else ""
    dirty = say("with uncommitted changes") if source.get("dirty") else ""
    rules = [_rule(rule) for rule in plan_json.get("evaluated") or ()]
    lines = [
        say(
            "made {moment} by version {version}",
            moment=moment(plan_json["created_at"]),
            version=plain(plan_json["tool_version"]),
        ),
        say("source: {source}", source=joined([commit, dirty], ", ")) if commit or dirty else "",
        say("rules: {rules}", rules=", ".join(rules)) if rules else "",
        say("journal head: {hash}", hash=plain(plan_json["journal_head"])) if plan_json.get("journal_head") else "",
    ]
    return tuple(line for line in lines if line)


def _rule(rule: Mapping[str, Any]) -> str:
    return joined([plain(rule.get(part) or "") for part in ("rule", "version", "result")], " ")
