from __future__ import annotations

from pathlib import Path

import pytest
from tests.sigma.joined import FLUSH, MANY, PIVOT, REACH, SUDO, write_set

from vedette.errors import Location, RuleError
from vedette.sigma.cache import RuleCache
from vedette.sigma.correlation import ORDERS, Correlation, Threshold
from vedette.sigma.lower_correlation import MAX_FIELDS, MAX_RULES
from vedette.sigma.references import MAX_CHAIN, Directory, resolve
from vedette.sigma.ruleset import RuleSet, load


def fresh(folder: Path, *documents: str) -> RuleSet:
    return load([write_set(folder, *documents)], cache=False)


def one(folder: Path, *documents: str) -> Correlation:
    loaded = fresh(folder, *documents)
    assert [str(problem) for problem in loaded.problems] == []
    (correlation,) = loaded.correlations
    return correlation


def refused(folder: Path, *documents: str) -> list[tuple[str, int]]:
    return [(problem.code, problem.location.line) for problem in fresh(folder, *documents).problems]


def section(**keys: object) -> str:
    """A correlation over `sudo`; a key that is None is left out."""
    whole: dict[str, object] = {"type": "event_count", "rules": "[sudo]", "group-by": "[User]", "timespan": "1h"}
    whole["condition"] = "{gte: 3}"
    whole.update({name.replace("_", "-"): value for name, value in keys.items()})
    lines = "".join(f"    {key}: {value}\n" for key, value in whole.items() if value is not None)
    return f"title: t\ncorrelation:\n{lines}"


def test_all_that_a_document_says(tmp_path):
    found = one(tmp_path, PIVOT, FLUSH, REACH)
    assert found == Correlation(
        id="0f0f0f0f-0000-4000-8000-00000000000a",
        title="Flush, then a connection by the same user",
        level="high",
        status="",
        author="A. Nother",
        license="",
        description="",
        references=(),
        tags=(),
        falsepositives=(),
        kind="temporal_ordered",
        rules=("flush", "reach"),
        group_by=("who",),
        timespan=900,
        condition=(Threshold("gte", 2),),
        fields=(),
        aliases={"who": {"flush": "User", "reach": "User"}},
        generate=False,
        location=Location(str(tmp_path / "joined.yml"), 1),
        digest=found.digest,
        name="pivot",
    )


def test_without_an_id_it_gets_one_of_its_own_logic(tmp_path):
    first = one(tmp_path, MANY, SUDO)
    assert first.id == f"joined-{first.digest[:8]}"
    assert one(tmp_path, MANY.replace("10", "11"), SUDO).digest != first.digest
    assert one(tmp_path, MANY.replace("Much", "Very much"), SUDO).digest == first.digest


@pytest.mark.parametrize(("written", "seconds"), [("1s", 1), ("90m", 5400), ("24h", 86400), ("366d", 366 * 86400)])
def test_timespans(tmp_path, written, seconds):
    assert one(tmp_path, section(timespan=written), SUDO).timespan == seconds


@pytest.mark.parametrize("written", [None, "", "10", "0m", "1.5h", "10M", "1w", "-1h", "1h30m", "10 m", "[1h]", "367d"])
def test_what_is_no_timespan(tmp_path, written):
    assert [code for code, _ in refused(tmp_path, section(timespan=written), SUDO)] == ["timespan"]


@pytest.mark.parametrize("order", ORDERS)
def test_orders(tmp_path, order):
    assert one(tmp_path, section(condition=f"{{{order}: 7}}"), SUDO).condition == (Threshold(order, 7),)


def test_a_range(tmp_path):
    found = one(tmp_path, section(condition="{gt: 3, lte: 9}"), SUDO)
    assert found.condition == (Threshold("gt", 3), Threshold("lte", 9))
    assert [count for count in range(12) if all(part.holds(count) for part in found.condition)] == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("kind", ["value_sum", "value_avg"])
def test_a_measure_is_held_against_any_number(tmp_path, kind):
    for written, number in [("-5", -5), ("1.50", 1.5), ("2.0", 2)]:
        text = section(type=kind, condition=f"{{field: ExitCode, lt: {written}}}")
        assert one(tmp_path, text, SUDO).condition == (Threshold("lt", number),)


def test_several_fields_are_counted_together(tmp_path):
    text = section(type="value_count", condition="{field: [Image, CommandLine], gte: 2}")
    assert one(tmp_path, text, SUDO).fields == ("Image", "CommandLine")


def test_no_group_must_be_said(tmp_path):
    assert one(tmp_path, section(group_by="[]"), SUDO).group_by == ()
    assert refused(tmp_path, section(group_by=None), SUDO) == [("group-by", 2)]


@pytest.mark.parametrize("where", ["correlation", "document"])
def test_generate(tmp_path, where):
    text = section(generate="true") if where == "correlation" else section() + "generate: true\n"
    assert one(tmp_path, text, SUDO).generate


@pytest.mark.parametrize(
    ("keys", "code", "line"),
    [
        ({"type": None}, "correlation-type", 2),
        ({"type": "near"}, "correlation-type", 3),
        ({"type": "value_percentile", "condition": "{field: X, gte: 3}"}, "correlation-type", 3),
        ({"type": "value_median", "condition": "{field: X, gte: 3}"}, "correlation-type", 3),
        ({"rules": None}, "correlation-rules", 2),
        ({"rules": "[]"}, "correlation-rules", 4),
        ({"rules": "[sudo, sudo]"}, "correlation-rules", 4),
        ({"rules": "[sudo, 5]"}, "correlation-rules", 4),
        ({"rules": "{sudo: 1}"}, "correlation-rules", 4),
        ({"rules": f"[{', '.join(f'r{n}' for n in range(MAX_RULES + 1))}]"}, "too-large", 4),
        ({"group-by": "[User, User]"}, "group-by", 5),
        ({"group-by": "[{User: 1}]"}, "group-by", 5),
        ({"group-by": f"[{', '.join(f'f{n}' for n in range(MAX_FIELDS + 1))}]"}, "too-large", 5),
        ({"condition": None}, "correlation-condition", 2),
        ({"condition": "{}"}, "correlation-condition", 7),
        ({"condition": "5"}, "correlation-condition", 7),
        ({"condition": "sudo and not sudo"}, "correlation-condition", 7),
        ({"condition": "{gte: -1}"}, "correlation-condition", 7),
        ({"condition": "{gte: 1.5}"}, "correlation-condition", 7),
        ({"condition": "{gte: true}"}, "correlation-condition", 7),
        ({"condition": "{gte: 99999999999999999}"}, "correlation-condition", 7),
        ({"condition": "{atleast: 3}"}, "correlation-condition", 7),
        ({"condition": "{gt: 1, lt: 9, neq: 5}"}, "correlation-condition", 7),
        ({"condition": "{gte: 3, field: User}"}, "correlation-condition", 7),
        ({"condition": "{lt: 1}"}, "correlation-condition", 7),
        ({"condition": "{eq: 0}"}, "correlation-condition", 7),
        ({"condition": "{gt: 5, lt: 6}"}, "correlation-condition", 7),
        ({"type": "value_count"}, "correlation-condition", 7),
        ({"type": "value_count", "condition": "{field: [], gte: 1}"}, "correlation-condition", 7),
        ({"type": "value_sum", "condition": "{field: [A, B], gte: 1}"}, "correlation-condition", 7),
        ({"type": "value_avg", "condition": "{field: A, gte: 1e5}"}, "correlation-condition", 7),
        ({"type": "temporal", "condition": "{gte: 2}"}, "correlation-condition", 7),
        ({"aliases": "[a]"}, "alias", 8),
        ({"aliases": "{who: User}"}, "alias", 8),
        ({"aliases": "{who: {sudo: 5}}"}, "alias", 8),
        ({"aliases": "{who: {other: User}}"}, "alias", 8),
        ({"aliases": "{who: {}}"}, "alias", 8),
        ({"group-by": "[who]", "aliases": "{who: {other: User}}"}, "alias", 8),
        ({"generate": "yes"}, "generate", 8),
        ({"timeframe": "1h"}, "correlation-key", 8),
        ({"rules": "[none]"}, "correlation-reference", 4),
    ],
    ids=str,
)
def test_what_is_refused_and_where(tmp_path, keys, code, line):
    keys = {name.replace("-", "_"): value for name, value in keys.items()}
    found = refused(tmp_path, section(**keys), SUDO)
    assert found
    assert set(found) == {(code, line)}


def test_a_correlation_must_be_a_map(tmp_path):
    assert refused(tmp_path, "title: t\ncorrelation: 5\n", SUDO) == [("correlation-section", 2)]


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    text = "title: t\nlevel: huge\ncorrelation:\n    type: temporal\n    rules: 5\n    timespan: long\n    more: 1\n"
    assert refused(tmp_path, text) == [
        ("level", 2),
        ("correlation-rules", 5),
        ("group-by", 3),
        ("timespan", 6),
        ("correlation-key", 7),
    ]


def test_an_order_of_some_rules_is_none(tmp_path):
    text = section(type="temporal_ordered", rules="[sudo, flush, reach]", condition="{gte: 2}")
    assert refused(tmp_path, text, SUDO, FLUSH, REACH) == [("correlation-condition", 7)]
    assert one(tmp_path, text.replace("gte: 2", "eq: 3"), SUDO, FLUSH, REACH).kind == "temporal_ordered"
    assert one(tmp_path, text.replace("_ordered", ""), SUDO, FLUSH, REACH).condition == (Threshold("gte", 2),)


def test_a_header_that_changes_nothing_is_only_warned_of(tmp_path):
    loaded = fresh(tmp_path, section() + "status: done\n", SUDO)
    assert [(warning.code, warning.location.line) for warning in loaded.warnings] == [("header", 8)]


def test_references_by_id_and_by_name_become_rules(tmp_path):
    loaded = fresh(tmp_path, section(rules="[11111111-2222-4333-8444-555555555555, Flush]"), SUDO, FLUSH)
    parts = resolve(loaded.correlations[0], Directory(loaded.rules, loaded.correlations))
    assert [(part.source.title, part.group, part.fields) for part in parts] == [
        ("Sudo", ("User",), ()),
        ("Firewall flushed", ("User",), ()),
    ]


def test_aliases_give_each_rule_its_own_field(tmp_path):
    text = PIVOT.replace("reach: User", "reach: LoginUser").replace("rules:", "rules: # two")
    loaded = fresh(tmp_path, text, FLUSH, REACH)
    parts = resolve(loaded.correlations[0], Directory(loaded.rules, loaded.correlations))
    assert [part.group for part in parts] == [("User",), ("LoginUser",)]


def test_an_alias_may_call_a_rule_by_its_id(tmp_path):
    text = section(group_by="[who]", aliases="{who: {11111111-2222-4333-8444-555555555555: LoginUser}}")
    loaded = fresh(tmp_path, text, SUDO)
    (part,) = resolve(loaded.correlations[0], Directory(loaded.rules, loaded.correlations))
    assert part.group == ("LoginUser",)


def test_an_alias_in_use_needs_a_field_for_each_rule(tmp_path):
    assert refused(tmp_path, PIVOT.replace("            reach: User\n", ""), FLUSH, REACH) == [("alias", 14)]


def test_a_name_that_two_rules_have_is_no_reference(tmp_path):
    other = SUDO.replace("id: 11111111", "id: 21111111")
    assert refused(tmp_path, MANY, SUDO, other) == [("correlation-reference", 5)]
    assert refused(tmp_path, MANY.replace("sudo", "21111111-2222-4333-8444-555555555555"), SUDO, other) == []


def test_a_rule_by_two_names_is_joined_once(tmp_path):
    text = section(rules="[sudo, 11111111-2222-4333-8444-555555555555]")
    assert refused(tmp_path, text, SUDO) == [("correlation-reference", 4)]


def test_a_rule_that_was_refused_can_t_be_joined(tmp_path):
    loaded = fresh(tmp_path, MANY, SUDO.replace("Image|endswith", "Image|endwith"))
    assert [problem.code for problem in loaded.problems] == ["modifier-unknown", "correlation-reference"]
    assert loaded.correlations == ()


def test_correlations_in_a_chain(tmp_path):
    upper = section(type="temporal_ordered", rules="[many, flush]", timespan="2h", condition=None)
    loaded = fresh(tmp_path, upper, MANY, FLUSH, SUDO)
    assert loaded.problems == ()
    parts = resolve(loaded.correlations[0], Directory(loaded.rules, loaded.correlations))
    assert parts[0].source == loaded.correlations[1]


def test_a_correlation_s_match_has_only_the_fields_of_its_group(tmp_path):
    upper = section(rules="[many]", group_by="[Image]")
    loaded = fresh(tmp_path, upper, MANY, SUDO)
    (problem,) = loaded.problems
    assert (problem.code, problem.location.line) == ("correlation-reference", 5)
    assert "(User)" in problem.cause
    assert [correlation.name for correlation in loaded.correlations] == ["many"]


def chain(*links: tuple[str, str]) -> list[str]:
    return [f"name: {name}\n" + section(rules=f"[{below}]") for name, below in links]


def test_cycles_are_refused_with_all_that_leads_into_them(tmp_path):
    links = chain(("a", "b"), ("b", "a"), ("c", "c"), ("d", "a, e"), ("e", "sudo"))
    loaded = fresh(tmp_path, *links, SUDO)
    assert [problem.code for problem in loaded.problems] == ["correlation-cycle"] * 4
    assert [correlation.name for correlation in loaded.correlations] == ["e"]


def test_chains_are_bounded(tmp_path):
    links = chain(*((f"c{n}", f"c{n - 1}" if n else "sudo") for n in range(MAX_CHAIN + 2)))
    loaded = fresh(tmp_path, *links, SUDO)
    assert [problem.code for problem in loaded.problems] == ["too-deep", "too-deep"]
    assert len(loaded.correlations) == MAX_CHAIN


def test_what_joins_a_refused_correlation_is_refused(tmp_path):
    links = chain(("a", "b"), ("b", "none"), ("c", "a"))
    loaded = fresh(tmp_path, *links, SUDO)
    assert sorted(problem.location.line for problem in loaded.problems) == [5, 14, 23]
    assert {problem.code for problem in loaded.problems} == {"correlation-reference"}


def test_ids_are_unique_among_rules_and_correlations(tmp_path):
    head = "id: 11111111-2222-4333-8444-555555555555\n"
    assert refused(tmp_path, head + section(rules="[flush]"), SUDO, FLUSH) == [("duplicate-id", 12)]
    assert refused(tmp_path, SUDO, head + section(rules="[flush]"), FLUSH) == [("duplicate-id", 12)]


def test_the_cache_gives_the_same_correlations(tmp_path):
    path, cache = write_set(tmp_path, PIVOT, MANY, FLUSH, REACH, SUDO), RuleCache(tmp_path / "cache")
    cold, warm = load([path], cache=cache), load([path], cache=cache)
    assert (cold.cached, warm.cached) == (False, True)
    assert cold.correlations == warm.correlations
    assert len(warm.correlations) == 2


def test_a_stranger_can_t_be_resolved(tmp_path):
    loaded = fresh(tmp_path, MANY, SUDO)
    with pytest.raises(RuleError, match="no rule 'sudo'"):
        resolve(loaded.correlations[0], Directory((), ()))
