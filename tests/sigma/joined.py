"""Correlations and rules that they join, as text for tests."""

from __future__ import annotations

from pathlib import Path

FLUSH = """\
title: Firewall flushed
name: flush
logsource:
    product: linux
    category: process_creation
detection:
    a:
        Image|endswith: /nft
        CommandLine|contains: flush
    condition: a
"""
REACH = """\
title: Connection out
name: reach
logsource:
    product: linux
    category: network_connection
detection:
    a:
        DestinationPort: [22, 4445]
    condition: a
"""
SUDO = """\
title: Sudo
name: sudo
id: 11111111-2222-4333-8444-555555555555
logsource:
    product: linux
    category: process_creation
detection:
    a:
        Image|endswith: /sudo
    condition: a
"""
PIVOT = """\
title: Flush, then a connection by the same user
id: 0F0F0F0F-0000-4000-8000-00000000000A
name: pivot
level: high
author: A. Nother
correlation:
    type: temporal_ordered
    rules:
        - flush
        - reach
    group-by:
        - who
    aliases:
        who:
            flush: User
            reach: User
    timespan: 15m
"""
MANY = """\
title: Much sudo
name: many
correlation:
    type: event_count
    rules: sudo
    group-by: User
    timespan: 1h
    condition:
        gte: 10
"""


def write_set(folder: Path, *documents: str, name: str = "joined.yml") -> Path:
    """Documents in one file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("---\n".join(documents), encoding="utf-8")
    return path
