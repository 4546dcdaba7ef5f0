from __future__ import annotations

import re

from msgspec.structs import replace
from tests.report.html.samples import make_excluded
from tests.report.samples import FLUSH, make_finding

from vedette.report.attack import fired, matrix


def test_a_renumbered_technique_counts_once_under_its_number_of_today():
    old = replace(FLUSH, attack=("T1562.004",), level="low")
    (technique,) = fired([make_finding(), make_finding(rule=old), make_excluded()])
    assert (technique.id, technique.former, technique.findings, technique.excluded) == ("T1686", ("T1562.004",), 2, 1)
    assert (technique.name, technique.tactics) == ("Disable or Modify System Firewall", ("defense-impairment",))
    assert technique.level == "medium"


def test_what_is_not_in_the_list_is_kept_without_a_name_and_what_is_no_number_is_not():
    strange = replace(FLUSH, attack=("T9999", "<script>", "t1686"))
    assert [(one.id, one.name, one.tactics) for one in fired([make_finding(rule=strange)])] == [("T9999", "", ())]


def test_the_list_is_sound_and_dated():
    known = matrix()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", known.as_of)
    for number, (name, tactics) in known.techniques.items():
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", number)
        assert name
        assert tactics
        assert set(tactics) <= set(known.tactics)
    assert set(known.renumbered.values()) <= set(known.techniques)
    assert not set(known.renumbered) & set(known.techniques)
