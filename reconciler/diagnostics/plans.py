"""Codes of what a plan finds: what is not ours, not read, too much, in doubt, changed by others, left to a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.diagnostics.code import Code

PLANS: Final[Mapping[str, Code]] = {
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
    "VOL010": Code(
        "too expensive",
        "The messages would cost more than the project allows for one plan.",
        "Acknowledge with the exact value shown, or send fewer or shorter messages.",
    ),
    "VOL011": Code(
        "shrunk wish",
        "A list has lost more than half of its rows since it was last applied: an export that broke off looks just like this.",
        "Acknowledge it if it is meant.",
    ),
    "SND003": Code(
        "loaded before, and gone",
        "Rows that we loaded are no longer live; loading them again contacts their people again.",
        "Find out who removed them; leave them out of the source if that was meant.",
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
    "POL003": Code(
        "library for rules of your own missing",
        "Rules are expressions that a library of its own evaluates; a rule that cannot be looked at would be silently no rule.",
        "Install the extra: `pip install 'reconciler[rules]'`.",
    ),
    "POL004": Code(
        "part of the plan would pass",
        "One denial refuses the whole apply, so that nobody takes half a plan for the whole.",
        "Plan and apply with the `--only` that is named.",
    ),
    "RUL001": Code(
        "a rule of your own",
        "The project's own rule says so.",
        "See the rule's message in `policies.rules`.",
    ),
    "RUL002": Code(
        "rule of your own could not be evaluated",
        "Whether a plan may be is not known then, and unknown is not allowed.",
        "Correct the expression; test for what may be missing, and look at less.",
    ),
    "RUL003": Code(
        "expression of a rule of your own is wrong",
        "A name that does not exist, or a comparison of two kinds of value, would never trip.",
        "Correct the expression where the caret points.",
    ),
    "WAV001": Code(
        "waiver has expired",
        "A reason that nobody looks at again outlives what it was given for.",
        "Remove it, or look at its reasons again and write another day.",
    ),
    "WAV002": Code("waiver not needed", "What is waived and not needed will hide something one day.", "Remove it."),
    "WAV003": Code(
        "rule that nobody may waive",
        "Who said no, whom a test may not reach, what is out of date and what is not known are no matter of reasons.",
        "Remove the waiver, and what the rule holds back.",
    ),
    "APW001": Code(
        "outside the hours of applying",
        "The project says when somebody is there to see what an apply does.",
        "Apply in a window of `policies.apply_windows`; `apply --safe-only` stops and bars at any time.",
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
    "DRF001": Code(
        "both sides changed the same field",
        "Somebody set it in the console, and the file wishes something else than before: one of two people would be overruled.",
        "Ask them. Write the agreed value into the file, or acknowledge that the file is right.",
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
}
