from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import Location
from vedette.event import LogSource
from vedette.predicate import TRUE
from vedette.sentinel.description import describe
from vedette.sentinel.limits import read_limits
from vedette.sigma.rule import Rule

TEXT = st.text(max_size=40) | st.text(st.sampled_from("a \n\u202e\t:'\"#"), max_size=20).map(lambda text: text * 500)


def rule(description: str = "", author: str = "", license_: str = "", number: int = 0) -> Rule:
    identity = f"11111111-1111-4111-8111-{number:012}"
    source = LogSource("linux", "process_creation", "")
    place = Location("r.yml", 1)
    return Rule(
        identity, "title", "low", "", author, license_, description, (), (), (), source, TRUE, {}, place, "digest"
    )


@given(TEXT, TEXT, TEXT, st.integers(0, 12))
def test_a_description_keeps_to_its_limit_and_to_its_credit(description, author, license_, joined):
    below = [rule(author=author, license_=license_, number=number) for number in range(1, joined + 1)]
    told = describe(rule(description, author, license_), below)
    limit = read_limits().limit("description-length")
    assert limit.least <= len(told) <= limit.most
    assert "\nSigma rule: 11111111-1111-4111-8111-000000000000\nLicense: " in told
    assert told.count("\nJoins ") == min(joined, 9)
    assert told == told.strip()


def test_what_is_not_stated_is_said_to_be():
    assert describe(rule()).splitlines() == [
        "title",
        "",
        "Author: not stated",
        "Sigma rule: 11111111-1111-4111-8111-000000000000",
        "License: not stated",
    ]


def test_a_long_description_is_cut_before_the_credit():
    told = describe(rule("word " * 2000, "A. Nother", "MIT"))
    assert len(told) <= 5000
    assert told.split("\n\n")[0].endswith("word ...")
    assert told.endswith("Author: A. Nother\nSigma rule: 11111111-1111-4111-8111-000000000000\nLicense: MIT")
