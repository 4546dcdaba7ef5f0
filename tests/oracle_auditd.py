"""The oracle of the fast audit log reader: the same events, read slowly and obviously.

Every line is parsed, every event's records are brought together, and one event after the other is looked at. Nothing
here is shared with the scanner; only the parsers of single records and values are.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.argv import command_line, parse_argv, proctitle
from vedette.telemetry.auditd.coalesce import AuditEvent, Window, coalesce, parse_lines
from vedette.telemetry.auditd.netfilter import NetfilterChange, parse_netfilter
from vedette.telemetry.auditd.record import Record, Reject
from vedette.telemetry.auditd.sockaddr import is_peer, sockaddr_of
from vedette.telemetry.auditd.syscalls import syscall_name
from vedette.telemetry.auditd.value import audit_keys

UNSET = 4294967295
SERIAL_DROP = 10_000
EARLY_SERIAL = 5_000
SILENCE = 60.0
LISTEN = ("bind", "listen", "accept", "accept4")
#: `socketcall` of i386 and s390 says in a0 which call it is.
SOCKET_CALLS = {2: "bind", 3: "connect", 4: "listen", 5: "accept", 18: "accept4"}
LOADER = re.compile(r"/(ld|ld-[^/]*)\.so[^/]*$")
REMOVALS = ("nft_unregister_rule", "nft_unregister_chain", "nft_unregister_table")
ADDITIONS = ("nft_register_table", "nft_register_chain", "nft_register_rule")


@dataclasses.dataclass(eq=False)
class Who:
    """What a SYSCALL record says of the users and the session behind it."""

    columns: dict[str, Any]
    ses: int
    comm: str
    exe: str


@dataclasses.dataclass(eq=False)
class Image:
    """A process image: what one pid runs from one exec to the next."""

    boot: int
    pid: int
    ppid: int
    parent: Image | None
    who: Who
    invoked: str
    guessed: bool
    script: dict[str, Any]
    line: str | None
    cut: bool
    cwd: str
    since: tuple[float, int]
    resolved: str

    @property
    def identity(self) -> tuple[int, float, int]:
        return self.pid, *self.since

    def columns(self) -> dict[str, Any]:
        found = {
            **self.who.columns,
            "Image.resolved": self.resolved,
            "Image.invoked": self.invoked,
            "CommandLine": self.line or "",
            "CurrentDirectory": self.cwd,
            "ProcessId": self.pid,
            "ParentProcessId": self.ppid,
            **self.script,
        }
        if self.parent is not None:
            found |= {
                "ParentImage.resolved": self.parent.resolved,
                "ParentImage.invoked": self.parent.invoked,
                "ParentCommandLine": self.parent.line or "",
                "ParentUser": self.parent.who.columns["User"],
                **{f"Parent{name}": value for name, value in self.parent.script.items()},
            }
        return {name: value for name, value in found.items() if value != ""}


@dataclasses.dataclass(eq=False)
class Seen:
    """One event of the oracle."""

    category: str
    node: str
    time: float
    serial: int
    values: dict[str, Any]
    image: Image | None
    first: str
    offset: int


@dataclasses.dataclass(eq=False)
class Entry:
    """One NETFILTER_CFG record for the sums of `changes`."""

    node: str
    boot: int
    change: NetfilterChange
    time: float
    serial: int
    image: Image | None


@dataclasses.dataclass(eq=False)
class Host:
    """What the oracle knows of one node."""

    boot: int = 0
    table: dict[int, Image] = dataclasses.field(default_factory=dict)
    last: float = float("-inf")
    last_serial: int = 0

    def reboot(self) -> None:
        self.boot += 1
        self.table = {}
        self.last_serial = 0

    def saw(self, record: Record) -> None:
        if record.serial < self.last_serial - SERIAL_DROP and record.time > self.last:
            self.reboot()
        self.last_serial = record.serial
        self.last = max(self.last, record.time)

    def named(self, ppid: int, who: Who) -> Image | None:
        """What `ppid` names: a session is inherited, so one of another session is a stale entry."""
        parent = self.table.get(ppid)
        return None if parent is None or parent.who.ses not in (-1, who.ses) else parent

    def parent(self, pid: int, ppid: int, who: Who) -> Image | None:
        parent = self.named(ppid, who)
        if parent is None:
            earlier = self.table.get(pid)
            if earlier is not None and earlier.ppid == ppid and earlier.who.ses in (-1, who.ses):
                return earlier.parent
        return parent


class Oracle:
    """Reads logs; attributes are complete when `read` is."""

    def __init__(self, accounts: Accounts | None = None, window: Window | None = None) -> None:
        self.accounts = accounts or Accounts()
        self.window = window
        self.hosts: dict[str, Host] = defaultdict(Host)
        self.seen: list[Seen] = []
        self.entries: list[Entry] = []
        self.records: list[tuple[Record, Image | None]] = []
        self.rejects: Counter[str] = Counter()

    def read(self, chunks: Iterable[bytes]) -> list[Seen]:
        for event in coalesce(self._records(chunks), self.window):
            if not event.rest:
                self._take(event)
        return self.seen

    def _records(self, chunks: Iterable[bytes]) -> Iterator[tuple[int, Record]]:
        for offset, record in parse_lines(chunks):
            if isinstance(record, Reject):
                self.rejects[record.reason] += 1
            else:
                yield offset, record

    def _take(self, event: AuditEvent) -> None:
        host = self.hosts[event.records[0].node]
        call = event.first("SYSCALL")
        for record in event.records:
            if record.type == "SYSTEM_BOOT" and record.serial < max(host.last_serial, EARLY_SERIAL):
                host.reboot()  # a higher serial is that of a container's boot
            if record.type in ("SYSCALL", "NETFILTER_CFG"):
                host.saw(record)
        call = call if call is not None and {"pid", "ppid", "auid"} <= set(call.fields) else None
        for record in event.records:
            if record.type == "NETFILTER_CFG":
                self._netfilter(host, event, record, call)
        image = None
        if call is not None:
            self._call(host, event, call)
            image = host.table.get(int(call.fields["pid"]))
        for record in event.records:
            pid = record.fields.get("pid", "")
            behind = host.table.get(int(pid)) if image is None and pid.isdigit() else image
            self.records.append((record, behind))

    def _call(self, host: Host, event: AuditEvent, call: Record) -> None:
        name = syscall_name(call.fields["arch"], int(call.fields["syscall"]))
        if name == "socketcall":
            name = SOCKET_CALLS.get(int(call.fields["a0"], 16), name)
        success = call.fields.get("success", "yes") == "yes"
        execve = event.bodies("EXECVE")
        # An architecture without table has no names, but only an exec has arguments.
        if name in ("execve", "execveat") or (name.isdigit() and execve and success):
            if success:
                image = self._exec(host, event, call)
                host.table[image.pid] = image
                self._put("process_creation", event, call, image, {})
            else:
                tried = self._failed(host, event, call)
                fields = {"ExitCode": int(call.fields.get("exit", "0")), "Syscall": name}
                self._put("process_failed", event, call, tried, fields)
            return
        image = self._running(host, event, call)
        if name == "connect" or name in LISTEN:
            self._network(event, call, image, name, success=success)

    def _exec(self, host: Host, event: AuditEvent, call: Record) -> Image:
        who = self._who(call)
        pid, ppid = int(call.fields["pid"]), int(call.fields["ppid"])
        bodies = event.bodies("EXECVE")
        argv = parse_argv(bodies) if bodies else None
        if argv is None:
            line, cut = self._title(event)
        else:
            line, cut = command_line(argv.args), not argv.complete
        cwd = self._cwd(event)
        invoked, guessed, script = self._program(event, cwd, who.exe, argv.args if argv is not None else ())
        parent = host.parent(pid, ppid, who)
        since = (call.time, call.serial)
        return Image(host.boot, pid, ppid, parent, who, invoked, guessed, script, line, cut, cwd, since, who.exe)

    def _failed(self, host: Host, event: AuditEvent, call: Record) -> Image:
        caller = self._running(host, event, call)
        cwd = self._cwd(event)
        invoked, guessed, _ = self._program(event, cwd, "", ())
        since = (call.time, call.serial)
        return Image(
            host.boot, caller.pid, int(call.fields["ppid"]), caller, self._who(call), invoked, guessed, {}, None, False,
            cwd, since, "",
        )  # fmt: skip

    def _running(self, host: Host, event: AuditEvent, call: Record) -> Image:
        """What runs behind a record that is no exec: the image that is known, with the users as they are now."""
        who = self._who(call)
        pid, ppid = int(call.fields["pid"]), int(call.fields["ppid"])
        known = host.table.get(pid)
        if known is not None and known.who.exe == who.exe and known.who.ses in (-1, who.ses):
            image = dataclasses.replace(known, who=who)
        else:
            parent = host.named(ppid, who)
            since = (call.time, call.serial)
            line, cut = self._title(event)
            image = Image(host.boot, pid, ppid, parent, who, "", True, {}, line, cut, "", since, who.exe)
            if parent is not None and (parent.who.exe, parent.who.comm) == (who.exe, who.comm):
                image = dataclasses.replace(
                    image,
                    resolved=parent.resolved,
                    invoked=parent.invoked,
                    guessed=parent.guessed,
                    script=parent.script,
                    line=parent.line,
                    cut=parent.cut,
                )
        host.table[pid] = image
        return image

    def _network(self, event: AuditEvent, call: Record, image: Image, name: str, *, success: bool) -> None:
        code = int(call.fields.get("exit", "0"))
        fields: dict[str, Any] = {"Syscall": name, "ExitCode": code}
        if call.fields["syscall"] == "102" and call.fields["arch"] in ("40000003", "16", "80000016"):
            arguments = event.first("SOCKETCALL")
            descriptor = None if arguments is None else arguments.fields.get("a0")
        else:
            descriptor = call.fields["a0"]
        if descriptor is not None:
            fields["FileDescriptor"] = int(descriptor, 16)
        bodies = event.bodies("SOCKADDR")
        peer = sockaddr_of(bodies[0]) if bodies else None
        if name == "connect":
            if peer is None or not is_peer(peer):
                return
            fields["DestinationIp"] = peer.address
            fields["DestinationPort"] = peer.port
            fields["DestinationIsIpv6"] = "true" if ":" in peer.address else "false"
            fields["Initiated"] = "true"
            self._put("network_connection" if code in (0, -115) else "network_failed", event, call, image, fields)
            return
        if not success or (peer is not None and not peer.address):
            return
        if peer is not None:
            fields["SourceIp"], fields["SourcePort"] = peer.address, peer.port
        self._put("network_listen", event, call, image, fields)

    def _netfilter(self, host: Host, event: AuditEvent, record: Record, call: Record | None) -> None:
        body = record.raw.partition(b"): ")[2]
        change = parse_netfilter(body)
        if change is None:
            self.rejects["bad-netfilter"] += 1
            return
        if call is not None:
            image: Image | None = self._running(host, event, call)
        else:
            image = host.table.get(change.pid)
            if image is not None and change.comm and image.who.comm != change.comm:
                image = None
        self.entries.append(Entry(record.node, host.boot, change, record.time, record.serial, image))
        fields = {"Table": change.table, "Family": change.family, "Entries": change.entries, "Operation": change.op}
        self._put("netfilter_config", event, record, image, {k: v for k, v in fields.items() if v != ""})

    def _put(
        self, category: str, event: AuditEvent, record: Record, image: Image | None, fields: dict[str, Any]
    ) -> None:
        values = {} if image is None else image.columns()
        first = event.records[0].type
        self.seen.append(
            Seen(category, record.node, record.time, record.serial, values | fields, image, first, event.offset)
        )

    def _who(self, call: Record) -> Who:
        numbers = {field: _id(call.fields.get(field, "")) for field in ("auid", "euid", "ses")}
        columns = {
            "User": self._user(call, "euid", numbers["euid"]),
            "UserId": numbers["euid"],
            "LoginUser": self._user(call, "auid", numbers["auid"]),
            "LoginUserId": numbers["auid"],
            "LogonId": str(numbers["ses"]),
            "ProcessName": call.fields.get("comm", ""),
            "Tty": call.fields.get("tty", ""),
            "AuditKey": ",".join(audit_keys(call.fields.get("key", ""))),
        }
        for column, field in (("UserId", "euid"), ("LoginUserId", "auid"), ("LogonId", "ses")):
            if numbers[field] < 0:
                columns[column] = ""
        return Who(columns, numbers["ses"], call.fields.get("comm", ""), call.fields.get("exe", ""))

    def _user(self, call: Record, field: str, number: int) -> str:
        name = call.enriched.get(field.upper(), "")
        if number < 0:
            return ""
        if name and not name.startswith("unknown("):
            return name
        return self.accounts.user(number)

    @staticmethod
    def _title(event: AuditEvent) -> tuple[str | None, bool]:
        bodies = event.bodies("PROCTITLE")
        return proctitle(bodies[0]) if bodies else (None, False)

    @staticmethod
    def _cwd(event: AuditEvent) -> str:
        record = event.first("CWD")
        return "" if record is None else record.fields.get("cwd", "")

    @staticmethod
    def _program(event: AuditEvent, cwd: str, exe: str, args: tuple[str, ...]) -> tuple[str, bool, dict[str, Any]]:
        """The invoked reading, whether it is guessed, and the script's columns."""
        paths = {record.fields.get("item"): record for record in event.records if record.type == "PATH"}
        first = paths.get("0")
        name = "" if first is None else first.fields.get("name", "")
        if first is None or not name:
            return (args[0] if args and args[0].startswith("/") else ""), True, {}
        if not name.startswith("/"):
            name = posixpath.normpath(posixpath.join(cwd or "/", name))
        second = paths["1"].fields.get("name", "") if "1" in paths else ""
        if not second or (second != exe and LOADER.search(second)):
            return name, False, {}
        script: dict[str, Any] = {"Script": name}
        for column, field in (("ScriptDevice", "dev"), ("ScriptMode", "mode")):
            script[column] = first.fields.get(field, "")
        for column, field in (("ScriptInode", "inode"), ("ScriptOwnerId", "ouid")):
            script[column] = int(first.fields[field]) if field in first.fields else ""
        return name, False, script


def _id(text: str) -> int:
    return int(text) if text.isdigit() and int(text) != UNSET else -1


@dataclasses.dataclass(eq=False)
class Effect:
    """What one record did to the table, as far as that is ever known."""

    entry: Entry
    low: int = 0
    high: int = 0
    pending: int = 0
    before: int | None = None
    after: int | None = None
    counts: bool = True
    op: str = ""


def changes(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The `netfilter_change` events of `docs/netfilter.md`, derived with all records at hand."""
    effects = [effect for effect in _effects(entries) if effect.counts]
    found = []
    for scope in ("process", "job"):
        groups: dict[Any, list[list[Effect]]] = {}
        for effect in effects:
            entry = effect.entry
            where = (entry.node, entry.boot, entry.change.table, entry.change.family)
            runs = groups.setdefault((where, _owner(scope, entry)), [[]])
            if runs[-1] and entry.time - runs[-1][-1].entry.time > SILENCE:
                runs.append([])
            runs[-1].append(effect)
        found += [_change(scope, run) for runs in groups.values() for run in runs]
    return found


def _effects(entries: Iterable[Entry]) -> list[Effect]:
    """Each record with its bounds; a legacy record's from the next record of its table."""
    last: dict[Any, Effect] = {}
    effects = []
    for entry in entries:
        change = entry.change
        where = (entry.node, entry.boot, change.table, change.family)
        op = change.op or ("xt_replace" if change.generation < 0 else "")
        effect = Effect(entry, op=op)
        effects.append(effect)
        size = change.entries
        if op in REMOVALS:
            effect.low = effect.high = -size
        elif op in ADDITIONS:
            effect.low, effect.high = -size, size
        elif op == "xt_register":
            last.pop(where, None)
            effect.counts = False
        elif op in ("xt_replace", "xt_unregister"):
            if op == "xt_unregister" and entry.image is None and change.comm.startswith("kworker"):
                effect.counts = False
                continue
            before = last.pop(where, None)
            if before is not None:
                before.low = before.high = size - before.entry.change.entries
                before.after, before.pending = size, 0
            if op == "xt_replace":
                effect.before, effect.pending = size, 1
                last[where] = effect
            else:
                effect.low = effect.high = -size
        else:
            effect.counts = False
    return effects


def _owner(scope: str, entry: Entry) -> Any:
    image = entry.image
    if image is None:
        return entry.change.pid, entry.change.comm
    if scope == "process":
        return image.identity
    if image.who.ses >= 0:
        return "session", image.who.ses
    while image.parent is not None and not (
        image.parent.pid == 1
        or (image.parent.who.ses < 0 and posixpath.basename(image.parent.resolved) in ("systemd", "init"))
    ):
        image = image.parent
    return image.identity


def _change(scope: str, run: list[Effect]) -> dict[str, Any]:
    low, high = sum(effect.low for effect in run), sum(effect.high for effect in run)
    pending = any(effect.pending for effect in run)
    outcome = "undeterminable"
    if not pending and high < 0:
        outcome = "drop"
    elif not pending and low > 0:
        outcome = "gain"
    elif not pending and low == high == 0:
        outcome = "none"
    change = run[0].entry.change
    result: dict[str, Any] = {"Scope": scope, "Table": change.table, "Family": change.family, "Outcome": outcome}
    if outcome != "undeterminable":
        result["EntriesNet"] = high
        if all(effect.op == "nft_unregister_rule" for effect in run):
            result["RulesNet"] = high
    befores = [effect.before for effect in run if effect.before is not None]
    # What is known of the size afterwards comes record by record, in the order in which they are settled.
    afters = [effect.after for effect in run if effect.after is not None]
    if befores:
        result["EntriesBefore"] = befores[0]
    if afters:
        result["EntriesAfter"] = afters[-1]
    loss = max(run, key=lambda effect: -effect.high)
    entry = (loss if loss.high < 0 else run[0]).entry
    image = None if entry.image is None else (*entry.image.identity, entry.image.resolved, entry.image.invoked)
    return {**result, "node": entry.node, "time": entry.time, "serial": entry.serial, "process": image}
