from __future__ import annotations

import pytest
from tests.report.samples import FLUSH, make_correlation

from vedette.hunt.finding import JoinedRule, Joint
from vedette.report.deed import deed
from vedette.report.joint import joined, lasting


def joint(**more: object) -> Joint:
    found = make_correlation(**more).correlation
    assert found is not None
    return found


def test_the_deed_says_how_much_in_what_time_of_whom():
    assert deed(make_correlation()) == "4 events (1 excluded) in 48 s · LogonId=343"
    assert deed(make_correlation(count=1, excluded=0, group={})) == "1 event in 48 s"


@pytest.mark.parametrize(
    ("last", "text"),
    [
        ("2026-11-24T08:35:28.900Z", "under 1 s"),
        ("2026-11-24T08:37:00.000Z", "92 s"),
        ("2026-11-24T08:40:28.000Z", "5 min"),
        ("2026-11-24T12:35:28.000Z", "4 h"),
        ("2026-11-28T08:35:28.000Z", "4 d"),
        ("soon", "an unknown time"),
    ],
)
def test_how_long_it_lasted(last, text):
    assert lasting(joint(last=last)) == text


def test_every_joined_rule_has_its_author():
    assert [joined(part) for part in joint().rules] == [
        f"3 of {FLUSH.title} (1 excluded) by {FLUSH.author}",
        "1 of New peer by Eve",
    ]
    assert joined(JoinedRule(FLUSH, None, None)) == f"{FLUSH.title} by {FLUSH.author}"
