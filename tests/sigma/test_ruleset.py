"""Many files as one set: what is found, kept apart, reported, and how the cache stays out of the way."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.sigma.samples import SIMPLE, rule_text, write_rule

from vedette.errors import PlaceholderError, UsageError
from vedette.sigma.cache import RuleCache
from vedette.sigma.ruleset import RuleSet, load

IDS = ("1f1d6f0c-6a39-4d43-8b0e-6a6f1b1b7a10", "2f1d6f0c-6a39-4d43-8b0e-6a6f1b1b7a10")


def codes(loaded: RuleSet) -> list[str]:
    return [problem.code for problem in loaded.problems]


def fresh(*paths: Path | str) -> RuleSet:
    return load(paths, cache=False)


def test_folders_are_searched_in_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2.yml", "b/1.yaml", "a.yml", ".hidden.yml", ".git/x.yml", "notes.txt", "b/c/deep.yml"):
        write_rule(tmp_path, name, SIMPLE.replace("eve", name))
    loaded = fresh(tmp_path)
    assert [rule.location.path for rule in loaded.rules] == [
        f"{tmp_path}/{name}" for name in ("a.yml", "b/1.yaml", "b/2.yml", "b/c/deep.yml")
    ]
    assert loaded.files == 4
    assert not loaded.problems


def test_a_file_is_read_once_however_often_it_is_named(tmp_path: Path) -> None:
    path = write_rule(tmp_path, "a.yml", SIMPLE)
    (tmp_path / "link.yml").symlink_to(path)
    loaded = fresh(path, tmp_path, str(path))
    assert len(loaded.rules) == 1
    assert not loaded.problems


def test_a_file_that_is_named_is_read_whatever_its_name(tmp_path: Path) -> None:
    assert len(fresh(write_rule(tmp_path, "rule.txt", SIMPLE)).rules) == 1


def test_of_a_pack_only_its_rules_are_taken(tmp_path: Path) -> None:
    for pack, line in (("p", ""), ("q", "rules: sigma\n"), ("r", "rules: ../p/rules\n")):
        write_rule(tmp_path, f"{pack}/rules/a.yml", SIMPLE.replace("eve", pack))
        write_rule(tmp_path, f"{pack}/sigma/b.yml", SIMPLE.replace("eve", pack + "2"))
        write_rule(tmp_path, f"{pack}/evidence/info.yml", SIMPLE)
        (tmp_path / pack / "pack.yml").write_text(f"name: x\n{line}")
    loaded = fresh(tmp_path)
    assert not loaded.problems
    assert [os.path.relpath(rule.location.path, tmp_path) for rule in loaded.rules] == [
        *("p/rules/a.yml", "q/sigma/b.yml", "r/rules/a.yml"),
    ]


def test_paths_without_rules_are_problems(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing.yml").write_text("")
    (tmp_path / "comment.yml").write_text("# soon\n")
    (tmp_path / "dashes.yml").write_text("---\n---\n")
    loaded = fresh(tmp_path / "empty", tmp_path)
    assert codes(loaded) == ["no-rules", "empty", "empty", "empty"]
    assert all(problem.remedy for problem in loaded.problems)
    with pytest.raises(UsageError, match="no such file"):
        fresh(tmp_path / "missing")
    with pytest.raises(UsageError):
        load([])


def test_what_can_t_be_read_is_told_and_stops_nothing(tmp_path: Path) -> None:
    write_rule(tmp_path, "good.yml", SIMPLE)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone.yml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "large.yml").write_bytes(b"# " + b"x" * (9 << 20))
    (tmp_path / "latin.yml").write_bytes(rule_text(SIMPLE).encode() + b"# \xe9\n")
    loaded = fresh(tmp_path, tmp_path / "pipe", tmp_path / "gone.yml")
    assert len(loaded.rules) == 1
    assert sorted(codes(loaded)) == ["encoding", "too-large", "unreadable", "unreadable"]


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rule(tmp_path, "good.yml", SIMPLE)
    write_rule(tmp_path, "closed/a.yml", SIMPLE)
    scan = os.scandir

    def refuse(folder: str) -> Any:
        # Root, as whom tests may run, is refused nothing.
        if folder == f"{tmp_path}/closed":
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr("vedette.sigma.files.os.scandir", refuse)
    loaded = fresh(tmp_path)
    assert len(loaded.rules) == 1
    assert [str(problem) for problem in loaded.problems] == [f"{tmp_path}/closed: can't be read: Permission denied"]


def test_a_set_that_is_too_large_is_cut_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        write_rule(tmp_path, f"{number}.yml", SIMPLE.replace("eve", str(number)))
    size = (tmp_path / "0.yml").stat().st_size
    monkeypatch.setattr("vedette.sigma.files.MAX_TOTAL", 2 * size)
    loaded = fresh(tmp_path)
    assert len(loaded.rules) == 2
    (problem,) = loaded.problems
    assert (problem.code, problem.location.path) == ("too-large", f"{tmp_path}/2.yml")


def test_folders_that_nest_without_end(tmp_path: Path) -> None:
    write_rule(tmp_path, "a.yml", SIMPLE)
    write_rule(tmp_path, "d/" * 80 + "b.yml", SIMPLE.replace("eve", "bob"))
    loaded = fresh(tmp_path)
    assert len(loaded.rules) == 1
    assert codes(loaded) == ["too-deep"]


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.yml")
    write_rule(tmp_path, name, "a:\n    User|re: '('\ncondition: a")
    (problem,) = load([tmp_path], cache=RuleCache(tmp_path / "cache")).problems
    assert problem.location.path == f"{tmp_path}/\\xff\\xfe.yml"


def test_one_bad_rule_stops_no_other(tmp_path: Path) -> None:
    write_rule(tmp_path, "a.yml", "a:\n    User|re: '('\ncondition: a")
    write_rule(tmp_path, "b.yml", SIMPLE)
    write_rule(tmp_path, "c.yml", "a:\n    User|expand: '%x%'\ncondition: a")
    (tmp_path / "d.yml").write_text("a: [")
    loaded = fresh(tmp_path)
    assert len(loaded.rules) == 1
    assert codes(loaded) == ["regex-unsupported", "placeholder", "yaml"]
    assert [problem.location.line for problem in loaded.problems] == [6, 6, 2]
    assert [isinstance(problem, PlaceholderError) for problem in loaded.problems] == [False, True, False]


def test_several_documents_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "all.yml"
    path.write_text(
        "---\n"
        + rule_text(SIMPLE, head=f"id: {IDS[0]}\n")
        + "---\ntitle: many\ncorrelation: {type: event_count, rules: "
        + f"[{IDS[0]}], group-by: User,\n    timespan: 1h, condition: {{gte: 2}}}}\n"
        + "---\ntitle: less\nlogsource:\n    category: process_creation\n"
        + "filter:\n    rules: any\n    a: {User: x}\n    condition: a\n"
        + "---\n"
        + rule_text(SIMPLE.replace("eve", "bob"), head=f"id: {IDS[1]}\n")
    )
    loaded = fresh(path)
    assert [rule.id for rule in loaded.rules] == list(IDS)
    assert [part.title for part in loaded.correlations] == ["many"]
    assert [part.title for part in loaded.filters] == ["less"]
    assert [part.location.line for part in loaded.correlations] == [11]
    assert not loaded.warnings
    assert [rule.location.line for rule in loaded.rules] == [2, 23]
    assert not loaded.problems


def test_of_two_rules_with_one_id_the_first_stays(tmp_path: Path) -> None:
    first = write_rule(tmp_path, "a.yml", SIMPLE, head=f"id: {IDS[0]}\n")
    second = write_rule(tmp_path, "b.yml", SIMPLE.replace("eve", "bob"), head=f"id: {IDS[0].upper()}\n")
    loaded = fresh(tmp_path)
    assert [rule.location.path for rule in loaded.rules] == [str(first)]
    (problem,) = loaded.problems
    assert (problem.code, problem.location.path, problem.location.line) == ("duplicate-id", str(second), 2)
    assert str(first) in problem.cause


def test_licences(tmp_path: Path) -> None:
    (tmp_path / "sigma").mkdir()
    (tmp_path / "sigma" / "LICENSE").write_text("... the Detection Rule License (DRL) 1.1 ...")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "LICENSE").write_text("MIT")
    write_rule(tmp_path, "sigma/rules/a/b/c/d/1.yml", SIMPLE.replace("eve", "1"))
    write_rule(tmp_path, "sigma/rules/2.yml", SIMPLE.replace("eve", "2"), head="license: MIT\n")
    write_rule(tmp_path, "mine/3.yml", SIMPLE.replace("eve", "3"))
    found = {Path(rule.location.path).stem: rule.license for rule in fresh(tmp_path).rules}
    assert found == {"1": "DRL-1.1", "2": "MIT", "3": ""}


def test_progress(tmp_path: Path) -> None:
    for number in range(3):
        write_rule(tmp_path, f"{number}.yml", SIMPLE.replace("eve", str(number)))
    seen: list[tuple[int, int]] = []
    load([tmp_path], cache=False, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def sample_set(folder: Path) -> Path:
    write_rule(folder, "a.yml", SIMPLE, head="name: a\n")
    write_rule(folder, "b.yml", "a:\n    User|expand: '%x%'\ncondition: a")
    write_rule(folder, "c.yml", SIMPLE.replace("eve", '"\\u017f"'), head="status: done\n")
    (folder / "d.yml").write_text("title: x\ncorrelation: {type: temporal, rules: a, group-by: [], timespan: 1h}\n")
    (folder / "e.yml").write_text("title: x\nfilter: {rules: any, f: 1.5, n: null}\n")
    return folder


def test_the_cache_gives_the_same_set(tmp_path: Path) -> None:
    folder = sample_set(tmp_path / "rules")
    cache = RuleCache(tmp_path / "cache")
    cold, warm = load([folder], cache=cache), load([folder], cache=cache)
    assert (cold.cached, warm.cached) == (False, True)
    assert cold.rules == warm.rules
    assert cold.warnings == warm.warnings
    assert cold.key == warm.key == fresh(folder).key
    assert (cold.filters, cold.correlations) == (warm.filters, warm.correlations)
    assert [(type(one), str(one), one.code) for one in cold.problems] == [
        (type(one), str(one), one.code) for one in warm.problems
    ]


def test_the_key_follows_content_names_and_licence(tmp_path: Path) -> None:
    write_rule(tmp_path, "r/a.yml", SIMPLE)
    keys = [fresh(tmp_path / "r").key]
    write_rule(tmp_path, "r/a.yml", SIMPLE + "\n# more")
    keys.append(fresh(tmp_path / "r").key)
    (tmp_path / "r" / "a.yml").rename(tmp_path / "r" / "b.yml")
    keys.append(fresh(tmp_path / "r").key)
    (tmp_path / "LICENSE").write_text("Detection Rule License")
    keys.append(fresh(tmp_path / "r").key)
    write_rule(tmp_path, "r/c.yml", SIMPLE)
    keys.append(fresh(tmp_path / "r").key)
    assert len(set(keys)) == len(keys)
    assert fresh(tmp_path / "r").key == keys[-1]


@pytest.mark.parametrize("damage", [b"", b"short", None, b"x" * 4096])
def test_a_damaged_entry_is_made_anew(tmp_path: Path, damage: bytes | None) -> None:
    folder = sample_set(tmp_path / "rules")
    cache = RuleCache(tmp_path / "cache")
    whole = load([folder], cache=cache)
    (entry,) = (tmp_path / "cache").iterdir()
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content if damage is None else damage)
    again = load([folder], cache=cache)
    assert not again.cached
    assert again.rules == whole.rules
    assert load([folder], cache=cache).cached


def test_an_entry_of_another_form_is_made_anew(tmp_path: Path) -> None:
    folder = sample_set(tmp_path / "rules")
    cache = RuleCache(tmp_path / "cache")
    cache.put(fresh(folder).key, b"\x93\x01\x02\x03")
    assert not load([folder], cache=cache).cached


def test_a_cache_that_can_t_be_written_is_done_without(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = sample_set(tmp_path / "rules")
    (tmp_path / "file").write_text("")
    loaded = load([folder], cache=RuleCache(tmp_path / "file" / "cache"))
    assert len(loaded.rules) == 2
    assert capfd.readouterr() == ("", "")


def test_many_runs_at_once(tmp_path: Path) -> None:
    folder = sample_set(tmp_path / "rules")
    cache = RuleCache(tmp_path / "cache")
    with ThreadPoolExecutor(8) as pool:
        sets = list(pool.map(lambda _: load([folder], cache=cache), range(32)))
    assert all(one.rules == sets[0].rules for one in sets)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_the_oldest_entries_go_first(tmp_path: Path) -> None:
    cache = RuleCache(tmp_path, max_bytes=1000)
    for number in range(5):
        cache.put(f"{number:x}", b"x" * 200)
        os.utime(tmp_path / f"{number:x}", (number, number))
    os.utime(tmp_path / "4", (0, 0))
    cache.put("f", b"y" * 200)
    assert cache.get("f") == b"y" * 200
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1000
    assert not (tmp_path / "0").exists()
    cache.put("huge", b"x" * 600)
    assert cache.get("huge") is None


def test_left_over_temporary_files_go(tmp_path: Path) -> None:
    cache = RuleCache(tmp_path)
    (tmp_path / ".new-old").write_text("x")
    os.utime(tmp_path / ".new-old", (1, 1))
    (tmp_path / ".new-young").write_text("x")
    cache.put("a", b"a")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".new-young", "a"]


def test_where_the_cache_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "chosen"))
    load([write_rule(tmp_path, "a.yml", SIMPLE)])
    assert len(list((tmp_path / "chosen" / "rules").iterdir())) == 1
    monkeypatch.delenv("VEDETTE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert RuleCache().folder == tmp_path / "xdg" / "vedette" / "rules"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert RuleCache().folder == tmp_path / ".cache" / "vedette" / "rules"


def test_a_start_from_the_cache_imports_little(tmp_path: Path) -> None:
    folder = sample_set(tmp_path / "rules")
    program = (
        "import sys\n"
        "from vedette.sigma.ruleset import load\n"
        f"loaded = load([{str(folder)!r}])\n"
        "costly = {'sigma', 'polars', 'yaml', 'numpy', 'rich', 'importlib.metadata'}\n"
        "print(loaded.cached, sorted(costly & set(sys.modules)))\n"
    )
    environment = {**os.environ, "VEDETTE_CACHE": str(tmp_path / "cache")}

    def run() -> str:
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
        ).stdout

    assert run().startswith("False")
    assert run() == "True []\n"
