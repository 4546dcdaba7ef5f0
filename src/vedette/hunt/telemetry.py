"""The survey of logs: what they can show, host by host, before anyone trusts a silent hunt."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from vedette.errors import TelemetryError
from vedette.event.logsource import AUDIT_RECORD, PROCESS_CREATION
from vedette.hunt.assignment import Assignment, record_types
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.hunt.plain_survey import plain_remarks, plain_surveys
from vedette.hunt.survey import Blind, Firing, Gap, HostSurvey, Survey
from vedette.sigma.rule import Rule
from vedette.telemetry.auditd.enable import KIND_RULES, TYPE_RULES
from vedette.telemetry.auditd.node import Node
from vedette.telemetry.carrier.carried import Carried
from vedette.telemetry.format import opened
from vedette.telemetry.listing import expand
from vedette.telemetry.source import Source

_RECORD: Final = re.compile(
    rb"^((?:node=[^\s\x00-\x1f\x7f]{1,255} )?)type=([A-Z0-9_]+|UNKNOWN\[\d+\]) msg=audit\((\d{1,11})\.", re.MULTILINE
)
_MINUTE: Final = 60
#: Minutes without a record that make a gap.
_GAP: Final = 60


class _Count:
    """Records by type and minutes with a record, by the prefix of the lines."""

    def __init__(self) -> None:
        self.types: dict[bytes, Counter[str]] = {}
        self.minutes: dict[bytes, set[int]] = {}

    def through(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Count the records of chunks and pass them on; a line that a chunk cuts is counted with the next one."""
        rest = b""
        for chunk in chunks:
            yield chunk
            whole, newline, rest_of_chunk = (rest + chunk).rpartition(b"\n")
            self._take(whole + newline)
            # A line without end can't be a record; it is not carried on for ever.
            rest = rest_of_chunk if len(rest_of_chunk) < 1 << 20 else b""
        self._take(rest)

    def _take(self, text: bytes) -> None:
        for (prefix, kind, seconds), number in Counter(_RECORD.findall(text)).items():
            self.types.setdefault(prefix, Counter())[kind.decode("ascii")] += number
            self.minutes.setdefault(prefix, set()).add(int(seconds) // _MINUTE)


def survey(options: Options) -> Survey:
    """Read the logs, match nothing, and say what each rule could have matched."""
    hunt = Hunt(options)
    reader, count = hunt.reader, _Count()
    listing = expand(options.logs, options.input_format)
    problems = [str(problem) for problem in (*hunt.summary.rule_problems, *listing.problems)]
    for file in listing.files:
        try:
            with Source(file.path) as source:
                more = file is not listing.files[-1]
                form, chunks = opened(source.chunks(), file.format)
                if form is not None and form.family == "events":
                    for chunk in hunt.plain.read(form.name, chunks, file.path):
                        hunt.plain.note(chunk)
                    continue
                carried = Carried("auditd" if form is None else form.name, chunks)
                for _ in reader.read(file.path, count.through(carried.chunks), more=more, places=carried.places):
                    pass
                problems += [f"{file.path}: {remark}" for remark in carried.remarks()]
                problems += [str(problem) for problem in source.problems]
        except TelemetryError as error:
            problems.append(str(error))
    reader.close()
    hosts = [
        _host(hunt, reader.nodes.get(prefix) or Node(prefix, _name(prefix)), types, count.minutes[prefix])
        for prefix, types in count.types.items()
    ]
    hosts += plain_surveys(hunt.plain, hunt.kept)
    problems += plain_remarks(hunt.plain)
    return Survey(tuple(sorted(hosts, key=lambda host: host.host)), len(hunt.kept), tuple(problems))


def _name(prefix: bytes) -> str:
    return prefix.removeprefix(b"node=").strip().decode("utf-8", "replace")


def _host(hunt: Hunt, node: Node, types: Counter[str], minutes: set[int]) -> HostSurvey:
    events = Counter(node.events)
    if node.execs:
        events[PROCESS_CREATION.category] = node.execs
    can: list[Firing] = []
    cannot: list[Blind] = []
    for rule in hunt.kept:
        blind = _blind(rule, hunt.assignments, events, types)
        if blind is None:
            can.append(Firing(rule.id, rule.title))
        else:
            cannot.append(blind)
    ordered = sorted(minutes)
    gaps = tuple(
        Gap((before + 1) * _MINUTE, after * _MINUTE)
        for before, after in itertools.pairwise(ordered)
        if after - before > _GAP
    )
    return HostSurvey(
        node.name,
        ordered[0] * _MINUTE,
        (ordered[-1] + 1) * _MINUTE,
        len({minute // 60 for minute in minutes}),
        gaps,
        dict(events),
        dict(types.most_common()),
        node.parents_known / node.execs if node.execs else 1.0,
        tuple(can),
        tuple(cannot),
    )


def _blind(rule: Rule, assignments: tuple[Assignment, ...], events: Counter[str], types: Counter[str]) -> Blind | None:
    """Why a rule can never match what the host recorded, or None if it can."""
    seeing = [a for a in assignments if rule.id in a.dead or rule in a.rules]
    if not seeing:
        return Blind(rule.id, rule.title, f"no audit log gives events of log source {rule.logsource}")
    live = [a for a in seeing if rule.id not in a.dead]
    if not live:
        absent = dict.fromkeys(field for a in seeing for field in a.dead[rule.id])
        return Blind(rule.id, rule.title, f"needs {', '.join(absent) or 'what can never hold'}")
    missing: list[str] = []
    enable: list[str] = []
    for assignment in live:
        if assignment.source == AUDIT_RECORD:
            needed = record_types([assignment.predicates[assignment.rules.index(rule)]])
            if needed is None or any(types[name] for name in needed):
                return None
            missing.append(f"{' or '.join(sorted(needed))} record")
            enable += [line for name in sorted(needed) for line in TYPE_RULES.get(name, ())]
        else:
            if events[assignment.source.category]:
                return None
            missing.append(f"{assignment.source.category} event")
            enable += KIND_RULES[assignment.source]
    return Blind(rule.id, rule.title, f"no {' or '.join(missing)} in this log", tuple(dict.fromkeys(enable)))
