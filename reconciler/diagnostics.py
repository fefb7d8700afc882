"""Findings: one shape for every mistake, warning and hint, and the registry of their codes.

A finding has a place, a reason and a remedy. `explain CODE` prints what the registry knows about its code, so that a code
in a log of last year still has a meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final

from reconciler.resource import Address, Origin


class Severity(Enum):
    """How much a finding matters, strongest first. ERROR and DENY stop an apply, APPROVE waits for an acknowledgement."""

    ERROR = "error"
    DENY = "deny"
    APPROVE = "approve"
    WARN = "warn"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the strongest."""
        return _RANKS[self]

    @property
    def blocks(self) -> bool:
        """Whether nothing may be sent while such a finding stands."""
        return self in (Severity.ERROR, Severity.DENY, Severity.APPROVE)


_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know. `message` and `remedy` are for people and never hold a secret or an unmasked personal value."""

    code: str
    severity: Severity
    message: str
    remedy: str = ""
    address: Address | None = None
    origin: Origin | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        """Sort key: by file and place, then by weight."""
        place = (self.origin.file, self.origin.line, self.origin.column) if self.origin else ("", 0, 0)
        return (*place, self.severity.rank, self.code, self.message)

    def to_json(self) -> dict[str, Any]:
        """The finding as the plan, `validate --format json` and SARIF know it; absent parts are null."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "remedy": self.remedy,
            "address": str(self.address) if self.address else None,
            "file": self.origin.file if self.origin else None,
            "line": self.origin.line if self.origin else None,
            "column": self.origin.column if self.origin else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """The inverse of `to_json`."""
        place = Origin(data["file"], data["line"], data["column"]) if data.get("file") else None
        return cls(
            code=data["code"],
            severity=Severity(data["severity"]),
            message=data["message"],
            remedy=data.get("remedy") or "",
            address=Address.parse(data["address"]) if data.get("address") else None,
            origin=place,
        )


def error(code: str, message: str, origin: Origin | None, remedy: str = "", address: Address | None = None) -> Finding:
    """A finding of severity ERROR."""
    return Finding(code=code, severity=Severity.ERROR, message=message, remedy=remedy, origin=origin, address=address)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by file and line, each once."""
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.order)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The strongest severity among them; None when there are none."""
    return min((finding.severity for finding in findings), key=lambda severity: severity.rank, default=None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy that names the nearest known word, or lists them when they are few; "" when neither helps."""
    choices = sorted(known)
    near = get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(choices)}" if 0 < len(choices) <= 24 else ""


@dataclass(frozen=True, slots=True)
class Code:
    """What stands behind a code: what it means, why it matters here, what to do."""

    title: str
    why: str
    remedy: str


CODES: Final[Mapping[str, Code]] = {
    "YML001": Code(
        "not YAML",
        "A file that cannot be read would silently be a wish left out.",
        "Mend the syntax at the place shown.",
    ),
    "YML002": Code("repeated key", "YAML readers silently keep one of two equal keys; which one is chance.", "Keep one."),
    "YML003": Code(
        "anchor or alias",
        "What a reviewer reads must be what is meant; references hide values from the diff.",
        "Write the value out.",
    ),
    "YML004": Code("tag", "A field's type alone says how its value is read.", "Remove the tag."),
    "YML005": Code("merge key", "Merged keys hide values from the diff.", "Write the keys out."),
    "YML006": Code(
        "file too large",
        "Documents are read whole; rows belong in data files, which are streamed.",
        "Move rows to a csv, jsonl or parquet file.",
    ),
    "YML007": Code("nested too deeply", "No document of ours needs such depth; a hostile one does.", "Flatten it."),
    "YML008": Code("not UTF-8", "Another encoding would change names without a word.", "Save the file as UTF-8."),
    "SPC000": Code(
        "mistakes in the documents", "Documents that are not understood are not acted on.", "Run `reconciler validate`."
    ),
    "SPC001": Code("unknown key", "A misspelt key would be a wish that nobody carries out.", "Correct or remove it."),
    "SPC002": Code("missing key", "The document cannot be carried out without it.", "Add it."),
    "SPC003": Code("wrong type", "The value has another shape than the field.", "Write the value as the field's type."),
    "SPC004": Code("value not allowed", "Only the listed values have a meaning.", "Use one of them."),
    "SPC005": Code("value not well formed", "The text does not have the form of this field.", "Write it as the message shows."),
    "SPC006": Code("unknown kind", "Documents are campaign, contacts, blacklist or scheduled_sms.", "Correct `kind`."),
    "SPC007": Code(
        "unknown target", "A document belongs to a target of reconciler.yaml.", "Correct `target`, or add the target."
    ),
    "SPC008": Code("address used twice", "Two wishes for one thing cannot both be carried out.", "Rename or remove one."),
    "SPC009": Code(
        "block of another platform",
        "A block belongs to the platform of the document's target.",
        "Remove it, or change the target.",
    ),
    "SPC010": Code(
        "refers to nothing",
        "The named campaign is not a document of the same target.",
        "Add the campaign, or import it.",
    ),
    "SPC011": Code(
        "not possible on this platform",
        "The platform's API cannot do what is wished.",
        "See the message for what can be done instead.",
    ),
    "SPC012": Code("fields that exclude each other", "The fields together have no meaning.", "Keep one of them."),
    "SPC013": Code(
        "unused or unknown column",
        "A column that the platform does not have would be dropped silently.",
        "Correct the mapping.",
    ),
    "SPC014": Code(
        "placeholder without a column",
        "The message would be sent with a hole in it.",
        "Map the column, or remove the placeholder.",
    ),
    "SPC015": Code("too many or too large files", "All documents together may have 20 MB.", "Move rows to data files."),
    "PRJ000": Code(
        "mistakes in the project file", "A project that is not understood is not acted on.", "Run `reconciler validate`."
    ),
    "PRJ001": Code(
        "no project",
        "Every command but `init`, `demo`, `explain` and `schema` works on a project.",
        "Run `reconciler init`, or give `--project FILE`.",
    ),
    "PRJ002": Code(
        "two targets with one account",
        "The same people would be managed twice, blind to each other.",
        "Keep one target for an account.",
    ),
    "PRJ003": Code(
        "url not allowed",
        "Credentials and people's numbers go to the vendor's hosts only.",
        "Remove `url`, or set `sandbox: true` for a loopback address.",
    ),
    "PRJ004": Code("unknown zone", "Times have no meaning without a zone.", "Use a name such as America/Bogota."),
    "PRJ005": Code("unknown platform", "Platforms are lynn, wolkvox and ucontact.", "Correct `platform`."),
    "PRJ006": Code("missing target key", "The platform cannot be addressed without it.", "Add it."),
    "SEC001": Code(
        "literal secret",
        "A secret in git is a secret of everybody who ever clones it.",
        "Write {env: NAME} or {file: PATH}, and change the secret.",
    ),
    "SEC002": Code(
        "secret not found",
        "The target cannot be asked without its credentials.",
        "Set the environment variable or create the file.",
    ),
    "SEC003": Code("secret readable by others", "Whoever reads the file can act on the platform.", "chmod 600 the file."),
    "PTH001": Code(
        "path leaves the project",
        "A hostile pull request could read any file of the runner.",
        "Keep the file inside the project, or list its folder under data_roots.",
    ),
    "PTH002": Code("file not found", "The data that the document names is not there.", "Correct the path, or add the file."),
    "SRC001": Code(
        "column not found",
        "The mapping names a column that the source does not have.",
        "Correct the name; the message lists the columns.",
    ),
    "SRC002": Code(
        "source not readable",
        "Rows that cannot be read would silently be left out.",
        "Mend the file at the place shown.",
    ),
    "SRC003": Code("empty source", "An empty file has no header and says nothing.", "Add a header line and rows."),
    "SRC004": Code("unknown format", "Sources are csv, parquet, jsonl, or cpg for Lynn.", "Convert the file."),
    "OWN001": Code(
        "not ours",
        "A live object has the wished name, and this project did not create it.",
        "Run `reconciler import ADDRESS` to adopt it, or choose another name.",
    ),
    "OWN002": Code(
        "two live objects with one name", "It cannot be known which of them is meant.", "Rename one in the console."
    ),
    "OWN003": Code(
        "carries our marker, not in the journal",
        "The journal was lost or is another project's.",
        "Restore the journal, or run `reconciler import ADDRESS`.",
    ),
    "PLT001": Code(
        "unknown skill", "The skill does not exist on the platform.", "Create it in the console, or correct the name."
    ),
    "PLT002": Code(
        "reading incomplete",
        "What was not shown cannot be told from what is not there.",
        "Run again; see the note for the cause.",
    ),
    "PLT003": Code(
        "state not known",
        "The platform shows a state that this program does not know, and nothing is guessed.",
        "Look in the console.",
    ),
    "PLT004": Code("limit of the platform", "The platform would refuse it.", "See the message."),
    "PLT005": Code(
        "quota does not suffice",
        "A plan that cannot be finished today is not begun.",
        "Wait for the next quota day, or split the plan.",
    ),
    "PLT006": Code(
        "answer not understood",
        "The platform answered with something other than its own dialect.",
        "Run `reconciler doctor`; try again.",
    ),
    "PLT007": Code(
        "platform not reached",
        "The platform gave no answer.",
        "Check the network and the platform's status; run again.",
    ),
    "PLT008": Code(
        "credentials refused",
        "The platform does not accept the credentials.",
        "Check the secret that the target names.",
    ),
    "PLT009": Code("the platform refused the change", "The platform answered that it did not do it.", "See its message."),
    "VOL001": Code(
        "too many deletes",
        "A mistake in a pattern or a folder deletes at scale.",
        "Acknowledge with the exact value shown, or change the wish.",
    ),
    "VOL002": Code(
        "too many updates",
        "A mistake in a default changes everything at once.",
        "Acknowledge with the exact value shown, or change the wish.",
    ),
    "VOL003": Code(
        "too many row removals",
        "Removals erase history and cannot be undone.",
        "Acknowledge with the exact value shown, or change the wish.",
    ),
    "VOL004": Code(
        "too many people",
        "More people would be contacted than the project allows in one plan.",
        "Acknowledge with the exact value shown, or split the list.",
    ),
    "VOL005": Code(
        "too many people contacted for the first time",
        "More new people would be contacted than the project allows.",
        "Acknowledge with the exact value shown, or split the list.",
    ),
    "VOL006": Code(
        "too many calls to the platform",
        "The plan would use more calls than the project allows.",
        "Acknowledge with the exact value shown, or split it.",
    ),
    "VOL007": Code(
        "empty wish",
        "A list that held rows is empty now: an export that failed looks just like this.",
        "Acknowledge it if it is meant.",
    ),
    "VOL008": Code("too many lifts", "People would become reachable again.", "Acknowledge with the exact value shown."),
    "VOL009": Code(
        "history would be erased",
        "A platform forgets the attempts of a row that is removed; an auditor would miss them.",
        "Acknowledge with the exact value shown, or use `missing: close`.",
    ),
    "SND003": Code(
        "loaded before, and gone",
        "Rows that we loaded are no longer live; loading them again contacts their people again.",
        "Find out who removed them; leave them out of the source if that was meant.",
    ),
    "LAW000": Code(
        "no law is looked at",
        "A plan that says nothing of the law would look as if it were lawful.",
        "Check hours, holidays, do-not-call registers and frequency yourself; this is no legal advice.",
    ),
    "POL001": Code(
        "policy not enforced by this version",
        "A rule that is written and not looked at is worse than none.",
        "Remove it until a version enforces it.",
    ),
    "POL002": Code(
        "acknowledgement does not fit",
        "An acknowledgement names the guard, the value and the plan that it was given for.",
        "Copy it from the plan as printed.",
    ),
    "PRO001": Code("protected", "The document says protect: true.", "Remove `protect` in a reviewed change first."),
    "EXP001": Code(
        "schedule in the past", "The moment has passed; it would be sent at once or never.", "Choose a later moment."
    ),
    "EXP002": Code(
        "schedule too near",
        "The platform moves schedules by the minute; the moment could be missed.",
        "Choose a moment at least two minutes away.",
    ),
    "DEP001": Code(
        "waits for something in doubt",
        "An earlier call to this address or campaign has an unknown outcome.",
        "Run `reconciler resolve`.",
    ),
    "DEP002": Code(
        "not started",
        "A campaign whose rows are in doubt or not verified is not started.",
        "Run `reconciler resolve`, then plan again.",
    ),
    "DEP003": Code(
        "its campaign is not there yet",
        "Rows go into a campaign that exists; this partial run would not create it.",
        "Name the campaign with `--only` too, or plan the whole project.",
    ),
    "DEP004": Code(
        "a blacklist addition is open",
        "Who said no must be barred before anything starts; this partial run leaves the list out.",
        "Name the blacklist with `--only` too, or plan the whole project.",
    ),
    "LFT001": Code(
        "stays when its document goes",
        "Removing a document takes nothing back: rows may still be dialled, entries still bar.",
        "Remove the rows with `missing: remove` before the document, or delete the campaign.",
    ),
    "PUR001": Code(
        "no purpose said",
        "Laws look at what a contact is for; where nobody says it, the strictest purpose is taken.",
        "Write `purpose` in the campaign, the contacts or the messages.",
    ),
    "SEL001": Code(
        "nothing selected",
        "A plan of nothing looks like a plan with nothing to do.",
        "Correct the glob; an address is target/kind/name.",
    ),
    "HRS001": Code(
        "outside its window",
        "The wish is to run, and now is outside the window: it is stopped until then.",
        "Nothing, or change the window.",
    ),
    "SND001": Code(
        "already sent with another content",
        "Rows that went out keep the old text, time or columns.",
        "Raise `generation` to send to all again.",
    ),
    "SND002": Code(
        "who is held",
        "Recipients of a call whose outcome is unknown are not contacted again.",
        "Run `reconciler resolve`.",
    ),
    "UNV001": Code(
        "not verifiable", "The platform takes this and never shows it again.", "Look in the console where it matters."
    ),
    "MAN001": Code(
        "a step for a person",
        "No API of the platform can do this step.",
        "Do it in the console, then `reconciler resolve`.",
    ),
    "SUP001": Code(
        "blocked by an entry that is not a number",
        "A blacklist entry could not be understood as a number; it blocks on its last 8 digits.",
        "Correct the entry.",
    ),
    "JRN001": Code(
        "journal missing",
        "Without its memory, people would be contacted again.",
        "Restore the journal that reconciler.yaml names.",
    ),
    "JRN002": Code(
        "foreign journal", "The journal belongs to another project.", "Restore the journal that reconciler.yaml names."
    ),
    "JRN003": Code(
        "journal does not verify",
        "An entry was changed, removed or damaged.",
        "Restore a copy; `reconciler audit verify` names the entry.",
    ),
    "JRN004": Code(
        "journal cannot be written",
        "Nothing may be sent that cannot be recorded first.",
        "Free space, or mend the disk.",
    ),
    "STL001": Code("plan stale", "What was reviewed is not what would be done now.", "Plan and review again."),
    "STL002": Code("plan damaged or used", "A saved plan is used once and unchanged.", "Plan again."),
    "STL003": Code("plan expired", "The world moved on since the plan was made.", "Plan again."),
    "LCK001": Code("lock held", "Another apply is at work on this project.", "Wait for it."),
    "APR001": Code(
        "not approved",
        "Nobody said yes.",
        "Answer on a terminal, or give a reviewed plan, `--digest` or `--auto-approve`.",
    ),
    "APR002": Code("deletes not allowed", "Deletes are carried out only with their exact number.", "Give `--allow-delete N`."),
    "APR003": Code(
        "irreversible steps not allowed",
        "With --auto-approve nobody has looked at them.",
        "Give `--allow-irreversible N`.",
    ),
    "BUG001": Code(
        "a bug in this program",
        "It should never happen; nothing more was sent.",
        "Report it with the saved details, which hold no personal data.",
    ),
    "INT001": Code("interrupted", "The call in flight was finished and recorded.", "Run again to go on."),
}
