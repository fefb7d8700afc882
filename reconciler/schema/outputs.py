"""What the program writes as JSON Schemas: plans, runs, drift, the coming days, the journal; tested against real output."""

from __future__ import annotations

from typing import Final

from reconciler.apply import Result
from reconciler.diagnostics import Severity
from reconciler.journal.entry import Event
from reconciler.plan.reached import Way
from reconciler.plan.values import Reason
from reconciler.resource import Action
from reconciler.schema.form import (
    ADDRESS,
    ANYTHING,
    COUNT,
    FLAG,
    HEAD,
    IN_FILE,
    INSTANT,
    LINE,
    ON_LINE,
    SHA256,
    STRING,
    VERSION,
    Schema,
    described,
    exactly,
    list_of,
    map_of,
    one_of,
    or_null,
)

_FINDING: Final = exactly(
    code=described({"type": "string", "pattern": r"^[A-Z]{3}\d{3}$"}, "`explain CODE` says more."),
    rule=or_null(described(STRING, "The id of the law's rule, or `rule:NAME` of the project's own.")),
    severity=one_of(Severity),
    message=STRING,
    remedy=STRING,
    address=or_null(ADDRESS),
    file=IN_FILE,
    line=ON_LINE,
    column=or_null(LINE),
)
_PEOPLE: Final = exactly(
    "Unique persons who would be contacted. Whoever is reached in two ways counts in each, and once in the total.",
    total=COUNT,
    first_time=described(COUNT, "Those whom the journal has never seen."),
    by_country=map_of(COUNT, "By the country of their numbers; empty where it is not known."),
    by_channel=map_of(COUNT),
    by_purpose=map_of(COUNT),
)
_WORDING: Final = exactly(
    "What the messages weigh, over the real rows.",
    messages=COUNT,
    segments=described(COUNT, "As they are written."),
    longest=described(COUNT, "Segments of the longest message."),
    segments_plain=described(COUNT, "With every costly character replaced that has a plain form."),
    longest_plain=COUNT,
    unicode=described(COUNT, "Messages that GSM-7 cannot carry."),
    unicode_plain=described(COUNT, "Those that it could not carry even so."),
    costly=list_of(exactly(character=STRING, column=STRING, messages=COUNT, plain=or_null(STRING))),
    opt_out=described(FLAG, "Whether every message says how to be left alone."),
)
_REACHED: Final = exactly(
    "One address by which people are contacted, as the policies look at it.",
    address=ADDRESS,
    way=one_of(Way),
    purpose=STRING,
    purpose_said=described(FLAG, "False where nobody gives a purpose, and the strictest is taken."),
    service=STRING,
    sector=STRING,
    channel=STRING,
    places=list_of(exactly("Where people may be.", country=STRING, zones=list_of(STRING), people=COUNT)),
    begins=described(FLAG, "Whether this plan makes it reach somebody."),
    people=COUNT,
    first_time=COUNT,
    known=described(FLAG, "False where rows of others are in it that the platform does not list."),
    wording=or_null(_WORDING),
)


_TARGET: Final = exactly(
    name=STRING,
    platform=STRING,
    url=STRING,
    account=STRING,
    simulated=FLAG,
    complete=described(FLAG, "Whether the target showed its whole state; `note` says why not."),
    read_at=INSTANT,
    campaigns=COUNT,
    calls_used=or_null(COUNT),
    calls_left=or_null(COUNT),
    calls_limit=or_null(COUNT),
    note=STRING,
    append_only=described(FLAG, "Compared with the journal, since the platform does not show what it holds."),
)
_DRIFT: Final = exactly(
    "A field of ours that somebody else changed since we last wrote or adopted it.",
    address=ADDRESS,
    path=described(STRING, "`state` for the run state; empty where the whole object is gone, `applied` is then its name."),
    applied=described(ANYTHING, "As we left it."),
    live=described(ANYTHING, "As it is now."),
    wished=described(ANYTHING, "As the file has it; null where no file says."),
    file=IN_FILE,
    line=ON_LINE,
)


def drift() -> Schema:
    """What somebody else changed."""
    return exactly(
        format_version=VERSION,
        tool_version=STRING,
        targets=list_of(_TARGET),
        drift=list_of(_DRIFT),
        in_doubt=list_of(ADDRESS, "Not compared, since the outcome of a call there is unknown."),
        findings=list_of(_FINDING),
    )


def when() -> Schema:
    """What the coming days hold."""
    entry = exactly(
        "One document that reaches people, in one zone in which they may be; where rules begin or cease to bar it, another.",
        address=ADDRESS,
        way=one_of(Way),
        start=described(or_null(INSTANT), "On the zone's clock; null for what goes out with the next apply."),
        end=described(or_null(INSTANT), "Of a campaign; it is over then."),
        zone=STRING,
        barred=list_of(STRING, "The rules that bar it then."),
        judged=described(FLAG, "False where no rule can tell."),
        country=STRING,
        purpose=STRING,
        purpose_said=described(FLAG, "False where nobody gives a purpose, and the strictest is taken."),
        channel=STRING,
        file=IN_FILE,
        line=ON_LINE,
    )
    unknown = exactly(address=ADDRESS, why=STRING, file=IN_FILE, line=ON_LINE)
    return exactly(
        format_version=VERSION,
        tool_version=STRING,
        simulated=list_of(STRING, "Targets that are the sandbox."),
        start=INSTANT,
        end=INSTANT,
        entries=list_of(entry),
        holidays=list_of(exactly(date=described(STRING, "YYYY-MM-DD."), country=STRING, name=STRING)),
        unknown=list_of(unknown, "What reaches people, and the files do not tell when, or where they are."),
    )


def plan() -> Schema:
    """A plan, printed or saved."""
    difference = exactly(
        path=STRING,
        before=ANYTHING,
        after=ANYTHING,
        verifiable=described(FLAG, "Whether the platform shows the field, so that it can be read back."),
        line=ON_LINE,
    )
    change = exactly(
        address=ADDRESS,
        action=one_of(Action),
        reason=one_of(Reason),
        fields=list_of(difference),
        count=described(COUNT, "Rows of the action; 0 for objects."),
        reversible=FLAG,
        verifiable=FLAG,
        depends_on=list_of(
            STRING, "Actions and addresses that come before it, and must have succeeded unless it protects people."
        ),
        calls=COUNT,
        file=IN_FILE,
        line=ON_LINE,
    )
    rows = exactly(
        address=ADDRESS,
        in_source=COUNT,
        to_add=COUNT,
        to_remove=COUNT,
        to_close=COUNT,
        to_replace=COUNT,
        to_lift=COUNT,
        changed=described(COUNT, "Live rows that differ, whatever is done about them."),
        changed_columns=map_of(COUNT, "In how many of them each column does."),
        unchanged=COUNT,
        live=COUNT,
        kept=described(COUNT, "Live rows that the source lacks and that stay."),
        suppressed=map_of(COUNT, "Rows not contacted, by reason; each row once."),
        reasons=map_of(COUNT, "What was invalid, told apart."),
        examples=map_of(list_of(STRING), "A few invalid rows of each reason, masked; with the column, and its shape."),
        people=COUNT,
        first_time=COUNT,
        digest=STRING,
        sample=list_of(STRING, "Masked numbers."),
        enforced_by_us=described(FLAG, "A blacklist that the platform does not know."),
        file=IN_FILE,
        line=ON_LINE,
    )
    permissions = exactly(
        "What the reviewer allowed when the plan was made.", allow_delete=or_null(COUNT), acks=list_of(STRING)
    )
    basis = exactly(
        "Keyed digests of what it was made from, by target and by address.",
        journal=SHA256,
        policy=SHA256,
        targets=map_of(SHA256),
        documents=map_of(SHA256),
        sources=map_of(STRING),
    )
    extent = exactly(
        "What it does and to whom, for telling a plan that became less from one that became more.",
        substance=map_of(ANYTHING, "What the digest covers."),
        people=COUNT,
        names=map_of(map_of(ANYTHING), "By address and verb: how many, their digest, and their short keyed names in base64."),
        homes=map_of(ADDRESS, "The campaign that rows go into."),
        suppressed=map_of(map_of(COUNT)),
        again=map_of(COUNT),
        edits=map_of(list_of(STRING), "What somebody set in a console where it sets something else."),
    )
    made_with = exactly(
        "Only in a saved plan: how it was made.",
        only=list_of(STRING),
        at=or_null(STRING),
        boot=described(STRING, "Which boot of the machine, hashed."),
        clock_s=described({"type": "number", "minimum": 0}, "Seconds on the clock of that boot."),
        basis=basis,
        extent=extent,
    )
    return exactly(
        optional=("made_with", "seal"),
        format_version=VERSION,
        tool_version=STRING,
        digest=described(SHA256, "Names what would be sent and to whom, and what stands where rows are replaced or removed."),
        created_at=INSTANT,
        valid_until=INSTANT,
        valid_until_why=STRING,
        source=exactly("The state of the repository.", commit=or_null(STRING), dirty=FLAG),
        blocked=described(FLAG, "Whether a finding forbids to apply."),
        empty=described(FLAG, "Whether an apply would change nothing."),
        targets=list_of(_TARGET),
        drift=list_of(_DRIFT, "What somebody else changed on what is ours."),
        changes=list_of(change, "Every action, in the order of carrying out."),
        rows=list_of(rows, "One for each address with rows."),
        manual=list_of(
            exactly(address=ADDRESS, key=STRING, what=STRING, file=IN_FILE, line=ON_LINE), "Steps that no API can do."
        ),
        findings=list_of(_FINDING),
        people=_PEOPLE,
        reached=list_of(_REACHED),
        irreversible=described(COUNT, "The number for --allow-irreversible."),
        deletes=described(COUNT, "The number for --allow-delete."),
        calls=map_of(COUNT, "Calls by target."),
        summary=map_of(COUNT, "Changes by action.") | {"propertyNames": one_of(Action)},
        permissions=permissions,
        cost=exactly(
            "What the messages weigh, and what that costs; no amount where the project gives no price.",
            segments=COUNT,
            amount=or_null(described(STRING, "Exact, as a decimal number.")),
            currency=or_null(STRING),
        ),
        evaluated=list_of(
            exactly(rule=STRING, version=STRING, inputs_digest=STRING, result=STRING),
            "Verdicts of rules, passes included.",
        ),
        versions=map_of(STRING, "Of what rules look things up in: clocks, holidays and numbers."),
        waivers=list_of(
            exactly(rule=STRING, address=STRING, reason=STRING, owner=STRING, expires=STRING, used=FLAG),
            "Rules that do not hold for an address, until the end of a day; `used` where this plan needed one.",
        ),
        lists=list_of(
            exactly(name=STRING, digest=SHA256, count=COUNT, fetched_at=or_null(STRING)),
            "The suppression lists that were read: the SHA-256 of the file, and how many different entries it has.",
        ),
        journal_head=described(HEAD, "The hash of the journal's last entry."),
        made_with=made_with,
        seal=described(SHA256, "Only in a saved plan: over its whole content."),
    )


def run() -> Schema:
    """What an apply did."""
    change = exactly(
        address=ADDRESS,
        action=one_of(Action),
        outcome=one_of(Result),
        why=STRING,
        count=described(COUNT, "Rows; 0 for objects."),
        calls=COUNT,
        operations=list_of(STRING, "The operations to resolve, where the outcome is unknown."),
    )
    narrowed = exactly(address=ADDRESS, action=one_of(Action), reviewed=COUNT, now=COUNT, why=STRING)
    return exactly(
        format_version=VERSION,
        tool_version=STRING,
        run=STRING,
        digest=SHA256,
        exit_code=described(COUNT, "As in the table of exit codes."),
        started_at=INSTANT,
        ended_at=INSTANT,
        changes=list_of(change),
        people=_PEOPLE,
        unknown=list_of(STRING, "Operations whose outcome is unknown: `reconciler resolve`."),
        narrowed=list_of(narrowed, "What was done less than reviewed, and what was added because it protects people."),
        simulated=list_of(STRING, "Targets that are the sandbox."),
        journal_head=HEAD,
    )


def journal_line() -> Schema:
    """One entry of the journal."""
    entry = exactly(
        "What the hash covers. Names that stand at their defaults are left out.",
        optional=(
            *("run", "operation", "address", "action", "call", "container", "generation", "count", "boot", "clock_s", "facts"),
            "columns",
        ),
        number=described(LINE, "From 1, without gaps."),
        event=one_of(Event),
        at=INSTANT,
        run=STRING,
        operation=described(STRING, "Groups the events of one call."),
        address=ADDRESS,
        action=one_of(Action),
        call=described(STRING, "The vendor's name of the call."),
        container=described(STRING, "Platform, account and live campaign, in which recipients are remembered."),
        generation=LINE,
        count=described(COUNT, "Rows of the call."),
        boot=described(STRING, "Which boot of the machine."),
        clock_s=described({"type": "number", "minimum": 0}, "Seconds on the clock of that boot."),
        facts=map_of(ANYTHING, "Ids, counts, statuses and settings; nothing personal."),
        columns=exactly(
            "SHA-256 of each packed column of HMACs beside the entry.",
            optional=("recipients", "persons", "contents"),
            recipients=SHA256,
            persons=SHA256,
            contents=SHA256,
        ),
    )
    return exactly(
        previous=described(SHA256, "The hash before; zeros before the first."),
        hash=described(SHA256, "SHA-256 over the 32 bytes of `previous` and the entry as RFC 8785 canonical JSON."),
        entry=entry,
    )
