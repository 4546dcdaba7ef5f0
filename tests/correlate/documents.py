"""Rules and correlations that the tests of hunts share."""

from __future__ import annotations

from pathlib import Path

FLUSH = """title: Flush
id: 11111111-1111-4111-8111-111111111111
name: flush
author: Eve
level: low
logsource: {product: linux, category: process_creation}
detection:
  selection: {Image|endswith: [/iptables, /nft], CommandLine|contains: [' -F', ' flush ']}
  condition: selection
"""
REACH = """title: Connection
id: 22222222-2222-4222-8222-222222222222
name: reach
author: Bob
level: low
logsource: {product: linux, category: network_connection}
detection:
  selection: {DestinationPort: '*'}
  condition: selection
"""
SUDO = """title: Sudo
id: 33333333-3333-4333-8333-333333333333
name: sudo
author: Bob
level: medium
logsource: {product: linux, service: auditd}
detection:
  selection: {type: USER_CMD}
  condition: selection
"""


def correlation(number: int, section: str, *, level: str = "high", name: str = "") -> str:
    """A correlation; its id ends with the number."""
    named = f"name: {name}\n" if name else ""
    head = f"title: Correlation {number}\nid: 44444444-4444-4444-8444-{number:012d}\n{named}author: Mallory\n"
    return f"{head}level: {level}\ncorrelation: {{{section}}}\n"


def write(folder: Path, *documents: str) -> str:
    """One file with all documents; its path."""
    path = folder / "joined.yml"
    path.write_text("---\n".join(documents))
    return str(path)
