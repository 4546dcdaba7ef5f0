from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import ParserMissingError
from vedette.kql import read_target
from vedette.kql.check import Checker, Schema, parser, shipped
from vedette.kql.check import process as process_module
from vedette.kql.check.schema import Function
from vedette.kql.strings import comment, quote

GOLDEN = Path(__file__).parents[1] / "golden" / "seed.kql"
HOSTILE = st.text(st.sampled_from("\\\"'`~@\n\r\t\0\u2028\u202e\ufeff\u200b/*-ab😀é\ud83d\ude00"), max_size=30)
ANY = st.text(st.characters(), max_size=30) | HOSTILE


def codes(checker: Checker, text: str) -> list[str]:
    return [said.code for said in checker.check(text)]


def joined(text: str) -> str:
    """Halves of surrogate pairs that stand beside each other are one letter, as in every UTF-16 reader."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def test_the_query_of_the_hunt_page_is_clean(checker):
    assert checker.check(GOLDEN.read_text()) == ()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("imProcessCreate | where TargetProcesName == 'x'", ["KS142"]),
        ("imProcessCreate | where TargetProcessName endwith 'x'", ["KS141", "KS005", "KS142", "KS005"]),
        ('Syslog | where Computer == "x', ["KS001"]),
        ("Syslog | where foo(Computer)", ["KS211"]),
        ("Syslogs | take 1", ["KS204"]),
        ("imProcessCreate(commandline_has_some=dynamic(['x']))", ["KS196"]),
        ("DeviceNetworkEvents | where RemotePort in~ ('4', '5')", ["KS107"]),
        ("Syslog | where 'foo' or 'bar'", ["KS106"]),
        (r'Syslog | where Computer == "\q"', ["KS001", "KS002", "KS198", "KS001"]),
        ("Syslog | summarize first=count()", ["KS228"]),
        ("Syslog | where Computer == 4", ["VKQL-type"]),
        ("Syslog | where 4 != Computer", ["VKQL-type"]),
        ("Syslog | where Computer in ('a', 4)", ["VKQL-type"]),
        ("Syslog | where Computer == (-4)", ["VKQL-type"]),
        ("Syslog | where tostring(ProcessID) == 4", ["VKQL-type"]),
        ("Syslog | where ProcessID == '4'", ["VKQL-type"]),
        ("Syslog | where ProcessID !in ('4', '5')", ["VKQL-type", "VKQL-type"]),
        ("Syslog | where TimeGenerated > '2026-01-01'", ["KS106"]),
        ("Syslog | where TimeGenerated == '2026-01-01'", ["VKQL-type"]),
        ('Syslog | where Computer matches regex "a(?!b)("', ["VKQL-regex"]),
        ('Syslog | extend x = extract("(", 1, Computer)', ["VKQL-regex"]),
        ('Syslog | extend x = replace_regex(Computer, "(", "")', ["VKQL-regex"]),
        (r'Syslog | where Computer matches regex @"a\Bb"', ["VKQL-regex-law"]),
        ("Syslog | where ProcessID == 4.0 and ProcessID in (1, 2)", []),
        ('Syslog | where Computer == "4" and Computer in~ ("4", "5")', []),
        ("SecurityEvent | where parse_json(EventData).x == 4", []),
        ("Syslog | where Computer == dynamic(['a'])[0]", []),
        ('Syslog | where Computer matches regex "^(?i)a{2,}$"', []),
        ('_GetWatchlist("x") | where Anything == "1" | project SearchKey', []),
        ("let T = datatable(a: string)['x']; T | where a == 'x'", []),
    ],
)
def test_a_row_of_the_table(checker, query, expected):
    assert codes(checker, query) == expected


def test_places_are_lines_and_columns_of_characters(checker):
    (said,) = checker.check('Syslog\r\n| where Computer == "😀" and Foo == "é"')
    assert (said.line, said.column, said.start, said.length, said.text) == (2, 29, 36, 3, "Foo")
    assert (said.severity, said.end('Syslog\r\n| where Computer == "😀" and Foo == "é"')) == ("error", (2, 32))


def test_what_is_too_long_for_a_rule_is_a_warning(checker):
    text = "Syslog | where Computer in (" + ", ".join(f'"{number:09}"' for number in range(800)) + ")"
    assert [(said.code, said.severity) for said in checker.check(text)] == [("VKQL-length", "warning")]
    assert codes(checker, text[:5000].rpartition(",")[0] + ")") == []


def test_depth_is_told_before_the_parser_gives_up(checker):
    def chain(count: int) -> str:
        return "Syslog | where " + " or ".join(f"ProcessID=={number}" for number in range(count))

    assert codes(checker, chain(300)) == []
    assert codes(checker, chain(450)) == ["VKQL-depth"]
    assert set(codes(checker, chain(600))) == {"KS245", "VKQL-length"}


def test_numbers_of_the_constructors_are_still_those_of_the_pinned_version(parser_folder):
    function = Function('(a: string = "*", n: int)', {"q": "string"})
    schema = Schema(
        {"T": {"a": "string", "x y": "long", "kind": "dynamic"}},
        {"f": function, "g": Function("()", {"q": "int"}, open=True)},
    )
    with Checker(schema) as checker:
        assert checker.columns("T") == {"a": "string", "x y": "long", "kind": "dynamic"}
        assert checker.columns("f('x', 4)") == {"q": "string"}
        assert checker.columns("f(n=4) | summarize c = count() by q") == {"q": "string", "c": "long"}
        assert "KS196" in codes(checker, "f(b=4)")
        assert codes(checker, "g | where anything == 'x'") == []
        assert codes(checker, "f(n=4) | where anything == 'x'") == ["KS142"]
        assert codes(checker, "Syslog") == ["KS142"]
        assert checker.decode('"\\u00c4"') == "Ä"
        assert checker.encode('a"') == "'a\"'"


def test_every_shipped_table_and_function_binds_with_the_columns_that_it_is_said_to_have(checker):
    for name, columns in shipped().tables.items():
        assert checker.columns(name) == columns
    for name, function in shipped().functions.items():
        assert checker.columns(f'{name}("x")' if function.open else name) == function.columns


@given(text=ANY)
def test_literals_denote_the_text_in_microsofts_reading(checker, text):
    assert joined(checker.decode(quote(text))) == joined(text)


@given(text=ANY)
def test_nothing_breaks_out_of_a_literal(checker, text):
    query = f"Syslog | where Computer == {quote(text)}"
    assert codes(checker, query) == []
    assert checker.columns(query + " | project Computer") == {"Computer": "string"}


@given(text=ANY)
def test_nothing_breaks_out_of_a_comment(checker, text):
    query = f"{comment(text)}\nSyslog | project Computer"
    assert codes(checker, query) == []
    assert checker.columns(query) == {"Computer": "string"}


@given(text=ANY)
def test_encoding_and_decoding_go_back_and_forth(checker, text):
    assert joined(checker.decode(checker.encode(text))) == joined(text)


@pytest.mark.parametrize(
    "query",
    [
        "x" * 1_000_000,
        '"' * 100_000,
        "a\0b",
        "\0" * 1000,
        "\ufeff\u202e\u2028",
        "",
        "   \n\n",
        "Syslog | where " + "(" * 500 + "true" + ")" * 500,
        "Syslog | where " + "not(" * 500 + "true" + ")" * 500,
        "Syslog" + "| where Computer == 'a'" * 5000,
        "print " + "-" * 20_000 + "1",
        "let a = 1;" * 5000 + "print a",
        "union " + "(union " * 1000 + "Syslog" + ")" * 1000,
    ],
    ids=lambda query: repr(query[:24]) + f"-{len(query)}",
)
def test_no_query_hurts_the_next(checker, query):
    found = checker.check(query)
    assert len(found) <= 2000
    assert all(said.line >= 1 and said.column >= 1 and len(said.text) <= 60 for said in found)
    assert codes(checker, "Syslog | take 1") == []


def test_more_than_a_mebibyte_is_not_parsed(checker):
    assert [(said.code, said.severity) for said in checker.check(" " * (1 << 21))] == [("VKQL-length", "error")]


@pytest.mark.parametrize("query", ["(" * 5000, pytest.param("[" * 100_000, marks=pytest.mark.long)], ids=["(", "["])
def test_a_query_that_takes_for_ever_is_ended(parser_folder, query):
    with Checker(timeout=2.0) as checker:
        started = time.monotonic()
        (said,) = checker.check(query)
        assert (said.code, said.severity) == ("VKQL-timeout", "error")
        assert time.monotonic() - started < 30
        assert codes(checker, "Syslog | take 1") == []


def test_a_query_over_which_the_engine_fails_is_told(checker):
    (said,) = checker.check("union " + "(union " * 1000 + "Syslog" + ")" * 1000)
    assert said.code == "VKQL-crash"
    assert "stack" in said.message


def test_a_process_that_dies_over_a_query_is_replaced(parser_folder):
    with Checker(timeout=60.0) as checker:
        assert codes(checker, "Syslog") == []
        first = checker.pid
        assert first is not None
        threading.Timer(0.5, os.kill, (first, signal.SIGKILL)).start()
        (said,) = checker.check("(" * 5000)
        assert (said.code, "signal 9" in said.message) == ("VKQL-crash", True)
        assert codes(checker, "Syslog") == []
        assert checker.pid != first


def test_a_process_that_died_between_two_queries_is_replaced_and_none_is_left_behind(parser_folder):
    with Checker() as checker:
        assert codes(checker, "Syslog") == []
        first = checker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        time.sleep(0.2)
        found = codes(checker, "Syslog")
        assert found in ([], ["VKQL-crash"])
        last = checker.pid
    for pid in (first, last):
        if pid is not None:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


def test_a_process_that_has_grown_is_replaced(parser_folder, monkeypatch):
    monkeypatch.setattr(process_module, "MAX_MEMORY", 1 << 20)
    with Checker() as checker:
        assert codes(checker, "Syslog") == []
        assert checker.pid is None


def test_what_does_not_start_is_missing(parser_folder, monkeypatch, tmp_path):
    monkeypatch.setattr(parser, "find", lambda: tmp_path)
    with Checker() as checker, pytest.raises(ParserMissingError, match=r"does not start: .*changed after"):
        checker.check("Syslog")


@pytest.mark.parametrize("name", ["asim", "xdr"])
def test_the_generator_and_the_binder_agree_on_columns_and_types(name):
    known = shipped()
    for table in read_target(name).tables:
        for entry in filter(None, (table.name, table.builtin)):
            columns = known.functions[entry].columns if entry in known.functions else known.tables[entry]
            for product in ("", *table.products):
                for field, place in table.columns(product).items():
                    if place.column and not place.expression:
                        assert columns.get(place.column) == place.type, (entry, field)
                    for column in place.hashes.values():
                        assert columns.get(column) == "string", (entry, field)
