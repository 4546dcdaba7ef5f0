"""The JSON Schema of a finding's NDJSON, made from the structs that are written, with the meaning of every field."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from vedette.hunt.finding import (
    SCHEMA,
    Ancestor,
    Finding,
    FindingOrigin,
    JoinedEvent,
    JoinedRule,
    Joint,
    Matched,
    Process,
    RuleHeader,
    Session,
    Verdict,
)
from vedette.report.level import LEVELS

#: What `$id` says; no address, so that nobody has to be asked for it.
SCHEMA_ID: Final = "urn:vedette:finding:1"

#: Struct to its fields' meanings; the order is the order in which they are written.
MEANINGS: Final[dict[type, dict[str, str]]] = {
    Finding: {
        "schema": "name and version of this form; the number grows when a field changes its meaning or goes",
        "kind": "`finding`, or `correlation` for one that joins several events",
        "time": "when the event happened, or when the correlation's condition first held: RFC 3339, UTC, milliseconds",
        "host": "node name, or the empty text where the log has none or a correlation joins events of several",
        "category": (
            "kind of event, such as `process_creation` or `netfilter_change`; `auditd` for a single record, "
            "`correlation` for a correlation"
        ),
        "rule": "the rule or correlation that matched",
        "user": "effective user, by name where known, or null, also where a correlation's events differ in it",
        "login_user": "the user who logged in (auid), by name where known, or null if unset or different",
        "session": "the audit session, or null if unset or different",
        "process": "the process that caused the event, or null",
        "event": "further fields of the event, by name: its peer, its packet filter table, the fields of its record",
        "matched": "the atoms of the rule that held",
        "views": "the views in which the rule matched: `resolved`, `invoked`, or `image/parent` where the two differ; "
        "none for a correlation",
        "verdict": "what became of the match; of a correlation it is `excluded` if all its events are",
        "origin": "where the event stands in the log; of a correlation the one with which its condition first held",
        "raw": "the event's records as they stand in the log, with `--raw`; else null",
        "correlation": "what a correlation found, or null",
    },
    RuleHeader: {
        "id": "the rule's id as written, or a stable name where it has none",
        "title": "its title",
        "level": "its level",
        "author": "its author, as the Detection Rule License asks",
        "license": "its licence",
        "source": "the file that it was loaded from",
        "attack": "ATT&CK techniques that it is tagged with, such as `T1562.004`",
    },
    Session: {
        "node": "node name",
        "boot": "how many boots of the node the log showed before",
        "ses": "the kernel's session number; repeats after a reboot and on every node",
    },
    Process: {
        "pid": "process id",
        "image": "the kernel's resolved `exe`, or null",
        "invoked": "path that was executed, made absolute, or null",
        "script": "path of the `#!` script that was executed, or null",
        "command_line": "arguments joined by one blank, unquoted, or null",
        "cut": "whether the command line is known to be incomplete",
        "cwd": "working directory, or null",
        "parent": "the parent process, or null where the log never showed it",
        "ancestors": "parent first, up to init or the edge of the log",
    },
    Ancestor: {
        "pid": "process id",
        "image": "the kernel's resolved `exe`, or null",
        "invoked": "path that was executed, made absolute, or null",
        "script": "path of the `#!` script that was executed, or null",
        "command_line": "arguments joined by one blank, unquoted, or null",
        "user": "effective user, or null",
        "cut": "whether the command line is known to be incomplete",
    },
    Matched: {
        "field": "field name in Sigma's taxonomy",
        "value": "its value; the empty text where it is absent",
        "reading": "`resolved` or `invoked` for `Image` and `ParentImage`, else null",
    },
    Verdict: {
        "decision": "`alert`, or `excluded` where an exclusion covers the match",
        "by": "id of the exclusion, or null",
        "why": "its reason, or null",
        "undecided_by": "absent fields on which the verdict hangs",
    },
    FindingOrigin: {
        "file": "the log as it was named, `-` for standard input",
        "offset": "bytes into the decompressed log at which the event's first record begins",
        "serial": "audit serial",
    },
    Joint: {
        "kind": "type of the correlation, such as `event_count` or `temporal_ordered`",
        "timespan": "its timespan in seconds",
        "group": "the fields of its `group-by`, each with the value in which the events agree",
        "first": "time of the first event",
        "last": "end of the last window in which the condition held",
        "windows": "how many windows in a row the condition held in",
        "count": "events of all these windows together",
        "excluded": "so many of them an exclusion covers",
        "rules": "the rules that the correlation joins",
        "parts": "the first events, at most 100; each rule has its share",
    },
    JoinedRule: {
        "rule": "its header, with the fields of `rule`",
        "count": "events of it that took part, or null where it is joined by way of another correlation",
        "excluded": "so many of them an exclusion covers, or null likewise",
    },
    JoinedEvent: {
        "time": "when it happened: RFC 3339, UTC, milliseconds",
        "host": "node name",
        "rule": "id of the rule that matched it, or of the correlation that ended with it",
        "excluded_by": "id of the exclusion that covers it, or null",
        "origin": "where it stands in the log, with the fields of `origin`",
    },
}

#: What the types alone don't say.
_SHARPER: Final[dict[tuple[type, str], dict[str, Any]]] = {
    (Finding, "schema"): {"const": SCHEMA},
    (Finding, "kind"): {"enum": ["finding", "correlation"]},
    (Finding, "time"): {"format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
    (Finding, "views"): {"uniqueItems": True},
    (RuleHeader, "level"): {"enum": list(LEVELS)},
    (FindingOrigin, "offset"): {"minimum": 0},
    (FindingOrigin, "serial"): {"minimum": 0},
    (Joint, "windows"): {"minimum": 1},
    (Joint, "count"): {"minimum": 1},
    (Joint, "parts"): {"minItems": 1, "maxItems": 100},
}
#: What `kind` says of the other fields.
_BY_KIND: Final[dict[str, Any]] = {
    "if": {"properties": {"kind": {"const": "finding"}}},
    "then": {"properties": {"views": {"minItems": 1}, "correlation": {"type": "null"}}},
    "else": {"properties": {"views": {"maxItems": 0}, "correlation": {"type": "object"}}},
}


def schema() -> dict[str, Any]:
    """The schema (2020-12). Every field is always written; fields that are added later are no error."""
    _, structs = msgspec.json.schema_components(MEANINGS, ref_template="#/$defs/{name}")
    for struct, meanings in MEANINGS.items():
        described = structs[struct.__name__]
        described.pop("title", None)
        described["description"] = (struct.__doc__ or "").partition("\n")[0]
        described["required"] = list(described["properties"])
        for name, shape in described["properties"].items():
            shape.pop("default", None)
            shape |= _SHARPER.get((struct, name), {})
            shape["description"] = meanings[name]
    finding = structs.pop("Finding")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "A finding of a hunt: one line of Vedette's NDJSON",
        **finding,
        **_BY_KIND,
        "$defs": structs,
    }
