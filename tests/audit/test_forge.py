"""What it costs to hide behind an exclusion: the hardest of joint claims, the easiest of alternatives."""

from __future__ import annotations

import msgspec
import pytest

from vedette.audit.forge import forge
from vedette.audit.forging import built_in, read_table
from vedette.errors import UsageError
from vedette.event import REGISTRY
from vedette.predicate import (
    TRUE,
    And,
    Compare,
    Keyword,
    Match,
    Not,
    Or,
    Predicate,
    Present,
    Regex,
    Wild,
    contains,
    endswith,
    equals,
    glob,
    startswith,
)
from vedette.predicate.certain import certain

SCRIPT = Match("ParentScript", equals("/opt/maint/job.sh"))
WORDS = Match("ParentCommandLine", contains("ansible"))


def grade(predicate: Predicate, *, given: Predicate | None = None) -> str:
    return forge(certain(predicate), built_in(), given=lambda part: part == given).grade


@pytest.mark.parametrize(
    ("field", "pattern", "wanted"),
    [
        ("ParentScript", equals("/opt/maint/job.sh"), "B"),
        ("ParentScript", equals("/opt/../tmp/job.sh"), "C"),
        ("ParentScript", equals("/tmp/job.sh"), "C"),
        ("ParentScript", endswith("/job.sh"), "C"),
        ("ParentScript", startswith("/opt/maint/"), "C"),
        ("ParentScript", contains("/maint/"), "C"),
        ("ParentScript", equals("/usr/sbin/ufw"), "D"),
        ("ParentImage", startswith("/usr/libexec/"), "B"),
        ("ParentImage", equals("/usr/bin/python3.11"), "D"),
        ("ParentImage", startswith("/usr/bin/python3"), "D"),
        ("ParentImage", endswith("/SH"), "D"),
        ("ParentImage", equals("/usr/libexec/netd"), "B"),
        ("ParentImage", Regex("^/usr/libexec/"), "C"),
        ("ParentImage", Regex("/python3$"), "D"),
        ("ParentImage", contains("python3"), "D"),
        ("ParentImage", startswith("/usr/"), "D"),
        ("ParentImage", startswith("/usr/bin/"), "D"),
        ("ParentImage", glob(["/usr/bin/pyth", Wild.ONE, "n3"]), "D"),
        ("Image", startswith("/usr/sbin/"), "D"),
        ("ParentScriptInode", Compare("eq", 12), "B"),
        ("ParentScriptInode", Compare("gt", 0), "D"),
        ("LoginUserId", Compare("gte", 0), "D"),
        ("LoginUser", glob([Wild.ONE, Wild.ANY]), "D"),
        ("LoginUser", Regex("o"), "D"),
        ("LoginUser", startswith("svc-"), "B"),
        ("ParentScriptOwnerId", equals("0"), "D"),
        ("LoginUserId", equals("1000"), "B"),
        ("CommandLine", contains("x"), "D"),
        ("User", equals("backup"), "D"),
        ("ParentImage", Present(), "E"),
        ("Unknown", equals("x"), "D"),
    ],
)
def test_a_claim(field, pattern, wanted):
    assert grade(Match(field, pattern)) == wanted


def test_a_claim_that_leaves_the_program_open_names_one_that_fits():
    found = forge(Match("ParentImage", startswith("/usr/bin/")), built_in(), given=lambda _part: False)
    assert found.steps == ("start it from /usr/bin/ansible, which runs whatever it is told to",)


def test_claims_that_must_hold_together_cost_the_hardest():
    found = forge(certain(And((WORDS, SCRIPT))), built_in(), given=lambda _part: False)
    assert found.grade == "B"
    assert [claim.grade for claim in found.claims] == ["B", "D"]
    assert "put the commands into /opt/maint/job.sh" in found.steps[0]
    assert found.betrayed == ("a watch on the file: -w /opt/maint/job.sh -p wa; or the package's checksums",)


def test_alternatives_cost_the_easiest():
    found = forge(certain(Or((SCRIPT, WORDS))), built_in(), given=lambda _part: False)
    assert found.grade == "D"
    assert [claim.field for claim in found.claims] == ["ParentCommandLine"]
    assert grade(Not(And((Not(SCRIPT), Not(WORDS))))) == "D"


def test_to_be_anything_else_costs_nothing_of_its_own():
    assert grade(Not(WORDS)) == "E"
    assert grade(And((SCRIPT, Not(WORDS)))) == "B"


def test_what_the_rule_asks_for_anyway_is_free():
    user = Match("User", equals("root"))
    assert grade(user, given=user) == "F"
    assert grade(TRUE) == "F"


def test_a_keyword_is_words():
    found = forge(Keyword(contains("deploy")), built_in(), given=lambda _part: False)
    assert found.grade == "D"
    assert "deploy" in found.steps[0]


def test_the_table_is_whole():
    table = built_in()
    assert set(table.fields.values()) <= set(table.forms)
    assert set(table.fields) <= set(REGISTRY)
    for form in table.forms.values():
        assert form.step
        assert form.betrayed
        assert not {*"{}"} & set(form.step.replace("{field}", "").replace("{value}", ""))


def test_a_site_overrides_single_entries(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        'launchers = []\n[forms.login]\ngrade = "A"\nstep = "{0.__class__} {value}"\nbetrayed = "all"\n'
        '[fields]\nParentCommandLine = "login"\n',
        encoding="utf-8",
    )
    table = read_table(path)
    found = forge(WORDS, table, given=lambda _part: False)
    assert found.grade == "A"
    assert found.steps == ("{0.__class__} ansible",)
    assert forge(Match("ParentImage", equals("/usr/bin/sh")), table, given=lambda _part: False).grade == "B"
    assert read_table(None) is built_in()
    assert msgspec.toml.decode(path.read_bytes())


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[fields]\nUser = 'none'\n", "no form 'none'"),
        ("[forms.new]\ngrade='A'\nstep=''\nbetrayed=''\n", "no form 'new'"),
        ("[forms.login]\ngrade='Z'\nstep=''\nbetrayed=''\n", "grade"),
        ("=", "docs/exclusions.md"),
    ],
)
def test_a_table_that_cannot_be_used_is_told(tmp_path, text, cause):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=cause):
        read_table(path)
    with pytest.raises(UsageError, match="can't read"):
        read_table(tmp_path / "none.toml")
