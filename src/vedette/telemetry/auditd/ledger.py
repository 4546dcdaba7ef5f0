"""The net effect of processes and jobs on the packet filter, derived from NETFILTER_CFG records (`netfilter_change`).

What a record proves, and why the sums are as they are, stands with its evidence in `docs/netfilter.md`. In short: nft
writes one operation and one count for each table and batch, so a removal counts in full and an addition only bounds the
gain; legacy iptables writes the size before a change, so the size after is known from that table's next record alone.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, TypeAlias

import msgspec

from vedette.predicate import Value
from vedette.telemetry.auditd.happening import Call
from vedette.telemetry.auditd.netfilter import NetfilterChange
from vedette.telemetry.auditd.process import Process

#: A job that is silent on a table for more than this many seconds is over.
SILENCE: Final = 60.0
MAX_SERIES: Final = 4096
MAX_ACCOUNTS: Final = 65_536
_REMOVALS: Final = frozenset({"nft_unregister_rule", "nft_unregister_chain", "nft_unregister_table"})
_ADDITIONS: Final = frozenset({"nft_register_table", "nft_register_chain", "nft_register_rule"})

#: Node, boot, table, family.
_Where: TypeAlias = tuple[str, int, str, str]
_Key: TypeAlias = tuple[str, object, _Where]


class Entry(msgspec.Struct):
    """One record, as far as an event needs it: where it stands and who caused it."""

    node: str
    time: float
    serial: int
    offset: int
    file: str
    process: Process | None


class Account(msgspec.Struct):
    """One event: a process or a job, on one table of one family.

    Attributes:
        scope: `process` or `job`.
        where: node, boot, table, family.
        entry: the record with the largest single loss, the first if none lost.
        last: UTC epoch seconds of the latest record.
        low, high: bounds of the net change in entries.
        pending: legacy records whose size after is not known yet.
        before, after: size of a legacy table, -1 while unknown.
        loss: the largest single loss so far.
        rules_only: all records removed rules and nothing else.
        ended: it fell silent, and is put out as soon as its last record's size after is known.
    """

    scope: str
    where: _Where
    entry: Entry
    last: float
    low: int = 0
    high: int = 0
    pending: int = 0
    before: int = -1
    after: int = -1
    loss: int = 0
    rules_only: bool = True
    ended: bool = False

    def add(self, low: int, high: int, entry: Entry) -> None:
        """Count one change."""
        self.low += low
        self.high += high
        if high < 0 and -high > self.loss:
            self.loss, self.entry = -high, entry

    def call(self) -> Call:
        """The event."""
        _, _, table, family = self.where
        fields: dict[str, Value] = {"Scope": self.scope, "Table": table, "Family": family}
        if self.pending:
            fields["Outcome"] = "undeterminable"
        elif self.high < 0:
            fields["Outcome"] = "drop"
        elif self.low > 0:
            fields["Outcome"] = "gain"
        elif self.low == self.high == 0:
            fields["Outcome"] = "none"
        else:
            fields["Outcome"] = "undeterminable"
        if fields["Outcome"] != "undeterminable":
            fields["EntriesNet"] = self.high
            if self.rules_only:
                fields["RulesNet"] = self.high
        if self.before >= 0:
            fields["EntriesBefore"] = self.before
        if self.after >= 0:
            fields["EntriesAfter"] = self.after
        entry = self.entry
        return Call(entry.node, entry.time, entry.serial, entry.offset, entry.file, entry.process, fields)


class _Last(msgspec.Struct):
    """The latest record of a legacy table."""

    size: int
    entry: Entry
    accounts: tuple[Account, Account]


class Ledger:
    """Sums over the NETFILTER_CFG records of one node, taken in the order of the log; bounded in memory."""

    def __init__(self) -> None:
        self._series: OrderedDict[_Where, _Last] = OrderedDict()
        self._open: OrderedDict[_Key, Account] = OrderedDict()
        self._done: list[Call] = []

    def record(self, change: NetfilterChange, entry: Entry, boot: int) -> None:
        """Take in one record.

        Args:
            change: what it says.
            entry: where it stands and who caused it.
            boot: boot of its node.
        """
        where = (entry.node, boot, change.table, change.family)
        op = change.op or ("xt_replace" if change.generation < 0 else "")
        if op in _REMOVALS:
            for account in self._accounts(where, change, entry):
                account.add(-change.entries, -change.entries, entry)
                account.rules_only = account.rules_only and op == "nft_unregister_rule"
        elif op in _ADDITIONS:
            for account in self._accounts(where, change, entry):
                account.add(-change.entries, change.entries, entry)
                account.rules_only = False
        elif op == "xt_replace":
            self._settle(where, change.entries)
            accounts = self._accounts(where, change, entry)
            for account in accounts:
                account.pending += 1
                account.rules_only = False
                if account.before < 0:
                    account.before = change.entries
            self._series[where] = _Last(change.entries, entry, accounts)
            if len(self._series) > MAX_SERIES:
                self._break(next(iter(self._series)))
        elif op == "xt_unregister":
            if entry.process is None and change.comm.startswith("kworker"):
                return
            self._settle(where, change.entries)
            for account in self._accounts(where, change, entry):
                account.add(-change.entries, -change.entries, entry)
                account.rules_only = False
        elif op == "xt_register":
            self._break(where)

    def over(self, now: float) -> list[Call]:
        """The events that have ended by `now` (UTC epoch seconds of the node's clock)."""
        ended: list[_Key] = []
        for key, account in self._open.items():
            if now - account.last <= SILENCE:
                break
            if not self._awaits(account):
                ended.append(key)
        self._done += [self._open.pop(key).call() for key in ended]
        done, self._done = self._done, []
        return done

    def close(self) -> list[Call]:
        """All events still open, at the end of the log."""
        for last in self._series.values():
            self._done += [account.call() for account in last.accounts if account.ended]
        self._done += [account.call() for account in self._open.values()]
        self._open.clear()
        self._series.clear()
        done, self._done = self._done, []
        return done

    def _settle(self, where: _Where, size: int) -> None:
        """Give the latest record of a table its size after."""
        last = self._series.pop(where, None)
        if last is None:
            return
        difference = size - last.size
        for account in last.accounts:
            account.add(difference, difference, last.entry)
            account.pending -= 1
            account.after = size
            if account.ended:
                self._done.append(account.call())

    def _break(self, where: _Where) -> None:
        """End a series: what its last record left behind will never be known."""
        last = self._series.pop(where, None)
        if last is not None:
            self._done += [account.call() for account in last.accounts if account.ended]

    def _awaits(self, account: Account) -> bool:
        """Whether the table's next record will tell what this event left behind."""
        last = self._series.get(account.where)
        return last is not None and any(each is account for each in last.accounts)

    def _accounts(self, where: _Where, change: NetfilterChange, entry: Entry) -> tuple[Account, Account]:
        process = entry.process
        owner: object = (change.pid, change.comm)
        job: object = owner
        if process is not None:
            owner = process.identity
            job = process.tail.ses if process.tail.ses >= 0 else top(process).identity
        return self._account("process", owner, where, entry), self._account("job", job, where, entry)

    def _account(self, scope: str, owner: object, where: _Where, entry: Entry) -> Account:
        key = (scope, owner, where)
        account = self._open.get(key)
        if account is not None and entry.time - account.last > SILENCE:
            del self._open[key]
            account.ended = self._awaits(account)
            if not account.ended:
                self._done.append(account.call())
            account = None
        if account is None:
            account = self._open[key] = Account(scope, where, entry, entry.time)
            if len(self._open) > MAX_ACCOUNTS:
                self._done.append(self._open.popitem(last=False)[1].call())
        else:
            self._open.move_to_end(key)
        account.last = entry.time
        return account


def top(process: Process) -> Process:
    """The highest ancestor below init; an unknown parent ends the walk."""
    while process.parent is not None and not _is_init(process.parent):
        process = process.parent
    return process


def _is_init(process: Process) -> bool:
    name = process.program.resolved.rpartition("/")[2]
    return process.pid == 1 or (process.tail.ses < 0 and name in ("systemd", "init"))
