"""Names for the numbers of a RAW log, as `log_format=ENRICHED` would have written them.

The names of the host that is hunted are known only from its own passwd file; without it only root is certain.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from vedette.errors import Location, TelemetryError
from vedette.telemetry.auditd.record import Record
from vedette.telemetry.auditd.sockaddr import parse_sockaddr
from vedette.telemetry.auditd.syscalls import arch_name, syscall_name
from vedette.telemetry.auditd.value import text

#: The id that means none, as the kernel writes it: -1 without sign.
UNSET_ID: Final = 4294967295

_USERS: Final = frozenset(
    ("uid", "auid", "euid", "suid", "fsuid", "ouid", "old-auid", "oauid", "iuid", "inode_uid", "sauid", "obj_uid", "id")
)
_GROUPS: Final = frozenset(("gid", "egid", "sgid", "fsgid", "ogid", "igid", "inode_gid", "new_gid", "obj_gid"))
_MOST: Final = 16 << 20  # bytes of a passwd file; one with 100,000 accounts has 8 MB


class Accounts(msgspec.Struct, frozen=True):
    """Names of a host's users and groups.

    Attributes:
        users: user name by uid.
        groups: group name by gid.
    """

    users: Mapping[int, str] = msgspec.field(default_factory=lambda: {0: "root"})
    groups: Mapping[int, str] = msgspec.field(default_factory=lambda: {0: "root"})

    def user(self, uid: int) -> str:
        """Name of a user: `unset` for 4294967295, the number in decimal where it is not known.

        >>> Accounts().user(0), Accounts().user(4294967295), Accounts().user(1000)
        ('root', 'unset', '1000')
        """
        return "unset" if uid == UNSET_ID else self.users.get(uid, str(uid))

    def group(self, gid: int) -> str:
        """Name of a group, read like `user`."""
        return "unset" if gid == UNSET_ID else self.groups.get(gid, str(gid))


def load_accounts(passwd: str, group: str | None = None) -> Accounts:
    """Read the names from copies of the hunted host's files.

    Args:
        passwd: path of its `/etc/passwd`.
        group: path of its `/etc/group`; without it only group root has a name.

    Raises:
        TelemetryError: a file can't be read, or holds no account at all. Single lines that are none are passed over.
    """
    return Accounts(_names(passwd), _names(group) if group is not None else {0: "root"})


def enrich(record: Record, accounts: Accounts) -> dict[str, str]:
    """What auditd makes of a record's numbers: `UID`, `AUID`, `SYSCALL`, `ARCH`, `SADDR` and the like.

    What the log itself says (`record.enriched`) comes first: it was made on the host, at the time.
    """
    names: dict[str, str] = {}
    for field, value in record.fields.items():
        name = _name(record, field, value, accounts)
        if name:
            names[field.upper()] = name
    return names | record.enriched


def _name(record: Record, field: str, value: str, accounts: Accounts) -> str:
    """The name of one field's value, or empty where it has none."""
    if field in _USERS or field in _GROUPS:
        number = _number(value)
        if number is None:
            return ""
        return accounts.user(number) if field in _USERS else accounts.group(number)
    if field == "arch":
        return arch_name(value)
    if field == "syscall":
        number = _number(value)
        return "" if number is None else syscall_name(record.fields.get("arch", ""), number)
    if field == "saddr":
        return _address(value)
    return ""


def _address(value: str) -> str:
    """A socket address in auditd's words."""
    address = parse_sockaddr(value.encode("ascii", "replace"))
    if address is None:
        return ""
    if address.family in ("ipv4", "ipv6"):
        family = "inet" if address.family == "ipv4" else "inet6"
        return f"{{ saddr_fam={family} laddr={address.address} lport={address.port} }}"
    if address.family == "unix":
        return f"{{ saddr_fam=local path={address.path} }}"
    return f"{{ saddr_fam={address.family} }}"


def _number(value: str) -> int | None:
    """An id in decimal, or None."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else None


def _names(path: str) -> dict[int, str]:
    """Name by number: first and third column of a passwd or group file; the first name of a number counts."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST + 1)
    except (OSError, ValueError) as error:
        remedy = "copy the hunted host's file and name the copy"
        raise TelemetryError(f"can't be read: {error}", Location(path), remedy=remedy, code="accounts") from error
    if len(content) > _MOST:
        cause = f"is longer than {_MOST} bytes"
        raise TelemetryError(cause, Location(path), remedy="name a passwd file", code="accounts")
    names: dict[int, str] = {}
    for line in content.split(b"\n"):
        columns = line.split(b":")
        number = _number(text(columns[2])) if len(columns) > 3 else None
        if number is not None and columns[0] and not line.startswith((b"#", b"+", b"-")):
            names.setdefault(number, text(columns[0]))
    if not names:
        remedy = "lines of a passwd file look like root:x:0:0:..."
        raise TelemetryError("holds no account", Location(path), remedy=remedy, code="accounts")
    return names
