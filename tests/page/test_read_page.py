"""Whole pages: the one as it circulates, a tidy one, and pages that are refused."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
import yaml
from sigma.rule import SigmaRule

from vedette.errors import PageError
from vedette.page import HuntPage, read_page

PAGES = Path(__file__).parent / "pages"
SEED = (PAGES / "flush-iptables-ufw.txt").read_bytes()
RULE = """title: A
logsource:
product: linux
detection:
selection:
Image: a
condition: selection
level: low
"""


def page(text: str) -> HuntPage:
    return read_page(text.encode(), "page.txt")


def refused(text: str | bytes) -> PageError:
    with pytest.raises(PageError) as caught:
        read_page(text if isinstance(text, bytes) else text.encode(), "page.txt")
    return caught.value


@pytest.fixture(scope="module")
def seed() -> HuntPage:
    return read_page(SEED, "pages/flush-iptables-ufw.txt")


@pytest.fixture(scope="module")
def tidy() -> HuntPage:
    return read_page((PAGES / "fenced.md").read_bytes(), "fenced.md")


def test_the_page_is_the_seed(shared):
    assert [path.read_bytes() for path in (shared / "seed").glob("*.txt")] == [SEED]


def test_the_seed_s_rule_gets_its_indentation_and_nothing_else(seed):
    assert seed.form == "flat"
    assert seed.restored == 29
    assert [line.strip() for line in seed.rule.splitlines()] == seed.rule_text.split("\n")
    assert seed.rule_text == "\n".join(SEED.decode().split("\n")[2:43])
    rule = SigmaRule.from_yaml(seed.rule)
    assert not rule.errors
    assert str(rule.id) == "3be619f4-d9ec-4ea8-a173-18fdd01996ab"
    assert yaml.safe_load(seed.rule)["detection"] == {
        "selection_img": {
            "Image|endswith": [
                "/iptables",
                "/xtables-legacy-multi",
                "/iptables-legacy-multi",
                "/ip6tables",
                "/ip6tables-legacy-multi",
            ]
        },
        "selection_params": {"CommandLine|contains": ["-F", "-Z", "-X"]},
        "selection_ufw": {
            "CommandLine|contains": [
                "ufw-logging-deny",
                "ufw-logging-allow",
                "ufw6-logging-deny",
                "ufw6-logging-allow",
            ]
        },
        "condition": "all of selection_*",
    }


def test_the_seed_s_rule_means_what_its_original_means(seed, sigmahq):
    original = next((sigmahq / "rules" / "linux").rglob("proc_creation_lnx_iptables_flush_ufw.yml"))
    theirs, ours = yaml.safe_load(original.read_text(encoding="utf-8")), yaml.safe_load(seed.rule)
    assert {key: ours[key] for key in ("id", "author", "logsource", "detection", "level")} == {
        key: theirs[key] for key in ("id", "author", "logsource", "detection", "level")
    }


def test_the_seed_s_comments_stand_in_their_list(seed):
    assert "            - 'ufw6-logging-allow'\n            # - 'ufw-reject-output'\n" in seed.rule


def test_the_seed_s_query_is_kept_word_for_word(seed):
    assert seed.kql_line == 44
    assert seed.kql == "\n".join(SEED.decode().split("\n")[43:45])


def test_the_seed_s_scenarios_are_kept_word_for_word(seed):
    lines = SEED.decode().split("\n")
    assert [(scenario.line, scenario.filter_line) for scenario in seed.scenarios] == [
        (46, 48),
        (49, 51),
        (52, 54),
        (55, 57),
        (58, 0),
    ]
    for scenario in seed.scenarios[:4]:
        assert scenario.complete
        assert f"Scenario: {scenario.title}" == lines[scenario.line - 1]
        assert f"Description: {scenario.description}" == lines[scenario.line]
        assert f"Filter/Exclusion: {scenario.filter}" == lines[scenario.filter_line - 1]


def test_the_seed_s_last_scenario_breaks_off(seed):
    last = seed.scenarios[-1]
    assert (last.title, last.description, last.filter, last.complete) == ("Network interface", "", "", False)
    assert last.why == "the page breaks off here; it has no description and no filter"


def test_the_seed_s_prose(seed):
    assert seed.prose == SEED.decode().split("\n")[0]
    assert seed.title == "Flush Iptables Ufw Chain"
    assert seed.name == "flush-iptables-ufw.txt"
    assert seed.unread == ()


def test_a_tidy_page_keeps_its_rule_as_written(tidy):
    assert tidy.form == "indented"
    assert tidy.restored == 0
    assert tidy.rule.rstrip("\n") == tidy.rule_text
    rule = yaml.safe_load(tidy.rule)
    assert rule["description"] == "Two lines that\n  keep their shape: as written\n"
    assert len(rule["detection"]["selection"]) == 2


def test_a_tidy_page_s_parts(tidy):
    assert tidy.title == "Packet filter flushed by hand"
    assert tidy.prose == "Attackers flush the packet filter before they move on.\n\nThey do so by hand, too."
    assert tidy.kql == 'DeviceProcessEvents\n| where FileName == "iptables"\n\n| take 5'
    first, second = tidy.scenarios
    assert (first.title, first.description, first.filter) == (
        "Maintenance",
        "A job runs\n  at night.",
        "Leave out the job's user.",
    )
    assert (second.title, second.filter) == ("Ansible", '| where InitiatingProcessFileName != "ansible"')
    assert first.complete
    assert second.complete


def test_what_is_not_read_is_named(tidy):
    assert [(each.text, each.why.split(",")[0]) for each in tidy.unread] == [
        ("Happy hunting!", "a paragraph after a scenario"),
        ('print("not ours")', "a block of a language that hunt pages don't have"),
    ]
    lines = (PAGES / "fenced.md").read_text(encoding="utf-8").split("\n")
    assert [lines[each.line - 1] for each in tidy.unread] == [each.text for each in tidy.unread]


def test_other_line_ends_and_a_byte_order_mark_change_nothing(seed):
    other = read_page(b"\xef\xbb\xbf" + SEED.replace(b"\n", b"\r\n"), "x.txt")
    assert (other.rule, other.kql, other.scenarios) == (seed.rule, seed.kql, seed.scenarios)


def test_a_rule_in_an_indented_block_is_read():
    indented = "Text.\n\n    title: A\n    logsource:\n      product: linux\n    detection:\n      s:\n        a: 1\n"
    read = page(indented + "      condition: s\n\nMore text.\n")
    assert read.form == "indented"
    assert yaml.safe_load(read.rule)["detection"] == {"s": {"a": 1}, "condition": "s"}
    assert read.prose == "Text.\n\nMore text."


def test_a_flat_rule_in_a_fence_is_restored():
    assert page(f"```yaml\n{RULE}```\n").form == "flat"
    assert page(f"```\n---\n{RULE}```\n").form == "flat"


def test_a_rule_ends_where_the_query_begins():
    read = page(RULE + "SecurityEvent\n| take 1\n")
    assert read.rule.endswith("level: low\n")
    assert read.kql == "SecurityEvent\n| take 1"


@pytest.mark.parametrize(
    "query",
    [
        'let names = dynamic(["a"]);\nDeviceEvents\n| where Name in (names)',
        "imProcessCreate(starttime=ago(1d))\n| where (a\n    or b)\n    and c",
        'T\n| where x == "(" // (\n| extend y = 1,\n    z = 2',
    ],
)
def test_queries_over_several_lines(query):
    read = page(f"{RULE}\n{query}\n\nText.\n")
    assert read.kql == query
    assert read.prose == "Text."


def test_a_second_query_is_named():
    read = page(f"{RULE}\nA\n| take 1\n\nB\n| take 2\n")
    assert read.kql == "A\n| take 1"
    assert [(each.line, each.why) for each in read.unread] == [(13, "a second query")]


def test_a_label_without_scenario_is_named():
    assert [each.why for each in page(f"Description: nothing\n\n{RULE}").unread] == ["it belongs to no scenario"]


def test_a_scenario_says_what_it_lacks():
    read = page(f"{RULE}\nScenario: A\nDescription: B.\nScenario: C\nFilter: d\nDescription: E.\nFilter: f\n")
    first, second = read.scenarios
    assert first.why == "it has no filter"
    assert second.complete
    assert [each.text for each in read.unread] == ["Filter: f"]


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("Filter/Exclusion: by user", "the page ends here without a full stop; the filter may break off"),
        ("Filter/Exclusion: by user.", ""),
        ("Filter/Exclusion:", "the page breaks off here; it has no filter"),
        ("Desc", "the page breaks off here; it has no description and no filter"),
    ],
)
def test_a_page_that_breaks_off_says_where(end, why):
    first = "" if end == "Desc" else "Description: B.\n"
    assert page(f"{RULE}\nScenario: A\n{first}{end}").scenarios[0].why == why


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("Only prose.\n", 0, "page-rules"),
        (f"{RULE}{RULE}", 9, "page-rules"),
        (f"{RULE}\nText.\n\n{RULE}", 12, "page-rules"),
        (f"```yaml\n{RULE}```\n```yaml\n{RULE}```\n", 12, "page-rules"),
        (f"```yaml\n{RULE}---\n{RULE}```\n", 11, "page-rules"),
        (f"text\n```yaml\n{RULE}", 2, "page-fence"),
        (f"```yaml\n{RULE}\n```kql\nT\n| take 1\n```\n", 1, "page-fence"),
        ("title: A\nlogsource:\nproduct: linux\ndetection:\nselection:\n  Image: a\n", 3, "page-indentation"),
        (
            "title: A\nlogsource:\n  product: linux\ndetection:\nselection:\n  a: 1\ncondition: selection\n",
            5,
            "page-indentation",
        ),
        (
            "title: A\nlogsource:\n  product: linux\ndetection:\n  s:\n    a|contains:\n- x\n  condition: s\n",
            7,
            "page-yaml",
        ),
        ("title: A\nlogsource:\n\tproduct: linux\ndetection:\n\ts:\n\t\ta: 1\n\tcondition: s\n", 3, "page-yaml"),
        (
            "title: A\nlogsource:\n  product: linux\ndetection:\n  s:\n    a: 1\n    a: 2\n  condition: s\n",
            7,
            "page-double",
        ),
        ("title: A\nlogsource:\n  product: linux\ndetection:\n  s:\n    a: 1\n  condition: t\n", 4, "page-condition"),
        ("title: A\nlogsource:\n  product: linux\ndetection:\n  s: 1\n  condition: s\n", 4, "page-indentation"),
        ("title: A\nlogsource:\n  product: linux\ndetection:\n  s:\n    a: 1\n", 4, "page-incomplete"),
        ("title: A\ncorrelation:\n  type: event_count\ndetection:\n  a: 1\n", 2, "page-rules"),
        (RULE.replace("Image: a", "Image:\u00a0a"), 6, "page-hidden"),
        (RULE.replace("Image: a", "Image: a\u200b"), 6, "page-hidden"),
        (f"{RULE}\nT\n| where\u00a0a == 1\n", 11, "page-hidden"),
        (f"Text \u202eesrever.\n{RULE}", 1, "page-hidden"),
        (f"Text \x1b[2J.\n{RULE}", 1, "page-hidden"),
    ],
)
def test_pages_that_are_refused(text, line, code):
    error = refused(text)
    assert (error.location.line, error.code) == (line, code), error
    assert error.location.path == "page.txt"


def test_the_remedy_for_lost_indentation_works():
    text = "title: A\nlogsource:\n  product: linux\ndetection:\nselection:\n  a: 1\ncondition: selection\n"
    assert "take all of it away" in refused(text).remedy
    assert page("\n".join(line.strip() for line in text.split("\n"))).form == "flat"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "page-rules"),
        (b"\n\n\n", "page-rules"),
        (b"\xff\xfe" + RULE.encode(), "page-encoding"),
        (b"x" * 70_000 + b"\n" + RULE.encode(), "page-size"),
        (b"\n" * 30_000 + RULE.encode(), "page-size"),
        (RULE.encode() + b"\x00", "page-hidden"),
    ],
)
def test_bytes_that_are_no_page(data, code):
    assert refused(data).code == code


BOMB = "title: A\nlogsource:\n  product: linux\ndetection:\n  s:\n    a: {}\n  condition: s\n"


@pytest.mark.parametrize(
    "text",
    [
        BOMB.format("&x [1]\n    b: *x"),
        BOMB.format("!!python/object/apply:os.system [id]"),
        BOMB.format("[" * 200 + "]" * 200),
        BOMB.format("[" + "1,1,1,1,\n" * 15_000 + "1]"),
        BOMB.format("1\n    <<: {b: 2}"),
        BOMB.format("1\n    ? [1, 2]\n    : 3"),
    ],
    ids=["alias", "tag", "depth", "count", "merge", "key"],
)
def test_yaml_that_a_rule_has_no_need_of_is_refused(text):
    assert refused(text).code == "page-yaml"


@pytest.mark.parametrize(
    "text",
    [
        "title: x\n" * 19_000,
        "let x = 1\n" * 19_000,
        "T\n| take 1 (\n" + "a\n" * 19_000,
        "Scenario: x\n" + "title: y\n" * 19_000,
        "Scenario: x\nFilter:\n" + "text\n" * 19_000,
        "#" + " " * 65_000 + "x\n",
        "```" + " " * 65_000 + "`\n",
        "T\n| where (" + '\\"' * 32_000 + "\nx\n",
        RULE.replace("condition: selection", "condition: " + "a*b " * 2_000),
        RULE.replace("Image: a", "Image: '" + "''" * 30_000),
        RULE.replace("Image: a\n", "x:\n- 1\n" * 6_000),
        RULE.replace("Image: a\n", "Image: a\n" + "# c\n" * 18_000),
    ],
)
def test_hostile_pages_take_little_time(text):
    started = time.process_time()
    with contextlib.suppress(PageError):
        page(text)
    assert time.process_time() - started < 5
