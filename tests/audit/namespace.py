"""Runs calls of packet filter tools one by one in a network namespace of its own; started by test_mutate_effects.

Reads a JSON object from standard input: `restore`, the command that lays the rules; `rules`, what it reads; `save`, the
command that prints them; and `calls`, each with `argv`, `program`, `input`, `times` and
`before`, a command that goes before it or nothing. Prints a list with the
exit code of each call's last run and the rules after it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def main() -> None:
    asked = json.load(sys.stdin)
    json.dump([after(asked, call) for call in asked["calls"]], sys.stdout)


def after(asked: dict[str, Any], call: dict[str, Any]) -> tuple[int, str]:
    subprocess.run(asked["restore"], input=asked["rules"], text=True, check=True, capture_output=True)
    if call["before"]:
        subprocess.run(call["before"], check=True, capture_output=True)
    code = 0
    for _ in range(call["times"]):
        # The program and argv[0] are two things, as `exec -a` shows.
        done = subprocess.run(
            call["argv"], executable=call["program"], input=call["input"], text=True, check=False, capture_output=True
        )
        code = done.returncode
        if code:
            return code, done.stderr
    return code, subprocess.run(asked["save"], text=True, check=True, capture_output=True).stdout


if __name__ == "__main__":
    main()
