"""The page of figures is made from the results, and from nothing else."""

from __future__ import annotations

import pytest
from benchmarks.corpus import listed
from benchmarks.table import BEGIN, END, PAGE, RESULTS, read, tables, written


def test_the_page_says_what_the_results_say():
    page = PAGE.read_text(encoding="utf-8")
    assert written(page, tables(read(sorted(RESULTS.glob("*.jsonl"))))) == page


def test_only_what_stands_between_the_marks_is_written_anew():
    assert written(f"a\n{BEGIN}\nold\n{END}\nz\n", "new") == f"a\n{BEGIN}\n\nnew\n{END}\nz\n"


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="lacks"):
        written("no marks", "new")


@pytest.mark.parametrize(("name", "rules"), [("process_creation", 1433), ("all", 1629)])
def test_the_lists_name_each_rule_once(name, rules):
    paths = listed(name)
    assert len(paths) == rules
    assert sorted(set(paths)) == paths
    assert all(path.startswith("rules") and path.endswith(".yml") and ".." not in path for path in paths)


def test_the_benchmark_set_is_part_of_all():
    extra = set(listed("all")) - set(listed("process_creation"))
    assert set(listed("process_creation")) < set(listed("all"))
    assert {path.partition("/")[0] for path in extra} == {"rules-emerging-threats"}
