"""Which audit rules make the kernel record what a rule needs. Data."""

from __future__ import annotations

from typing import Final

from vedette.event import LogSource
from vedette.event.logsource import (
    NETFILTER_CHANGE,
    NETFILTER_CONFIG,
    NETWORK_CONNECTION,
    NETWORK_FAILED,
    NETWORK_LISTEN,
    PROCESS_CREATION,
    PROCESS_FAILED,
)

_EXEC: Final = (
    "-a always,exit -F arch=b64 -S execve,execveat -F key=exec",
    "-a always,exit -F arch=b32 -S execve,execveat -F key=exec",
)
_CONNECT: Final = (
    "-a always,exit -F arch=b64 -S connect -F saddr_fam=2 -F key=net_connect",
    "-a always,exit -F arch=b64 -S connect -F saddr_fam=10 -F key=net_connect",
    "-a always,exit -F arch=b32 -S connect -F saddr_fam=2 -F key=net_connect",
    "-a always,exit -F arch=b32 -S connect -F saddr_fam=10 -F key=net_connect",
)
_LISTEN: Final = (
    "-a always,exit -F arch=b64 -S bind -F saddr_fam=2 -F key=net_listen",
    "-a always,exit -F arch=b64 -S bind -F saddr_fam=10 -F key=net_listen",
    "-a always,exit -F arch=b64 -S listen,accept,accept4 -F key=net_listen",
)

#: Kind of event -> lines of audit.rules that record it. Netfilter changes are recorded without a rule.
KIND_RULES: Final[dict[LogSource, tuple[str, ...]]] = {
    PROCESS_CREATION: _EXEC,
    PROCESS_FAILED: _EXEC,
    NETWORK_CONNECTION: _CONNECT,
    NETWORK_FAILED: _CONNECT,
    NETWORK_LISTEN: _LISTEN,
    NETFILTER_CONFIG: (),
    NETFILTER_CHANGE: (),
}

#: Record type -> lines that bring it about; types that programs or the kernel write without a rule are left out.
TYPE_RULES: Final[dict[str, tuple[str, ...]]] = {
    "EXECVE": _EXEC,
    "SYSCALL": _EXEC,
    "CWD": _EXEC,
    "PROCTITLE": _EXEC,
    "PATH": ("-w PATH -p wa -k files",),
    "SOCKADDR": _CONNECT,
}
