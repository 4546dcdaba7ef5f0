"""Findings: what a hunt puts out, in exactly the shape of its NDJSON (`docs/finding.schema.json`)."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

#: Value of `schema` in every line; the number grows when a field changes its meaning or goes.
SCHEMA: Final = "vedette.finding/1"


class RuleHeader(msgspec.Struct, frozen=True):
    """What a finding says of its rule; the author always stands with it, as the Detection Rule License asks."""

    id: str
    title: str
    level: str
    author: str
    license: str
    source: str
    attack: tuple[str, ...]


class Session(msgspec.Struct, frozen=True):
    """The key of an audit session: `ses` alone repeats after a reboot and on every node."""

    node: str
    boot: int
    ses: int


class Ancestor(msgspec.Struct, frozen=True):
    """A process above the event's own, nearest first in lists.

    Attributes:
        pid: process id.
        image: resolved path, or null where the log never said.
        invoked: path that was executed, or null.
        script: path of the `#!` script, or null.
        command_line: argv joined by blanks, or null; cut at 128 bytes where only PROCTITLE told it (`cut`).
        user: effective user.
        cut: the command line is known to be incomplete.
    """

    pid: int
    image: str | None
    invoked: str | None
    script: str | None
    command_line: str | None
    user: str | None
    cut: bool = False


class Process(msgspec.Struct, frozen=True):
    """The process of a finding.

    Attributes:
        pid: process id.
        image: the kernel's resolved `exe`, or null.
        invoked: path that was executed, made absolute, or null.
        script: path of the `#!` script, or null.
        command_line: argv joined by blanks, or null.
        cut: the command line is known to be incomplete (arguments that were not recorded, or PROCTITLE only).
        cwd: working directory, or null.
        parent: the parent process, or null where the log never showed it.
        ancestors: parent first, up to init or to the edge of the log.
    """

    pid: int
    image: str | None
    invoked: str | None
    script: str | None
    command_line: str | None
    cut: bool
    cwd: str | None
    parent: Ancestor | None
    ancestors: tuple[Ancestor, ...]


class Matched(msgspec.Struct, frozen=True):
    """One atom of the rule that held: the field, its value, and the reading for image fields (else null)."""

    field: str
    value: str
    reading: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What became of the match.

    Attributes:
        decision: `alert`, or `excluded` where an exclusion covers it.
        by: id of the exclusion, or null.
        why: its reason, or null.
        undecided_by: absent fields on which the verdict hangs.
    """

    decision: Literal["alert", "excluded"]
    by: str | None = None
    why: str | None = None
    undecided_by: tuple[str, ...] = ()


class FindingOrigin(msgspec.Struct, frozen=True):
    """Log file, byte offset in the decompressed stream of the event's first record, audit serial."""

    file: str
    offset: int
    serial: int


class JoinedRule(msgspec.Struct, frozen=True):
    """One of the rules that a correlation joins.

    Attributes:
        rule: its header.
        count: events of it that took part; null where it is joined by way of another correlation.
        excluded: so many of them an exclusion covers; null likewise.
    """

    rule: RuleHeader
    count: int | None
    excluded: int | None


class JoinedEvent(msgspec.Struct, frozen=True):
    """One of the events that a correlation joins.

    Attributes:
        time: RFC 3339, UTC, milliseconds.
        host: node name.
        rule: id of the rule that matched it, or of the correlation that ended with it.
        excluded_by: id of the exclusion that covers it, or null.
        origin: where it stands.
    """

    time: str
    host: str
    rule: str
    excluded_by: str | None
    origin: FindingOrigin


class Joint(msgspec.Struct, frozen=True):
    """What a correlation found.

    Attributes:
        kind: the type of the correlation.
        timespan: in seconds.
        group: the fields of its `group-by` with the values in which the events agree.
        first: time of the first event.
        last: end of the last window in which the condition held.
        windows: so many windows it held in, each of which ends at an event and begins at most the timespan before
            the end of the one before.
        count: events of all these windows together.
        excluded: so many of them an exclusion covers.
        rules: the rules that it joins.
        parts: the first events, at most 100.
    """

    kind: str
    timespan: int
    group: dict[str, str]
    first: str
    last: str
    windows: int
    count: int
    excluded: int
    rules: tuple[JoinedRule, ...]
    parts: tuple[JoinedEvent, ...]


class Finding(msgspec.Struct, frozen=True):
    """One rule that matched one event, or one correlation that joined several.

    Attributes:
        schema: `SCHEMA`.
        kind: `finding`, or `correlation` for one that joins several events.
        time: RFC 3339, UTC, milliseconds; of a correlation, when its condition first held.
        host: node name, or the empty text where the log has none or a correlation joins events of several.
        category: the kind of event (`process_creation`, `network_connection`, `netfilter_config`, ...; `auditd` for a
            single record; `correlation`).
        rule: the rule's header.
        user: effective user, or null.
        login_user: the user who logged in (auid), or null if unset.
        session: the audit session, or null if unset.
        process: the process that caused the event, or null.
        event: further fields of the event that are not of its process (peer, table, record fields).
        matched: the atoms that held.
        views: the views of the law in which the rule matched; none for a correlation.
        verdict: alert or excluded.
        origin: where the event stands, of a correlation the one with which its condition first held.
        raw: the event's records as they stand in the log, if asked for.
        correlation: what a correlation found, or null.
    """

    schema: str
    kind: str
    time: str
    host: str
    category: str
    rule: RuleHeader
    user: str | None
    login_user: str | None
    session: Session | None
    process: Process | None
    event: dict[str, str | int | float]
    matched: tuple[Matched, ...]
    views: tuple[str, ...]
    verdict: Verdict
    origin: FindingOrigin
    raw: tuple[str, ...] | None = None
    correlation: Joint | None = None
