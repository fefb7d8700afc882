"""Codes of what is wrong with files: documents, the project, secrets, paths, sources of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.diagnostics.code import Code

FILES: Final[Mapping[str, Code]] = {
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
    "PTH003": Code(
        "address not allowed",
        "A hostile pull request could reach what only the runner can reach.",
        "Name a file by https:// or s3://, on a public host; give what lies inside your network by its path.",
    ),
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
    "SRC005": Code(
        "source changed while it was read",
        "Half of an old list and half of a new one is nobody's wish.",
        "Wait until the file is written, and run again. Whoever writes it should write beside it and rename.",
    ),
    "SRC006": Code(
        "source too large",
        "More than is believed or than there is room for; a small packed file can fill a disk.",
        "Look at the file; free space, raise limits.memory, or split the list.",
    ),
    "SRC007": Code(
        "source not reachable",
        "The database or server did not give the rows, or its library is not installed.",
        "Follow the remedy in the message; nothing was used.",
    ),
    "SRC008": Code(
        "not the content that was reviewed",
        "What lies at the address has another SHA-256 than the document says.",
        "Look at what changed, and write the new sha256.",
    ),
    "CLK001": Code(
        "edge of a window at a time that the clock skips or repeats",
        "On the night on which clocks are set, such an edge is not where it seems to be.",
        "Nothing, if the edge may lie where the message says; or move it out of that hour.",
    ),
    "CLK002": Code(
        "offset of another clock",
        "An instant says two things: a time and an offset. Where they are not those of the target's zone, one may be a slip.",
        "Write the offset that the zone has at that time, or the instant in UTC with `Z`.",
    ),
    "CLK003": Code(
        "time that the platform's clock shows twice",
        "The platform takes no offset, so that it could be reached an hour early.",
        "Choose a moment outside the hour that is repeated.",
    ),
    "TST001": Code(
        "case does not fit",
        "A case about a rule says a place and a time that the rule can be asked about.",
        "Correct the case; the message says what does not fit.",
    ),
}
