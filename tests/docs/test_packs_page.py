"""The page on hunt packs names every key, column, kind of case, field and hook, and none that is not there."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from tests.audit.packs import MET, pack

from vedette.audit import description
from vedette.audit.expectation import COLUMNS, EXCLUSION, WRITTEN, Expect
from vedette.audit.trial import SHOWN, try_pack
from vedette.cli.exit import PRECEDENCE
from vedette.hunt.hunt import built_in_pack
from vedette.page.importing import import_page
from vedette.report.trial import content

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "packs.md").read_text(encoding="utf-8")
PACK = Path(built_in_pack("linux-firewall"))


def table(heading: str, section: str = "\n") -> list[list[str]]:
    """The cells below the header of the first table of a section whose first column is headed so."""
    _, found, rest = PAGE.partition(section)[2].partition(f"\n| {heading} |")
    assert found, heading
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip("|"))] for row in rows]


def names(heading: str, section: str = "\n") -> list[str]:
    """What stands in backticks in the first column of a table."""
    return [name for row in table(heading, section) for name in re.findall(r"`([^`]+)`", row[0])]


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    whole: dict[str, Any] = yaml.safe_load((PACK / "pack.yml").read_text(encoding="utf-8"))
    return whole


@pytest.fixture
def imported(tmp_path) -> dict[str, Any]:
    page = ROOT / "tests" / "page" / "pages" / "flush-iptables-ufw.txt"
    import_page(str(page), str(tmp_path / "pack"))
    whole: dict[str, Any] = yaml.safe_load((tmp_path / "pack" / "pack.yml").read_text(encoding="utf-8"))
    return whole


def test_every_key_of_a_description_is_explained(described, imported):
    assert set(names("key")) >= set(described) | set(imported)
    # `exclusions` may be left out, as the built-in pack does.
    assert set(names("key")) == set(described) | set(imported) | {"exclusions"}


def test_every_key_of_evidence_is_explained(described):
    evidence, told = description._Evidence.__struct_fields__, description._Told.__struct_fields__
    recordings = {key for recording in described["evidence"]["recordings"] for key in recording}
    assert set(names("key of `evidence`")) == {
        *evidence,
        *(f"attackers.{key}" for key in told),
        *(f"recordings[].{key}" for key in recordings),
    }


def test_every_column_of_expectations_is_explained_in_their_order():
    assert names("column", "\n## Expectations\n") == [*COLUMNS, EXCLUSION]


def test_every_column_of_steps_that_is_read_is_explained():
    explained = set(names("column", "\n## Steps\n"))
    source = (ROOT / "src" / "vedette" / "audit" / "recording.py").read_text(encoding="utf-8")
    read = set(re.findall(r"""row(?:\[|\.get\()"(\w+)\"""", source))
    assert explained == read
    with (PACK / "evidence" / "gw-nft-01.steps.tsv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file, delimiter="\t"))
    assert explained - {"login"} <= set(header)


def test_every_kind_of_expectation_is_explained():
    assert [row[0].strip("`") for row in table("value of `expect`")] == [*WRITTEN]
    for kind in set(get_args(Expect)) - set(WRITTEN):
        assert f"`{kind}`" in PAGE


def test_exit_codes_stand_in_the_order_in_which_they_win():
    told = [int(row[0]) for row in table("exit code")]
    assert told == [code for code in PRECEDENCE if code in told]
    assert set(told) == {0, 1, 2, 3, 4}


def test_the_number_of_examples_is_the_number():
    assert f"up to {SHOWN} of the findings" in PAGE


def test_every_field_of_the_json_is_explained(tmp_path):
    folder = pack(tmp_path, "gw\tbackup\tflush\tmust\t3\t-\tx\t", *MET[1:], "nonsense")
    told = content([try_pack(folder)])
    explained = set(re.findall(r"[\w]+", " ".join(" ".join(row[:2]) for row in table("field"))))

    def keys(value: object) -> set[str]:
        match value:
            case dict():
                return {*value, *(key for inner in value.values() for key in keys(inner))}
            case list():
                return {key for inner in value for key in keys(inner)}
        return set()

    assert told["packs"][0]["problems"]
    assert any(case["examples"] for case in told["packs"][0]["recordings"][0]["cases"])
    assert keys(told) <= explained


def test_every_hook_is_explained_with_what_it_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    explained = {row[0].strip("`"): row[1].strip("`") for row in table("hook")}
    assert list(explained) == [hook["id"] for hook in hooks]
    for hook in hooks:
        assert hook["entry"].removesuffix(" -o /dev/null") == explained[hook["id"]]
