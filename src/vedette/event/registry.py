"""The field registry: what every field is, who supplies it and who can write it. Data, no logic.

Sigma's taxonomy names come first, then the audit fields that exclusions need. A field that is not listed is text that
no reader of ours supplies, such as the Windows fields of public rules.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["text", "integer", "ip", "time"]
#: Who decides what the field says, from hardest to easiest to forge:
#: `login`: the kernel, fixed before the session's own commands run; `kernel`: the kernel, about this process;
#: `files`: whoever may write to that path; `program`: a privileged user-space program; `caller`: whoever starts it.
Writer: TypeAlias = Literal["login", "kernel", "files", "program", "caller"]


class Field(msgspec.Struct, frozen=True):
    """One field.

    Attributes:
        name: Sigma's name, or ours where Sigma has none.
        kind: its type; never guessed from a value.
        writer: who can write it.
        supplied: categories of audit events that carry it.
        vocabulary: columns with the same vocabulary share their distinct values.
        meaning: one line, with the audit field that it comes from.
        per_event: it differs from event to event, so it is kept out of the shape.
    """

    name: str
    kind: Kind
    writer: Writer
    supplied: tuple[str, ...]
    vocabulary: str
    meaning: str
    per_event: bool = False


_EXEC: Final = ("process_creation", "process_failed")
_NET: Final = ("network_connection", "network_failed", "network_listen")
_FILTER: Final = ("netfilter_config", "netfilter_change")
_ALL: Final = (*_EXEC, *_NET, *_FILTER)
_PEER: Final = ("network_connection", "network_failed")

FIELDS: Final[tuple[Field, ...]] = (
    Field("Image", "text", "files", _ALL, "path", "program: resolved = exe, invoked = first PATH name or argv[0]"),
    Field("CommandLine", "text", "caller", _ALL, "command", "argv joined by one blank, or PROCTITLE"),
    Field("CurrentDirectory", "text", "caller", _EXEC, "path", "cwd of the CWD record"),
    Field("ParentImage", "text", "files", _ALL, "path", "program of the parent process, read like Image"),
    Field("ParentCommandLine", "text", "caller", _ALL, "command", "command line of the parent process"),
    Field("ParentUser", "text", "kernel", _ALL, "user", "effective user of the parent process"),
    Field("User", "text", "kernel", _ALL, "user", "effective user (euid), by name where known"),
    Field("UserId", "integer", "kernel", _ALL, "id", "euid"),
    Field("LoginUser", "text", "login", _ALL, "user", "login user (auid), by name where known; absent if unset"),
    Field("LoginUserId", "integer", "login", _ALL, "id", "auid; absent if unset"),
    Field("LogonId", "text", "login", _ALL, "session", "audit session (ses) in decimal; absent if unset"),
    Field("ProcessName", "text", "caller", _ALL, "name", "comm, at most 15 bytes; the process can rewrite it"),
    Field("Tty", "text", "kernel", _ALL, "name", "controlling terminal"),
    Field("AuditKey", "text", "kernel", _ALL, "name", "key of the audit rule that recorded the event"),
    Field("Script", "text", "files", _EXEC, "path", "path of the #! script that was executed"),
    Field("ScriptInode", "integer", "kernel", _EXEC, "id", "inode of the #! script"),
    Field("ScriptDevice", "text", "kernel", _EXEC, "name", "device of the #! script, major:minor in hex"),
    Field("ScriptOwnerId", "integer", "kernel", _EXEC, "id", "owner (ouid) of the #! script"),
    Field("ScriptMode", "text", "kernel", _EXEC, "name", "file mode of the #! script in octal"),
    Field("ParentScript", "text", "files", _ALL, "path", "Script of the parent process"),
    Field("ParentScriptInode", "integer", "kernel", _ALL, "id", "ScriptInode of the parent process"),
    Field("ParentScriptDevice", "text", "kernel", _ALL, "name", "ScriptDevice of the parent process"),
    Field("ParentScriptOwnerId", "integer", "kernel", _ALL, "id", "ScriptOwnerId of the parent process"),
    Field("ParentScriptMode", "text", "kernel", _ALL, "name", "ScriptMode of the parent process"),
    Field("ExitCode", "integer", "kernel", ("process_failed", *_NET), "id", "exit of the system call, errno negative"),
    Field("Syscall", "text", "kernel", ("process_failed", *_NET), "name", "name of the system call"),
    Field("DestinationIp", "ip", "caller", _PEER, "address", "address of the SOCKADDR record of a connect"),
    Field("DestinationPort", "integer", "caller", _PEER, "port", "port of the SOCKADDR record of a connect"),
    Field("DestinationIsIpv6", "text", "caller", _PEER, "name", "true or false"),
    Field("Initiated", "text", "kernel", ("network_connection", "network_failed"), "name", "true: this host connects"),
    Field("SourceIp", "ip", "caller", ("network_listen",), "address", "bind: local address; accept: the peer"),
    Field("SourcePort", "integer", "caller", ("network_listen",), "port", "bind: local port; accept: the peer's"),
    Field("FileDescriptor", "integer", "kernel", _NET, "id", "a0 of bind, listen, accept, connect"),
    Field("Table", "text", "kernel", _FILTER, "name", "netfilter table"),
    Field("Family", "text", "kernel", _FILTER, "name", "ipv4, ipv6, inet, arp, bridge, netdev or the number"),
    Field("Operation", "text", "kernel", ("netfilter_config",), "name", "op as logged"),
    Field("Entries", "integer", "kernel", ("netfilter_config",), "id", "entries as logged; legacy: size before"),
    Field(
        "Scope", "text", "kernel", ("netfilter_change",), "name", "process, or job: a session or service with its like"
    ),
    Field("Outcome", "text", "kernel", ("netfilter_change",), "name", "drop, gain, none or undeterminable"),
    Field("EntriesBefore", "integer", "kernel", ("netfilter_change",), "id", "size of a legacy table before"),
    Field("EntriesAfter", "integer", "kernel", ("netfilter_change",), "id", "size of a legacy table after"),
    Field("EntriesNet", "integer", "kernel", ("netfilter_change",), "id", "entries gained (+) or lost (-)"),
    Field("RulesNet", "integer", "kernel", ("netfilter_change",), "id", "nft: rules gained (+) or lost (-) if proved"),
    Field("ProcessId", "integer", "kernel", _ALL, "id", "pid", per_event=True),
    Field("ParentProcessId", "integer", "kernel", _ALL, "id", "ppid", per_event=True),
    Field("EventTime", "time", "kernel", _ALL, "id", "time of the event", per_event=True),
    # Text to every reader but typed by Sigma's taxonomy; rules of other products compare them as numbers.
    Field("EventID", "integer", "program", (), "id", "Windows event id"),
)

#: Field by name.
REGISTRY: Final[dict[str, Field]] = {field.name: field for field in FIELDS}
