"""A flat rule gets its own indentation back, or is refused; never another."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import PageError
from vedette.page.line import read_line
from vedette.page.restore import restore

HEAD = "title: A\nlogsource:\nproduct: linux\ndetection:\n"


def flat(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip("\n").split("\n"))


def restored(text: str) -> dict[str, Any]:
    data = yaml.safe_load(
        restore(tuple(read_line(number, line) for number, line in enumerate(text.split("\n"), 1)), "page.txt")
    )
    assert isinstance(data, dict)
    return data


def refused(text: str) -> PageError:
    with pytest.raises(PageError) as caught:
        restored(text)
    return caught.value


@pytest.mark.parametrize(
    "rule",
    [
        """
title: Lists of maps
logsource:
    category: process_creation
detection:
    selection:
        - Image|endswith:
            - /a
            - /b
          CommandLine|contains: x
        - Image|endswith: /c
          User: root
    condition: selection
""",
        """
title: Keywords
logsource:
    service: auditd
detection:
    keywords:
        - one
        - 'two: three'
    filter:
        - four
    condition: keywords and not filter
""",
        """
title: Several conditions
logsource:
    product: linux
detection:
    one:
        a: 1
    two:
        b|re: ^x$
    condition:
        - one
        - two
level: low
""",
        """
title: Condition first
logsource:
    product: linux
detection:
    condition: one and not two
    one:
        a: 1
    two:
        b: null
falsepositives:
    - Unknown
level: low
""",
        """
title: Fields that are called like keys of the rule
id: x
logsource:
    product: linux
    service: auditd
detection:
    selection:
        status: 200
        name: x
        tags:
            - a
            - b
        service: c
    condition: selection
status: test
tags:
    - attack.t1
""",
        """
title: Field with values, then the next detection
logsource:
    product: linux
detection:
    process:
        Image:
            - a
            - b
        EventID:
            - 1
            - 2
    other_process:
        c: 1
    condition: process or other_process
""",
        """
title: Related
id: x
related:
    - id: y
      type: derived
    - type: similar
      id: z
logsource:
    product: linux
detection:
    s:
        a: 1
    condition: 1 of s*
""",
        """
title: Text
description: |
    One line.
    Another one.

    A paragraph.
logsource:
    product: linux
    definition: 'Requirements: auditd'
detection:
    s:
        a: 1
    condition: s
""",
    ],
    ids=lambda rule: yaml.safe_load(rule)["title"],
)
def test_rules_that_can_be_told(rule):
    assert restored(flat(rule)) == yaml.safe_load(rule)


@pytest.mark.parametrize(
    ("body", "line", "cause"),
    [
        ("selection:\nfilter:\na: 1\ncondition: selection", 6, "leaves 'selection' empty"),
        ("selection:\ncondition: selection", 5, "nothing stands under"),
        ("selection:\na: 1\na: 2\ncondition: selection", 7, "stands twice"),
        ("selection:\na: 1\n- x\ncondition: selection", 7, "belongs to no key"),
        ("selection:\n- x\na: 1\ncondition: selection", 7, "belongs to no detection"),
        ("selection:\n- a: 1\n- x\ncondition: selection", 7, "belongs to no key"),
        ("selection:\na: 1\n- b: 2\ncondition: selection", 7, "where only values can stand"),
        ("selection:\na|contains:\n- x\n- b: 2\ncondition: selection", 8, "where only values can stand"),
        ("selection:\n- x\n- b: 2\ncondition: selection", 7, "where only values can stand"),
        ("- x\ncondition: selection", 5, "belongs to no key"),
        ("a: 1\ncondition: selection", 5, "belongs to no detection"),
        ("selection:\na|contains:\ncondition: selection", 6, "neither value nor items"),
        ("one:\na: 1\nb:\n- x\ncondition: 1 of them", 7, "'them'"),
        ("one:\na: 1\nb:\nc: 2\ncondition: one", 7, "a field without a value or a detection"),
        ("one:\na: 1\nfilter_x:\n- b\ncondition: one", 7, "the condition doesn't use it"),
        ("condition: one\none:\na: 1\nlevel: low", 8, "the rule's own or a field of 'one'"),
        ("condition: one\none:\na: 1\nstatus: 5", 8, "the rule's own or a field of 'one'"),
        ("one:\na: 1\ncondition: one\ncondition: one", 8, "stands twice"),
        ("one:\na: 1\none:\nb: 1\ncondition: one", 7, "stands twice"),
        ("one:\na: 1\ncondition: one\ntitle: B", 8, "stands twice"),
        ("one:\na: 1\ncondition: one\nnote: B", 8, "belongs to no detection"),
        ("one:\na: 1\ncondition: one\nlevel: low\nnote: B", 9, "no key of a Sigma rule"),
        ("one:\na: 1", 6, "no 'condition'"),
        ("one:\na: 'x\ny'\ncondition: one", 6, "the quote is not closed"),
        ("one:\na: &b x\ncondition: one", 6, "begins with &"),
        ("one:\na: *b\ncondition: one", 6, "begins with *"),
        ("one:\na: !b x\ncondition: one", 6, "begins with !"),
        ("one:\na: \u2018b\u2019\ncondition: one", 6, "typographic quotes"),
        ("one:\na: |\nb\ncondition: one", 6, "can't be told"),
        ("one:\na: b\nover\ncondition: one", 7, "neither key nor list item nor comment"),
        ("one:\na:\n-\ncondition: one", 7, "the list item is empty"),
        ("one:\na: 1\ncondition: one\nfalsepositives:\nlevel: low", 8, "nothing stands under"),
        ("one:\na: 1\ncondition: one\nfalsepositives:\n- a: b", 9, "reads as a key"),
        ("one:\na: 1\ncondition: one\nlevel:", 8, "has no value"),
    ],
)
def test_detections_that_are_refused(body, line, cause):
    error = refused(HEAD + body)
    assert error.location.line == line, error
    assert cause in error.cause
    assert error.remedy


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        ("title: A\nrelated:\n- type: similar\nid: x", 4, "'id' may be the rule's own"),
        ("title: A\nrelated:\n- x", 3, "has the keys id and type"),
        ("title: A\nrelated: x", 2, "must have keys below it"),
        ("title: A\nlogsource:\n- product: linux", 3, "holds no list"),
        ("title: A\nlogsource:\nproduct: a\nproduct: b", 4, "stands twice"),
        ("title: A\nlogsource:\ndetection:", 2, "nothing stands under"),
        ("title: A\nlogsource:\nproduct:", 3, "has no value"),
        ("title: A\n- x", 2, "belongs to no key"),
        ("title: A\ndescription: |\nDetects: a thing\nlogsource:", 3, "may belong to the text"),
        ("title: A\ndescription: >\nlogsource:", 2, "has no text"),
        ("title: A\ncorrelation:", 2, "no rule"),
        ("logsource:\nproduct: a\ndetection:\ns:\na: 1\ncondition: s", 6, "no 'title'"),
    ],
)
def test_headers_that_are_refused(text, line, cause):
    error = refused(text)
    assert error.location.line == line, error
    assert cause in error.cause


def test_comments_keep_their_place_and_blank_lines_stay():
    text = HEAD + "# first\nselection:\n# in it\na|contains:\n- x\n# - y\n\ncondition: selection"
    made = restore(tuple(read_line(number, line) for number, line in enumerate(text.split("\n"), 1)), "p")
    assert made.split("\n")[4:] == [
        "# first",
        "    selection:",
        "    # in it",
        "        a|contains:",
        "            - x",
        "            # - y",
        "",
        "    condition: selection",
        "",
    ]


NAMES = st.sampled_from(["selection", "selection_a", "filter", "filter_b", "keywords", "proc", "net", "EventID"])
FIELDS = st.sampled_from(
    ["Image", "CommandLine|contains", "EventID", "a.b", "status", "name", "level", "proc", "id", "tags", "User|re"]
)
SCALARS = st.sampled_from(["x", "/bin/sh", "a b", "-F", "k: v", "", "#x", "*", "200", 7, None, True, "selection"])
VALUES = SCALARS | st.lists(SCALARS, min_size=1, max_size=3)
MAPS = st.dictionaries(FIELDS, VALUES, min_size=1, max_size=3)
BODIES = MAPS | st.lists(SCALARS, min_size=1, max_size=3) | st.lists(MAPS, min_size=1, max_size=3)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    detections = draw(st.dictionaries(NAMES, BODIES, min_size=1, max_size=4))
    # A detection that no condition uses is an error to Sigma's validators, and could as well be a field.
    patterns = " or ".join(f"1 of {name[:4]}*" for name in detections)
    condition = draw(
        st.sampled_from([" and ".join(detections), "1 of them", patterns, list(detections), f"not ({patterns})"])
    )
    order = draw(st.permutations([*detections, "condition"]))
    detection = {name: condition if name == "condition" else detections[name] for name in order}
    head = {
        "title": "A",
        "id": "b",
        "status": "test",
        "related": [{"id": "c", "type": "derived"}],
        "tags": ["attack.t1"],
        "level": "low",
        "falsepositives": ["d"],
        "logsource": {"product": "linux", "service": "auditd"},
        "detection": detection,
    }
    return {name: head[name] for name in draw(st.permutations(sorted(head)))}


@given(rules(), st.booleans())
def test_any_rule_is_restored_as_it_was_or_refused(rule, indented_lists):
    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, indentless and not indented_lists)

    text = yaml.dump(rule, Dumper=Dumper, sort_keys=False, width=10_000)
    try:
        made = restored(flat(text))
    except PageError:
        return
    assert made == rule


def test_public_rules_are_restored_as_they_were_or_refused(sigmahq):
    counts: Counter[str] = Counter()
    for path in sorted((sigmahq / "rules").rglob("*.yml"))[::4]:
        text = path.read_text(encoding="utf-8")
        try:
            made = restored(flat(text))
        except PageError:
            counts["refused"] += 1
            continue
        original = yaml.load(text, Loader=yaml.CSafeLoader)
        # How far the lines of a description stood from each other is the one thing that can't be told.
        for rule in (made, original):
            rule["description"] = re.sub(r"\s+", " ", rule["description"]).strip()
        assert made == original, path.name
        counts["restored"] += 1
    assert counts["restored"] > 30 * counts["refused"]
