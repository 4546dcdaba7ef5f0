"""Mutants whose effect is not assumed, run for real in a network namespace of their own, where the tools are there.

Set `VEDETTE_XTABLES` to a folder with xtables-nft-multi, xtables-legacy-multi and nft, or have them on the path.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from vedette.audit.mutant import Mutant
from vedette.audit.mutate import mutants
from vedette.predicate import Value

pytestmark = pytest.mark.long
HERE = Path(__file__).resolve().parent
RULES = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-logging-deny - [0:0]
:ufw-user-input - [0:0]
:ufw-spare - [0:0]
-A INPUT -j ufw-user-input
-A INPUT -j ufw-logging-deny
-A ufw-logging-deny -p tcp -j RETURN
-A ufw-logging-deny -p udp -j DROP
-A ufw-logging-deny -p icmp -j DROP
-A ufw-user-input -p tcp --dport 22 -j ACCEPT
COMMIT
"""
EMPTY = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
#: Base call to its program, the backends that have it, and what must be gone after each of its mutants.
BASES = {
    "iptables -F ufw-logging-deny": ("iptables", ("nft", "legacy"), "-A ufw-logging-deny"),
    "iptables -X ufw-spare": ("iptables", ("nft", "legacy"), "ufw-spare"),
    "iptables -P INPUT ACCEPT": ("iptables", ("nft", "legacy"), "INPUT DROP"),
    "iptables-restore": ("iptables-restore", ("nft", "legacy"), "ufw-"),
    "nft flush ruleset": ("nft", ("nft",), "-A ufw-"),
}
#: Commands that nft would read from a file or a terminal, by base call.
NFT = {
    "iptables -F ufw-logging-deny": "flush chain ip filter ufw-logging-deny\n",
    "iptables -X ufw-spare": "delete chain ip filter ufw-spare\n",
    "iptables -P INPUT ACCEPT": "chain ip filter INPUT { policy accept; }\n",
    "nft flush ruleset": "flush ruleset\n",
}


@pytest.fixture(scope="module")
def tools(tmp_path_factory) -> Path:
    """A folder with the tools under all of their names, or a skip."""
    given = os.environ.get("VEDETTE_XTABLES", "")
    found = {
        name: shutil.which(name, path=os.pathsep.join([given, os.environ.get("PATH", ""), "/usr/sbin"]))
        for name in ("xtables-nft-multi", "xtables-legacy-multi", "nft")
    }
    missing = [name for name, path in found.items() if path is None]
    if missing:
        pytest.skip(f"no {missing[0]} here; set VEDETTE_XTABLES to the folder of the tools")
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network namespace of one's own here")
    folder: Path = tmp_path_factory.mktemp("tools")
    for name, path in found.items():
        (folder / name).symlink_to(str(path))
    return folder


@pytest.mark.parametrize(
    ("line", "backend"), [(line, backend) for line, (_, backends, _) in BASES.items() for backend in backends]
)
def test_mutants_do_the_deed(tools, tmp_path, backend, line):
    name, _, gone = BASES[line]
    multi = f"xtables-{backend}-multi"
    folder = tmp_path / "sbin"
    folder.mkdir()
    for tool in (multi, "nft"):
        (folder / tool).symlink_to((tools / tool).resolve())
    for tool in ("iptables", f"iptables-{backend}", "iptables-restore", f"iptables-{backend}-restore"):
        (folder / tool).symlink_to((tools / multi).resolve())
    start: dict[str, Value] = {
        "Image.resolved": f"/usr/sbin/{name if name == 'nft' else multi}",
        "Image.invoked": f"/usr/sbin/{name}",
        "CommandLine": line,
    }
    chosen = [mutant for mutant in mutants(start) if runs(mutant)]
    calls = [call_of(mutant, folder, tmp_path, line) for mutant in chosen]
    assert {mutant.operator for mutant in chosen} >= {"copy", "symlink", "exec-a", "loader"}
    for mutant, (code, rules) in zip(chosen, run(calls, tools, backend), strict=True):
        what = f"{mutant.operator}: {mutant.values['CommandLine']}: {rules}"
        assert code == 0, what
        if mutant.operator == "return-first":
            first = next(rule for rule in rules.splitlines() if rule.startswith(gone))
            assert first == "-A ufw-logging-deny -j RETURN", what
        else:
            assert gone not in rules, what


def test_what_is_said_to_change_nothing_is_refused(tools, tmp_path):
    (tmp_path / "iptables").symlink_to((tools / "xtables-nft-multi").resolve())
    refused = ["iptables ufw-logging-deny -F", "iptables -F -X", "iptables -n -F ufw-logging-deny"]
    calls = [
        {"argv": line.split(), "program": str(tmp_path / "iptables"), "input": "", "times": 1, "before": []}
        for line in refused
    ]
    for (code, said), line in zip(run(calls, tools, "nft"), refused, strict=True):
        assert code == 2, (line, said)


def runs(mutant: Mutant) -> bool:
    """Whether the tools are all that it takes, and a scratch folder all that it writes to."""
    image = str(mutant.values["Image.resolved"])
    others = ("/usr/bin/", "/memfd:", "/usr/lib/.")
    return mutant.effect != "assumed" and "ParentImage.resolved" not in mutant.values and not image.startswith(others)


def call_of(mutant: Mutant, folder: Path, scratch: Path, line: str) -> dict[str, Any]:
    """The call with the attacker's places below a scratch folder, and the tools' own folder as /usr/sbin."""
    attic = scratch / f"{mutant.operator}-{zlib.crc32(str(mutant.values).encode())}"
    attic.mkdir()
    (attic / "commands").write_text(EMPTY if "restore" in mutant.operator else NFT.get(line, EMPTY), encoding="utf-8")
    places = {
        "/tmp/.x/": f"{attic}/",
        "/dev/shm/": f"{attic}/",
        "/var/tmp/": f"{attic}/",
        "/tmp/.r": f"{attic}/commands",
        "/usr/sbin/../sbin/": f"{folder}/../sbin/",
        "/proc/self/root/usr/sbin/": f"/proc/self/root{folder}/",
        "/usr/sbin/": f"{folder}/",
        "/sbin/": f"{folder}/",
    }

    def place(text: str) -> str:
        lead = "--file=" if text.startswith("--file=") else ""
        rest = text.removeprefix(lead)
        return next(
            (f"{lead}{here}{rest[len(there) :]}" for there, here in places.items() if rest.startswith(there)), text
        )

    words = str(mutant.values["CommandLine"]).split(" ")
    argv = words if mutant.operator == "insert-modprobe" else [place(word) for word in words]
    source, program = (Path(place(str(mutant.values[f"Image.{reading}"]))) for reading in ("resolved", "invoked"))
    tool = folder / line.partition(" ")[0]
    if not program.exists():
        match mutant.operator:
            case "symlink":
                program.symlink_to(tool.resolve())
            case "hard-link":
                shutil.copy(tool.resolve(), attic / "binary")
                program.hardlink_to(attic / "binary")
            case _:
                shutil.copy(tool.resolve(), source)
                if program != source:
                    program.symlink_to(source)
    before = mutant.step.rpartition("; ")[0] if mutant.operator == "delete-all-chains" else ""
    return {
        "argv": argv,
        "program": str(program),
        "input": EMPTY if "restore" in str(mutant.values["CommandLine"]) else NFT.get(line, ""),
        "times": 3 if mutant.operator == "delete-rule-by-rule" else 1,
        "before": [place(f"/usr/sbin/{word}") if not n else word for n, word in enumerate(before.split())],
    }


def run(calls: list[dict[str, Any]], tools: Path, backend: str) -> list[tuple[int, str]]:
    binary = str((tools / f"xtables-{backend}-multi").resolve())
    asked = {
        "restore": [binary, "iptables-restore"],
        "rules": RULES,
        "save": [binary, "iptables-save", "-t", "filter"],
        "calls": calls,
    }
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, str(HERE / "namespace.py")],
        input=json.dumps(asked),
        text=True,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return [(code, rules) for code, rules in json.loads(done.stdout)]
