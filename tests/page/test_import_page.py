"""Pages written as packs: whole or not at all, and never over what is not theirs."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner, Result

from vedette.cli.main import main
from vedette.errors import PageError, UsageError
from vedette.page import HuntPage, Scenario, Unread, import_page, read_page
from vedette.page.dialect import Reading
from vedette.page.dialect import Unread as Missed
from vedette.page.naming import rule_stem, slug
from vedette.page.readme import readme
from vedette.sigma.ruleset import load

PAGES = Path(__file__).parent / "pages"
SEED = PAGES / "flush-iptables-ufw.txt"
RULE = "rules/proc_creation_lnx_flush_iptables_ufw_chain.yml"
FILTERS = [
    f"exclusions/candidate/{name}.yml"
    for name in (
        "scheduled_firewall_maintenance_task",
        "scheduled_firewall_maintenance_task_2",
        "ufw_uncomplicated_firewall_reset_command",
        "ufw_uncomplicated_firewall_reset_command_2",
        "automated_security_policy_update",
        "live_migration_or_virtualization_event",
    )
]
FILES = [
    RULE,
    "kql/proc_creation_lnx_flush_iptables_ufw_chain.kql",
    "scenarios.yml",
    *FILTERS,
    "pack.yml",
    "README.md",
]


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["page", "import", *args])


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_seed_becomes_a_pack(tmp_path):
    done = import_page(str(SEED), str(tmp_path / "hunt"))
    assert list(done.files) == FILES
    assert tree(tmp_path) == sorted(f"hunt/{name}" for name in FILES)
    pack = yaml.safe_load((tmp_path / "hunt" / "pack.yml").read_text(encoding="utf-8"))
    assert pack["name"] == "hunt"
    assert pack["rules"] == "rules"
    assert pack["license"] == "DRL-1.1"
    assert pack["imported_from"] == {
        "page": SEED.name,
        "sha256": "1ed4cf2167328feb5c51a63f193b45d9af5625ac9b2f72fb1b62a61da0270ddf",
        "rule_line": 3,
        "kql_line": 44,
    }


def test_the_rule_loads_with_author_and_licence(tmp_path):
    import_page(str(SEED), str(tmp_path / "hunt"))
    loaded = load((tmp_path / "hunt",))
    assert loaded.problems == ()
    (rule,) = loaded.rules
    assert rule.id == "3be619f4-d9ec-4ea8-a173-18fdd01996ab"
    assert rule.author == "Joseliyo Sanchez, @Joseliyo_Jstnk"
    assert rule.license == "DRL-1.1"
    assert rule.tags == ("attack.defense-evasion", "attack.t1562.004")


def test_only_the_licence_is_added_to_the_rule(tmp_path):
    done = import_page(str(SEED), str(tmp_path / "hunt"))
    written = (tmp_path / "hunt" / RULE).read_text(encoding="utf-8").splitlines()
    at = written.index("license: DRL-1.1")
    assert written[at - 1].startswith("author: ")
    assert [*written[:at], *written[at + 1 :]] == done.page.rule.splitlines()
    assert done.assumed


def test_a_stated_licence_is_kept(tmp_path):
    done = import_page(str(PAGES / "fenced.md"), str(tmp_path / "hunt"), license_id="MIT")
    assert (done.license, done.assumed) == ("Apache-2.0", False)
    (rule,) = (tmp_path / "hunt" / "rules").iterdir()
    assert rule.read_text(encoding="utf-8") == done.page.rule


def test_a_rule_without_author_gets_its_licence_at_the_end(tmp_path):
    page = tmp_path / "p.txt"
    page.write_text("title: A\nlogsource:\nproduct: x\ndetection:\ns:\na: 1\ncondition: s\n", encoding="utf-8")
    import_page(str(page), str(tmp_path / "hunt"), license_id="CC0-1.0")
    text = (tmp_path / "hunt" / "rules" / "x_a.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["license"] == "CC0-1.0"
    assert text.endswith("\nlicense: CC0-1.0\n")


def test_scenarios_are_written_word_for_word(tmp_path):
    done = import_page(str(SEED), str(tmp_path / "hunt"))
    written = yaml.safe_load((tmp_path / "hunt" / "scenarios.yml").read_text(encoding="utf-8"))["scenarios"]
    assert tuple(msgspec.convert(scenario, Scenario) for scenario in written) == done.page.scenarios


def test_the_query_is_written_word_for_word(tmp_path):
    done = import_page(str(SEED), str(tmp_path / "hunt"))
    assert (tmp_path / "hunt" / FILES[1]).read_text(encoding="utf-8") == done.page.kql + "\n"


def test_a_page_without_query_makes_none(tmp_path):
    page = tmp_path / "p.txt"
    page.write_text("title: A\nlogsource:\nproduct: x\ndetection:\ns:\na: 1\ncondition: s\n", encoding="utf-8")
    assert import_page(str(page), str(tmp_path / "hunt")).files == (
        "rules/x_a.yml",
        "scenarios.yml",
        "pack.yml",
        "README.md",
    )


def test_importing_twice_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        import_page(str(SEED), str(tmp_path / name / "hunt"))
    for name in FILES:
        assert (tmp_path / "a" / "hunt" / name).read_bytes() == (tmp_path / "b" / "hunt" / name).read_bytes()


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "hunt").mkdir()
    import_page(str(SEED), str(tmp_path / "hunt"))
    assert tree(tmp_path / "hunt") == sorted(FILES)


def test_an_import_is_not_written_over_unless_forced(tmp_path):
    pack = tmp_path / "hunt"
    import_page(str(SEED), str(pack))
    (pack / RULE).write_text("changed", encoding="utf-8")
    (pack / "exclusions.yml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="--force"):
        import_page(str(SEED), str(pack))
    assert (pack / RULE).read_text(encoding="utf-8") == "changed"
    import_page(str(SEED), str(pack), force=True)
    assert (pack / RULE).read_text(encoding="utf-8").startswith("title: Flush")
    assert (pack / "exclusions.yml").read_text(encoding="utf-8") == "mine"
    assert tree(pack) == sorted([*FILES, "exclusions.yml"])


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["notes.txt", "pack.yml"])
def test_a_folder_of_others_is_never_written_into(tmp_path, name, force):
    (tmp_path / "hunt").mkdir()
    (tmp_path / "hunt" / name).write_text("name: mine\n", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        import_page(str(SEED), str(tmp_path / "hunt"), force=force)
    assert tree(tmp_path / "hunt") == [name]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "hunt").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="is no folder"):
        import_page(str(SEED), str(tmp_path / "hunt"), force=True)


def test_a_refused_page_leaves_nothing_behind(tmp_path):
    page = tmp_path / "p.txt"
    page.write_text("title: A\n", encoding="utf-8")
    with pytest.raises(PageError):
        import_page(str(page), str(tmp_path / "hunt"))
    assert tree(tmp_path) == ["p.txt"]


def test_a_disk_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(path: Path, *args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(UsageError, match="No space left"):
        import_page(str(SEED), str(tmp_path / "hunt"))
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PageError, match="no regular file"):
        import_page(str(tmp_path / "pipe"), str(tmp_path / "hunt"))
    with pytest.raises(PageError, match="can't be read: No such file"):
        import_page(str(tmp_path / "none"), str(tmp_path / "hunt"))


def test_a_page_over_the_bound_is_not_read(tmp_path):
    page = tmp_path / "p.txt"
    with page.open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(PageError, match="over 1 MiB"):
        import_page(str(page), str(tmp_path / "hunt"))


@pytest.mark.parametrize("name", ["", "two words", "../x", "a" * 100, "x\ny"])
def test_a_licence_is_an_identifier(tmp_path, name):
    with pytest.raises(UsageError, match="SPDX"):
        import_page(str(SEED), str(tmp_path / "hunt"), license_id=name)


def test_the_command_says_what_it_read(tmp_path):
    result = run(str(SEED), "-o", str(tmp_path / "hunt"))
    assert result.exit_code == 0
    assert "indentation of 29 lines restored" in result.stdout
    assert "5, of which 4 complete" in result.stdout
    assert "line 58: Network interface: the page breaks off here" in result.stdout
    assert all(name in result.stdout for name in FILES)


def test_the_command_names_what_it_did_not_read(tmp_path):
    result = run(str(PAGES / "fenced.md"), "-o", str(tmp_path / "hunt"))
    assert "as indented" in result.stdout
    assert "Happy hunting!" in result.stdout


def test_the_command_says_what_became_of_each_exclusion_text(tmp_path):
    result = run(str(SEED), "-o", str(tmp_path / "hunt"))
    assert "exclusions 6 candidates of 12 texts; none is applied" in result.stdout
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert all(any(name in line for line in lines) for name in FILTERS)
    assert "process.name -> Image endswith '/bash'" in lines
    assert any(line.startswith("process.owner -> User equals 'root' (no field of ECS") for line in lines)
    assert "not read, 48:19: it describes ('known') and names no value to compare with" in lines


def test_a_rule_that_no_filter_can_name_has_no_candidates(tmp_path):
    page = tmp_path / "p.txt"
    page.write_text(
        "title: A\nlogsource:\nproduct: x\ndetection:\ns:\na: 1\ncondition: s\n\n"
        'Scenario: S\nDescription: D.\nFilter: process.name = "a".\n',
        encoding="utf-8",
    )
    result = run(str(page), "-o", str(tmp_path / "hunt"))
    assert "exclusions 0 candidates of 1 texts" in result.stdout
    assert "no candidate: the rule has neither id nor name" in result.stdout
    assert not (tmp_path / "hunt" / "exclusions").exists()


def test_the_account_in_the_pack_links_to_each_candidate(tmp_path):
    import_page(str(SEED), str(tmp_path / "hunt"))
    text = (tmp_path / "hunt" / "README.md").read_text(encoding="utf-8")
    for name in FILTERS:
        assert f"]({name})" in text
        assert (tmp_path / "hunt" / name).is_file()
    assert "Candidates are not applied" in text


def test_the_command_reads_standard_input(tmp_path):
    result = CliRunner().invoke(main, ["page", "import", "-", "-o", str(tmp_path / "hunt")], input=SEED.read_bytes())
    assert result.exit_code == 0
    assert tree(tmp_path / "hunt") == sorted(FILES)


def test_errors_have_their_exit_codes(tmp_path):
    page = tmp_path / "p.txt"
    page.write_text("title: A\nlogsource:\nproduct: x\ndetection:\ns:\na: 1\na: 2\ncondition: s\n", encoding="utf-8")
    result = run(str(page), "-o", str(tmp_path / "hunt"))
    assert result.exit_code == 2
    assert f"{page}:7: the field 'a' stands twice" in result.stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert run(str(SEED), "-o", str(tmp_path / "full")).exit_code == 3
    assert run(str(SEED)).exit_code == 3


def test_hostile_names_reach_neither_terminal_nor_file_system(tmp_path):
    page = tmp_path / "p\u202etxt"
    title = "../../etc/passwd \u00e9\u4e2d \\[31m [red]"
    page.write_text(
        f"title: {title}\nlogsource:\nproduct: ../x\ndetection:\ns:\na: 1\ncondition: s\n", encoding="utf-8"
    )
    result = run(str(page), "-o", str(tmp_path / "hunt"))
    assert result.exit_code == 0
    assert "\u202e" not in result.stdout
    assert tree(tmp_path / "hunt") == ["README.md", "pack.yml", "rules/x_etc_passwd_e_31m_red.yml", "scenarios.yml"]


def test_the_readme_can_t_be_left_by_a_page_s_text():
    page = read_page(SEED.read_bytes(), "x.txt")
    evil = "<script>alert(1)</script> | [a](javascript:b) `c` **d**\u200b"
    page = msgspec.structs.replace(
        page,
        title=evil,
        prose=evil,
        scenarios=(Scenario(evil, "", "", 1, 0, complete=False, why=evil),),
        unread=(Unread(1, evil, evil),),
    )
    assert isinstance(page, HuntPage)
    reading = Reading(evil, evil, "prose", None, (), (Missed(evil, 1, 1, evil),), (evil,), 1)
    text = readme(page, {"author": evil}, "stem", "DRL-1.1", assumed=True, readings=[reading], candidates=[""])
    assert "\\<script\\>alert(1)\\</script\\> \\| \\[a\\](javascript:b) \\`c\\` \\*\\*d\\*\\*\\\\u200b" in text
    assert "<script" not in text.replace("\\<", "")
    assert "\u200b" not in text


@pytest.mark.parametrize(
    ("rule", "stem"),
    [
        (
            {"title": "Å b", "logsource": {"category": "process_creation", "product": "windows"}},
            "proc_creation_win_a_b",
        ),
        ({"title": "B", "logsource": {"product": "linux", "service": "auditd"}}, "lnx_auditd_b"),
        ({"title": "\u4e2d", "logsource": {"category": "file_event"}}, "file_event_rule"),
        ({"title": "x" * 300, "logsource": {"product": "aws"}}, "aws_" + "x" * 86),
    ],
)
def test_file_names(rule, stem):
    assert rule_stem(rule) == stem


def test_slugs_have_an_end():
    assert len(slug("a b " * 10_000)) <= 90
