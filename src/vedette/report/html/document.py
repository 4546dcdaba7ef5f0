"""The report as one HTML file: it loads nothing, sends nothing, and runs no script but its own."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import hashlib
import html
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

import msgspec

from vedette import __version__
from vedette.report.attack import fired, matrix
from vedette.report.dossier import Dossier
from vedette.report.html.spelling import block, plain, spelled
from vedette.report.html.table import COLUMNS, NODE_COLUMNS, RAW_BLOCK, Table, table
from vedette.report.rule_text import RuleText, rule_texts

#: The script's parts in the order in which they build on each other; on the page they share one scope.
PARTS: Final = ("dom", "store", "tree", "summary", "incidents", "timeline", "findings", "appendix", "main")
_BLOCKS: Final = frozenset({"command"})
#: What could end a script's element or begin a comment, and the line ends that only some readers know.
_UNSAFE: Final = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    b"\xe2\x80\xa8": b"\\u2028",
    b"\xe2\x80\xa9": b"\\u2029",
}


def document(
    dossier: Dossier,
    title: str,
    *,
    made: dt.datetime,
    redacted: bool = False,
    texts: Mapping[str, RuleText] | None = None,
) -> Iterator[bytes]:
    """The file, part by part.

    Args:
        dossier: what it shows.
        title: of the report.
        made: when, in UTC.
        redacted: whether names and addresses in `dossier` have been masked, to say so.
        texts: what is told of rules, by id; read from the files that `dossier` names unless given, as it must be where
            these names are masked.
    """
    rows = table(dossier.findings)
    style, program = asset("report.css"), script()
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(program)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    shown = html.escape(spelled(title, 200))
    page = asset("report.html")
    head, _, rest = page.partition("<!-- data -->")
    for name, text in (("style", style), ("policy", html.escape(policy, quote=True)), ("title", shown)):
        head = head.replace(f"{{{{{name}}}}}", text)
    yield head.encode()
    yield _data("data", _content(dossier, rows, texts, title, made, redacted))
    for number, records in enumerate(rows.raw):
        if any(one is not None for one in records):
            yield _data(f"raw-{number}", records)
    yield rest.replace("{{script}}", program, 1).encode()


@functools.cache
def asset(name: str) -> str:
    """A file that is put into the page."""
    return files("vedette.report.html").joinpath("assets", name).read_text(encoding="utf-8")


@functools.cache
def script() -> str:
    """The page's own script, in a scope of its own."""
    parts = "\n".join(asset(f"{name}.js") for name in PARTS)
    return f'"use strict";\n(() => {{\n{parts}\n}})();\n'


def embedded(value: Any) -> bytes:
    """JSON that may stand inside an element of HTML: nothing in it can end the element."""
    encoded = msgspec.json.encode(value)
    for character, escape in _UNSAFE.items():
        encoded = encoded.replace(character, escape)
    return encoded


def _data(name: str, value: Any) -> bytes:
    return b'<script type="application/json" id="' + name.encode() + b'">' + embedded(value) + b"</script>\n"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _content(
    dossier: Dossier,
    rows: Table,
    texts: Mapping[str, RuleText] | None,
    title: str,
    made: dt.datetime,
    redacted: bool,
) -> dict[str, Any]:
    if texts is None:
        texts = rule_texts(rows.rules)
    rules = []
    for header in rows.rules:
        known = texts.get(header.id)
        shown = plain(msgspec.to_builtins(header))
        if known is not None:
            shown |= {
                "text": block(known.text),
                "description": spelled(known.description.strip().replace("\n", " ")),
                "falsepositives": [spelled(line) for line in known.falsepositives],
                "kql": block(known.kql),
                "note": spelled(known.note),
            }
        rules.append(shown)
    known_matrix = matrix()
    return {
        "title": spelled(title, 200),
        "made": made.strftime("%Y-%m-%d %H:%M UTC"),
        "version": __version__,
        "redacted": redacted,
        "columns": COLUMNS,
        "nodeColumns": NODE_COLUMNS,
        "rawBlock": RAW_BLOCK,
        "strings": rows.strings,
        "nodes": rows.nodes,
        "shared": rows.shared,
        "findings": rows.rows,
        "joints": rows.joints,
        "rules": rules,
        "incidents": [plain(msgspec.to_builtins(one), blocks=_BLOCKS) for one in dossier.incidents],
        "summaries": [plain(msgspec.to_builtins(one)) for one in dossier.summaries],
        "attack": {
            "asOf": known_matrix.as_of,
            "version": known_matrix.version,
            "tactics": list(known_matrix.tactics.items()),
            "techniques": [plain(msgspec.to_builtins(one)) for one in fired(dossier.findings)],
        },
        "unread": [
            [spelled(reason), count, spelled(dossier.examples.get(reason, ""))]
            for reason, count in sorted(dossier.unread.items(), key=lambda item: (-item[1], item[0]))
        ],
        "lines": dossier.lines,
    }
