"""Operators whose effect is called recorded: their very spelling stands in the step that they name."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from vedette.audit.forge import Claim
from vedette.audit.mutant import Mutant
from vedette.audit.mutate import distinct, matching, mutants
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.predicate import Value
from vedette.sigma.ruleset import load

PACK = Path(str(files("vedette"))) / "packs" / "linux-firewall"
HOSTS = ("gw-nft-01", "gw-legacy-01")
PARENTS = {"ParentImage.resolved", "ParentImage.invoked", "ParentScript"}
PROGRAM = {"Image.resolved", "Image.invoked", "CommandLine", "Script"}


def alike(value: Value | None) -> Value | None:
    """A value without the name of ufw's chain and the family, which change nothing of a spelling."""
    if not isinstance(value, str):
        return value
    return re.sub(r"ufw6?-[a-z-]+", "CHAIN", value).replace("ip6tables", "iptables")


def spelling(values: Mapping[str, Value], columns: set[str]) -> tuple[Value | None, ...]:
    return tuple(alike(values.get(column)) for column in sorted(columns))


@pytest.fixture(scope="module", params=HOSTS)
def recording(request) -> dict[str, list[dict[str, Value]]]:
    """Step to the process starts within it."""
    evidence = PACK / "evidence"
    with (evidence / f"{request.param}.steps.tsv").open(encoding="utf-8") as lines:
        windows = [
            (row["step"], float(row["start_epoch"]), float(row["end_epoch"]))
            for row in csv.DictReader(lines, delimiter="\t")
        ]
    found: dict[str, list[dict[str, Value]]] = {step: [] for step, _, _ in windows}
    for event in Hunt(Options((str(evidence / f"{request.param}.audit.log.gz"),))).events():
        if event.source.category == "process_creation":
            for step, start, end in windows:
                if start <= event.time <= end:
                    found[step].append(dict(event.values))
    return found


@pytest.fixture(scope="module")
def positives(recording) -> list[dict[str, Value]]:
    """Process starts of attack steps that a rule of the pack matches."""
    rules = [rule for rule in load((str(PACK / "rules"),)).rules if rule.logsource.category == "process_creation"]
    attacks = [values for step, starts in recording.items() if step.startswith("attack") for values in starts]
    return distinct(values for values in attacks if any(matching(rule, values) for rule in rules))


def made_by(positives, operators=None) -> list[tuple[dict[str, Value], Mutant]]:
    return [
        (values, mutant)
        for values in positives
        for mutant in mutants(values)
        if mutant.effect == "recorded" and (operators is None or mutant.operator in operators)
    ]


def test_recorded_spellings_stand_in_the_step_that_they_name(recording, positives):
    """Program and words where those change, the parent's program and script where that changes."""
    checked = set()
    for values, mutant in made_by(positives):
        step = mutant.basis.partition(";")[0].partition(":")[0]
        changed = {name for name in {*values, *mutant.values} if values.get(name) != mutant.values.get(name)}
        columns = PARENTS if changed & {*PARENTS, "ParentCommandLine"} else PROGRAM
        if columns is PROGRAM:
            # ufw calls the tool by the same file's other path, /sbin; that is another operator's.
            made = {
                name: str(value).replace("/sbin/", "/usr/sbin/") if str(value).startswith("/sbin/") else value
                for name, value in mutant.values.items()
            }
            made["CommandLine"] = str(made["CommandLine"]).removeprefix("/usr/sbin/")
        else:
            made = mutant.values
        wanted = spelling(made, columns)
        assert wanted in {spelling(one, columns) for one in recording[step]}, (mutant.operator, step, wanted)
        checked.add(mutant.operator)
    assert checked >= {
        "long-option", "flush-all", "flush-all-long", "zero-all", "multi-call", "restore-empty", "ufw-disable",
        "ufw-init-stop", "service-stop", "copy-and-link", "copy-flush-all", "wrapper-script", "script-as-argument",
        "renamed-shell", "shell-c", "sudo", "python-child",
    }  # fmt: skip


def test_parents_with_a_claimed_name_were_recorded(recording, positives):
    script = Claim("ParentScript", "/firewall-maintenance.sh", True, "file_named", "C", "", "")
    image = Claim("ParentImage", "/ansible", True, "file_named", "C", "", "")
    for claim, step in ((script, "attack_maint_name"), (image, "attack_fake_parent_ansible")):
        made = [one for values in positives for one in mutants(values, (claim,)) if one.operator.startswith("spoof")]
        names = {str(one.values.get(claim.field, one.values.get("ParentImage.resolved"))) for one in made
                 if one.effect == "recorded"}  # fmt: skip
        assert len(names) == 1
        (name,) = names
        held = {name.rpartition("/")[2] for one in recording[step] for name in map(str, one.values())}
        assert name.rpartition("/")[2] in held
        # Another name was not recorded, so it is not called that.
        other = msgspec.structs.replace(claim, value="/elsewhere")
        unknown = [one for one in mutants(positives[0], (other,)) if one.operator.startswith("spoof")]
        assert {one.effect for one in unknown} == {"documented"}


def test_steps_whose_spelling_is_recorded_lost_rules(recording):
    """A step that lost nothing would show no kept effect; attack_nft of the legacy host is the one, and is not used."""
    for host in HOSTS:
        with (PACK / "evidence" / f"{host}.steps.tsv").open(encoding="utf-8") as lines:
            notes = {row["step"]: row["ground_truth_note"] for row in csv.DictReader(lines, delimiter="\t")}
        kept = {step for step, note in notes.items() if step.startswith("attack") and "lost=none" in note}
        assert kept == ({"attack_nft"} if host == "gw-legacy-01" else set())


def test_the_nft_ruleset_is_flushed_where_that_was_recorded_only(recording, positives):
    backends = {
        str(values["Image.resolved"]).rpartition("/")[2] for values, mutant in made_by(positives, {"nft-flush-ruleset"})
    }
    assert backends <= {"xtables-nft-multi"}


def test_the_exact_spelling_of_the_long_option_was_recorded(recording):
    lines = {values["CommandLine"] for values in recording["attack_long_options"]}
    assert "iptables --flush ufw-logging-deny" in lines
