"""NETFILTER_CFG records: the kernel's own account of every change of the packet filter.

What the record can say: `xt_replace` of legacy iptables holds the size of the table *before* the change; the nft
operations come once per operation kind, table and batch with the number of objects concerned. Kernels before 5.7 write
no operation.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from vedette.telemetry.auditd.value import text, untrusted

#: Protocol families of netfilter by number (`NFPROTO_*`).
FAMILIES: Final[dict[int, str]] = {0: "unspec", 1: "inet", 2: "ipv4", 3: "arp", 5: "netdev", 7: "bridge", 10: "ipv6"}

# The table's name stands first and is the one text that the kernel leaves as it is. Whoever may create tables, if
# only in a network namespace of their own, can write ` family=2 entries=0 op=...` into it: the rightmost fit is true.
_BODY: Final = re.compile(
    rb"table=(?P<table>.*) family=(?P<family>\d{1,10}) entries=(?P<entries>\d{1,10})"
    rb"(?: op=(?P<op>[a-z_0-9]{1,64}))?(?: pid=(?P<pid>\d{1,10}))?(?: subj=(?P<subj>=?[^=]*?))?"
    rb"(?: comm=(?P<comm>\"[^\" ]*\"|[0-9A-F]+|\(null\)|\?))?",
    re.DOTALL,
)
_GENERATION: Final = re.compile(rb"(.*):(\d{1,10})", re.DOTALL)


class NetfilterChange(msgspec.Struct, frozen=True):
    """One NETFILTER_CFG record.

    Attributes:
        table: name of the table.
        generation: the ruleset's generation that nft appends to the name; -1 for legacy tables.
        family: protocol family by name, or its number in decimal.
        entries: as logged.
        op: operation as logged, such as `xt_replace` or `nft_unregister_rule`; empty on old kernels.
        pid: process; -1 on old kernels, whose SYSCALL record of the same event has it.
        subj: security context, or empty.
        comm: name of the process, or empty.
    """

    table: str
    generation: int
    family: str
    entries: int
    op: str
    pid: int
    subj: str
    comm: str


def parse_netfilter(body: bytes) -> NetfilterChange | None:
    """Read a NETFILTER_CFG body, that is what follows `msg=audit(...): `; None if it has not that form."""
    # The name may hold byte 0x1D, or ` uid=0`, upon which auditd adds a tail; otherwise the kernel's fields come last.
    found = _BODY.fullmatch(body.rstrip()) or _BODY.fullmatch(body.rpartition(b"\x1d")[0].rstrip())
    if found is None:
        return None
    op = text(found["op"] or b"")
    table, generation = found["table"], -1
    # No legacy table has a colon in its name.
    if (not op or op.startswith("nft_")) and (versioned := _GENERATION.fullmatch(table)):
        table, generation = versioned[1], int(versioned[2])
    family = int(found["family"])
    return NetfilterChange(
        table=text(table),
        generation=generation,
        family=FAMILIES.get(family, str(family)),
        entries=int(found["entries"]),
        op=op,
        pid=int(found["pid"]) if found["pid"] else -1,
        subj=text(found["subj"] or b"").removeprefix("?"),
        comm=untrusted(found["comm"] or b"?"),
    )
