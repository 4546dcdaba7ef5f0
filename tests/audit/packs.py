"""A small hunt pack with one recording, made anew for each test."""

from __future__ import annotations

from pathlib import Path

from tests.auditlog import execution

START = 1795509000.0
FLUSH, POLICY = "11111111-1111-4111-8111-111111111111", "33333333-3333-4333-8333-333333333333"
BACKUP = "22222222-2222-4222-8222-222222222222"
HEAD = "host\tstep\trule\texpect\tmin\tmax\twhy"

RULE = """
title: {title}
id: {id}
author: Eve
level: high
logsource: {{product: linux, category: process_creation}}
detection:
  selection: {{CommandLine|contains: '{text}'}}
  condition: selection
"""
EXCLUSION = """
title: Backups
id: 22222222-2222-4222-8222-222222222222
logsource: {product: linux, category: process_creation}
filter:
  rules: any
  selection: {CommandLine|endswith: backup}
  condition: not selection
"""
DESCRIPTION = """
name: sample
rules: rules
evidence:
    expectations: expectations.tsv
    attackers: {logins: [eve, 1001]}
    recordings:
        - {host: gw, log: gw.audit.log, steps: gw.steps.tsv}
"""
#: Step, label, seconds after the start, and what was run by which login user.
STEPS: tuple[tuple[str, str, float, list[tuple[list[str], int]]], ...] = (
    ("quiet", "benign", 100, [(["/bin/ls", "-l"], 1000)]),
    ("backup", "benign", 200, [(["/sbin/iptables", "-F", "backup"], 1000), (["/sbin/iptables", "-F", "backup"], 1000)]),
    ("flush", "attack", 300, [(["/sbin/iptables", "-F"], 1001), (["/sbin/iptables", "-P", "INPUT"], 1001)]),
    ("between", "benign", 400, []),
)
#: Lines of expectations that the recording meets.
MET = (
    "gw\tbackup\tflush\tmust\t2\t2\tit flushes\t",
    "gw\tbackup\t*\tsilence\t2\t2\tthe backup is known\tbackup",
    "gw\tflush\tflush\tmust\t1\t1\tthe attack\t",
    "gw\tflush\tpolicy\tmay\t0\t1\tthe policy\t",
)


def log(*more: tuple[list[str], int, float]) -> str:
    """The log of all steps, and of further commands with their login user and seconds after the start."""
    runs = [(args, login, 1.0 + at + place) for _, _, at, of in STEPS for place, (args, login) in enumerate(of)]
    lines: list[str] = []
    for number, (args, login, at) in enumerate(sorted([*runs, *more], key=lambda run: run[2])):
        lines += execution(number + 1, args, pid=1000 + number, ppid=1, auid=login, time=START + at)
    return "".join(lines)


def steps() -> str:
    """The steps file; each step lasts ten seconds."""
    rows = ["step\tlabel\tstart_epoch\tend_epoch"]
    rows += [f"{name}\t{label}\t{START + at}\t{START + at + 10}" for name, label, at, _ in STEPS]
    return "\n".join(rows) + "\n"


def pack(
    folder: Path,
    *expectations: str,
    exclusion: str = EXCLUSION,
    description: str = DESCRIPTION,
    more: tuple[tuple[list[str], int, float], ...] = (),
) -> Path:
    """Write the pack.

    Args:
        folder: that is made.
        expectations: lines of its file, with the column for exclusions; `MET` where there are none.
        exclusion: text of its only accepted exclusion.
        description: text of its `pack.yml`.
        more: further commands in the log; see `log`.
    """
    files = {
        "pack.yml": description,
        "rules/flush.yml": RULE.format(title="Flush", id=FLUSH, text=" -F"),
        "rules/policy.yml": RULE.format(title="Policy", id=POLICY, text=" -P"),
        "exclusions/accepted/backup.yml": exclusion,
        "expectations.tsv": "\n".join([f"{HEAD}\texclusion", *(expectations or MET)]) + "\n",
        "evidence/gw.audit.log": log(*more),
        "evidence/gw.steps.tsv": steps(),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
