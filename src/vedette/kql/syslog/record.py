r"""Fields of one audit record, as `key=value` in a message.

The kernel writes a stranger's text in quotes if it has neither blank nor quote, and in hexadecimal otherwise. So an
item of a record can be told from what stands inside a value: a search steps over whole items, quoted texts and groups
in braces included, from the start of the record to the first item that has the key. Where a program of user space has
written the end of the record (`msg='...'`), its keys come behind those of the kernel and are never read in their place.
"""

from __future__ import annotations

import re
from typing import Final

from vedette.kql.strings import quote
from vedette.kql.syslog.hexadecimal import decode, encoded_in
from vedette.kql.target import Column
from vedette.telemetry.auditd.syscalls import ARCHITECTURES

#: What stands before the fields of a record.
HEAD: Final = r"^ *(?:node=[^ ]+ )?type=([^ ]+) msg=audit\([0-9.:]+\):"
_ITEM: Final = r"""(?:(?:[^ "{]|"[^"]*"|\{ [^}]*\}|\{[^ "{])+ +|msg=')*?"""
#: Quoted, a group, or up to the next key; what stands for no value is none.
_VALUE: Final = r"""(?:\(null\)|\(none\)|\?|("[^"]*"|\{ [^}]*\}|[^ "']*(?: [^ "'=]+)*))(?:[ ']|#035|$)"""
#: NETFILTER_CFG begins with a name that nobody escapes: what stands last is the kernel's.
_AFTER_TABLE: Final = "(?:table=.* )?"
#: What auditd adds to a record with `log_format=ENRICHED` stands behind all quotes of a message.
_AFTER_MESSAGE: Final = "(?:.*' )?"
_TABLE: Final = "^table=(.*) family="

#: Columns that the fields are read from.
BODY: Final = {
    "SigmaType": f"extract({quote(HEAD)}, 1, SyslogMessage)",
    "SigmaRecord": f"extract({quote(f'(?s){HEAD} ?(.*)')}, 2, SyslogMessage)",
    "SigmaBody": 'replace_regex(SigmaRecord, "\\\\x1d", " ")',
}
_UNSET_ID: Final = "4294967295"
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_]")


def record_column(field: str, *, decoded: bool = False) -> Column:
    """The column of a field of audit records.

    Args:
        field: its key; capital letters mean what auditd makes of a number, such as `UID`.
        decoded: decode text in hexadecimal, where the field holds such text.
    """
    if field == "type":
        return Column("SigmaType", expression=BODY["SigmaType"])
    if field == "table":
        return Column("Sigma_table", expression=f"extract({quote(_TABLE)}, 1, SigmaBody)", after=BODY)
    if decoded and (types := encoded_in(field)) is not None:
        written = f"SigmaWritten_{_plain(field)}"
        after = {**BODY, written: _written(field, _AFTER_TABLE)}
        return Column(_name(field), expression=decode(written, types), after=after)
    if not field.isupper():
        return Column(_name(field), expression=_read(field, _AFTER_TABLE), after=BODY)
    logged, number = f"SigmaLogged_{_plain(field)}", _name(field.lower())
    written = _read(field, _AFTER_MESSAGE)
    if field in ("SYSCALL", "SADDR", "ID"):
        note = "" if field == "SYSCALL" else f"{field} is absent in records that auditd did not enrich"
        return Column(logged, expression=written, after=BODY, note=note)
    names = ARCHITECTURES if field == "ARCH" else {"0": "root", _UNSET_ID: "unset"}
    cases = ", ".join(f"{number} =~ {quote(value)}, {quote(name)}" for value, name in names.items())
    after = {**BODY, logged: written, number: _read(field.lower(), _AFTER_TABLE)}
    expression = f"iff(isempty({logged}), case({cases}, {number}), {logged})"
    note = "" if field == "ARCH" else f"{field} is a number in records that auditd did not enrich, other than root's"
    return Column(f"SigmaNamed_{_plain(field)}", expression=expression, after=after, note=note)


def _read(key: str, start: str) -> str:
    """The first value of a key; quotes can stand at its ends alone."""
    return f'trim("\\"", {_written(key, start)})'


def _written(key: str, start: str) -> str:
    """The first value of a key as it is written."""
    pattern = f"^ *{start}{_ITEM}{re.escape(key)}={_VALUE}"
    return f"extract({quote(pattern)}, 1, SigmaBody)"


def _name(field: str) -> str:
    return f"Sigma_{_plain(field)}"


def _plain(field: str) -> str:
    return _NOT_IN_NAMES.sub("_", field)
