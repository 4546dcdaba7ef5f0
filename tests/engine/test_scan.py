from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.strategies_predicate import asked, patterns
from tests.strategies import regexes as any_regexes
from tests.strategies import texts

from vedette.engine.atoms import Atoms, gather
from vedette.engine.cache import Cache
from vedette.engine.guard import scannable
from vedette.engine.hyperscan_scan import HyperscanScan
from vedette.engine.needle import ignores_case, searchable
from vedette.engine.polars_scan import PolarsScan
from vedette.engine.scan import Scan, Scanner
from vedette.predicate import Pattern, Regex, contains, endswith, equals, fold, holds
from vedette.predicate.regex import RegexRefusedError, check_regex, compile_regex


@pytest.fixture(params=["hyperscan", "polars"], scope="session")
def make(request, cache):
    def made(atoms: Atoms) -> Scanner:
        return HyperscanScan(atoms, Cache(cache)) if request.param == "hyperscan" else PolarsScan(atoms)

    return made


scanned: st.SearchStrategy[Pattern] = patterns.filter(scannable)
MARKS = "\ue000\ue001\ue002\ue003\ue004\ue005a"
DISPUTED = "\u017f\u212a\u212b\u03c2\u0130\u0131\u1e9e\u0345\u1fbe"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked(st.lists(scanned, min_size=1, max_size=6, unique=True)))
def test_finds_exactly_what_holds(make, case):
    several, values = case
    found = Scan(gather("v", several), make).find(values)
    assert found == [
        tuple(number for number, pattern in enumerate(several) if holds(pattern, value)) for value in values
    ]


def lawful(pattern):
    try:
        check_regex(pattern)
    except RegexRefusedError:
        return False
    return scannable(pattern)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(any_regexes().filter(lawful), st.lists(texts(8) | texts(3), min_size=1, max_size=8))
def test_expressions_mean_what_re2_says(make, pattern, values):
    found = Scan(gather("v", [pattern]), make).find(values)
    assert found == [(0,) * holds(pattern, value) for value in values]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(any_regexes().filter(lawful), st.lists(texts(8), min_size=1, max_size=8))
def test_a_sieve_never_finds_too_little(make, pattern, values):
    """What RE2 then confirms must have been found; case outside of ASCII is RE2's alone."""
    atoms = gather("v", [pattern])
    scanner = make(atoms)
    if not atoms.expressions or scanner.refused:
        return
    for text, found in zip(values, scanner.expressions(values), strict=True):
        if compile_regex(pattern).search(text) and (text.isascii() or not ignores_case(pattern)):
            assert found


def test_every_letter_folds_as_the_law_says(make):
    """All letters that change under folding, against patterns of each."""
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    moved = [letter for letter in letters if fold(letter) != letter or letter.swapcase() != letter]
    several = [contains(letter) for letter in moved]
    found = Scan(gather("v", several), make).find([f"-{letter}-" for letter in moved])
    by_fold: dict[str, list[int]] = {}
    for number, letter in enumerate(moved):
        by_fold.setdefault(fold(letter), []).append(number)
    assert found == [tuple(by_fold[fold(letter)]) for letter in moved]


@pytest.mark.parametrize("letter", DISPUTED)
def test_disputed_letters_in_every_form(make, letter):
    several: list[Pattern] = [
        contains(letter),
        endswith(letter),
        equals(letter),
        Regex(letter, "i"),
        contains(letter, cased=True),
    ]
    values = [*DISPUTED, "k", "K", "s", "S", "i", "I", "\u00e5", "\u03c3", "\u03b9", "\u00df", "ss"]
    found = Scan(gather("v", several), make).find(values)
    assert found == [
        tuple(number for number, pattern in enumerate(several) if holds(pattern, value)) for value in values
    ]


def test_ascii_letters_and_their_kin_in_expressions(make):
    """Kelvin sign and long s are the only letters outside of ASCII that an expression for ASCII letters can match."""
    several = [Regex(letter, "i") for letter in "abcdefghijklmnopqrstuvwxyz"]
    values = [chr(code) for code in range(1, 0x3000)]
    found = Scan(gather("v", several), make).find(values)
    assert found == [
        tuple(number for number, pattern in enumerate(several) if holds(pattern, value)) for value in values
    ]


def test_letters_that_a_compiler_does_not_know(make):
    """Hyperscan's tables are older than RE2's; Georgian got capitals in between."""
    several: list[Pattern] = [Regex("\u10d0", "i"), Regex("(?i)x\u0282"), Regex("\u10d0")]
    assert Scan(gather("v", several), make).find(["\u1c90", "\u10d0", "X\ua7c5"]) == [(0,), (0, 2), (1,)]


def test_hyperscan_refuses_what_re2_takes(cache):
    atoms = gather("v", [Regex("a^b|c"), Regex("x+y"), contains("lit")])
    scanner = HyperscanScan(atoms, Cache(cache))
    found = Scan(atoms, lambda _: scanner).find(["c", "xxy", "lit", "b"])
    assert found == [(0,), (1,), (2,), ()]


def test_databases_are_kept_and_damaged_ones_replaced(tmp_path: Path):
    atoms = gather("v", [contains("evil"), Regex("e.il$")])

    def find() -> list[tuple[int, ...]]:
        return Scan(atoms, lambda one: HyperscanScan(one, Cache(tmp_path))).find(["an evil", "good"])

    assert find() == [(0, 1), ()]
    (entry,) = tmp_path.iterdir()
    stored = entry.read_bytes()
    changed = entry.stat().st_ino
    assert find() == [(0, 1), ()]
    assert entry.stat().st_ino == changed
    for damaged in (b"", stored[:-1], stored[:100], stored[:-1] + bytes([stored[-1] ^ 1]), b"\0" * len(stored)):
        entry.write_bytes(damaged)
        assert find() == [(0, 1), ()]
        assert entry.read_bytes() == stored


def test_a_database_of_another_make_is_replaced(tmp_path: Path, monkeypatch):
    atoms = gather("v", [contains("evil")])
    cache = Cache(tmp_path)
    monkeypatch.setattr(cache, "get", lambda *_: b"\x93\xc4\x03xyz\xc4\x00\x90")  # well formed, but no database
    assert Scan(atoms, lambda one: HyperscanScan(one, cache)).find(["evil"]) == [(0,)]


def test_an_unwritable_cache_costs_only_time(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    atoms = gather("v", [contains("evil")])
    assert Scan(atoms, lambda one: HyperscanScan(one, Cache(blocked / "cache"))).find(["evil"]) == [(0,)]


def test_polars_takes_many_texts_in_batches(monkeypatch):
    monkeypatch.setattr("vedette.engine.polars_scan._BATCH_CHARACTERS", 10)
    atoms = gather("v", [contains("7"), Regex("^1")])
    values = [str(number) for number in range(100)] + ["7" * 50, ""]
    found = Scan(atoms, PolarsScan).find(values)
    assert found == [(0,) * ("7" in text) + (1,) * text.startswith("1") for text in values]


@given(
    st.text("\ue000\ue001\ue002\ue003\ue004\ue005a", max_size=5),
    st.text("\ue000\ue001\ue002\ue003\ue004\ue005a", max_size=3),
)
def test_marks_of_the_polars_back_end_are_text_like_any_other(text, part):
    if part:
        several = [contains(part), endswith(part), equals(part)]
        found = Scan(gather("v", several), PolarsScan).find([text])
        assert found == [tuple(number for number, pattern in enumerate(several) if holds(pattern, text))]


def test_surrogates_never_reach_an_encoder():
    assert searchable("a\ud800").encode() == "a\ufffd".encode()
