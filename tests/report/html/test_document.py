"""The file itself, without a browser: what is embedded, and what the policy allows."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import html
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.html.samples import HOSTILE, make_excluded, make_incident, make_summary
from tests.report.samples import make_finding

from vedette.report.dossier import Item, dossier
from vedette.report.html.document import PARTS, asset, document, embedded, script
from vedette.report.html.spelling import MAX_TEXT, block, number, plain, spelled

MADE = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
DATA = re.compile(r'<script type="application/json" id="([^"]+)">(.*?)</script>', re.DOTALL)


def page(*items: Item, title: str = "Hunt") -> str:
    return b"".join(document(dossier(items), title, made=MADE)).decode()


def data(written: str) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in DATA.findall(written)}


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_the_page_s_own_style_and_script_alone():
    written = page(make_finding())
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', written)
    assert found
    policy = dict(part.strip().split(" ", 1) for part in html.unescape(found[1]).split(";"))
    (style,) = re.findall(r"<style>(.*?)</style>", written, re.DOTALL)
    (own,) = re.findall(r"<script>(.*?)</script>", written, re.DOTALL)
    assert policy == {
        "default-src": "'none'",
        "style-src": digest(style),
        "script-src": digest(own),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not re.search(r"\son[a-z]+=|\sstyle=", DATA.sub("", written.replace(own, "").replace(style, "")))


def test_nothing_in_the_file_names_another_place():
    written = DATA.sub("", page(make_finding()))
    assert set(re.findall(r"https?://[^\s\"'`]+", written)) == {"http://www.w3.org/2000/svg"}


def test_the_script_makes_no_markup_of_data_and_asks_for_nothing():
    for name in PARTS:
        text = asset(f"{name}.js")
        forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|fetch\(|XMLHttpRequest"
        assert not re.search(forbidden + r"|WebSocket|sendBeacon|localStorage|DOMParser|\bimport\b", text), name
        assert "</" not in text, name
    assert "<!--" not in script()


@given(st.text())
def test_embedded_data_can_not_end_its_element(text):
    made = embedded({"a": text}).decode()
    assert not set("<>&\u2028\u2029") & set(made)
    assert json.loads(made) == {"a": text}


def test_hostile_text_comes_back_as_text():
    written = page(make_finding(HOSTILE, raw=(HOSTILE,)), make_incident(title=HOSTILE), title=HOSTILE)
    read = data(written)
    assert spelled(HOSTILE) in read["data"]["strings"]
    assert read["raw-0"] == [[spelled(HOSTILE)]]
    assert read["data"]["incidents"][0]["title"] == spelled(HOSTILE)
    assert written.count("<script>") == 1
    assert "<img" not in written


def test_what_findings_share_stands_once():
    read = data(page(*[make_finding(f"iptables -F c{n}") for n in range(50)]))["data"]
    assert len(read["findings"]) == 50
    assert len(read["nodes"]) == 6 + 50
    assert read["strings"].count("gw-nft-01") == 1
    assert len(read["rules"]) == 1


def test_every_column_is_filled_and_every_place_exists():
    read = data(page(make_finding(), make_excluded(), make_finding(process=None, session=None)))["data"]
    for row in read["findings"]:
        assert len(row) == len(read["columns"])
        cells = dict(zip(read["columns"], row, strict=True))
        for name in ("host", "category", "user", "login", "cwd", "file", "cause", "deed", "kind"):
            assert -1 <= cells[name] < len(read["strings"]), name
        for name in ("event", "matched", "views", "verdict"):
            assert 0 <= cells[name] < len(read["shared"]), name
    for node in read["nodes"]:
        assert len(node) == len(read["nodeColumns"])
        assert node[-1] < len(read["nodes"])


def test_records_are_in_blocks_only_where_there_are_some():
    assert set(data(page(make_finding()))) == {"data"}
    read = data(page(*[make_finding(raw=(f"r{n}",) if n == 150 else None) for n in range(160)]))
    assert set(read) == {"data", "raw-1"}
    assert read["raw-1"][50] == ["r150"]


def test_the_account_and_what_was_lost_are_in_it():
    read = data(page(make_summary()))["data"]
    assert read["summaries"][0]["blind"][0]["why"] == "auditd was stopped"
    assert (read["unread"], read["lines"]) == ([], 1)


def test_a_script_part_is_a_file_and_no_file_is_forgotten():
    from importlib.resources import files

    there = {one.name for one in files("vedette.report.html").joinpath("assets").iterdir()}
    assert there == {f"{name}.js" for name in PARTS} | {"report.css", "report.html"}


def test_a_very_long_text_is_without_its_middle():
    shown = spelled("a" * 10_000 + "z")
    assert len(shown) < MAX_TEXT + 100
    assert shown.endswith("z")
    assert "5,905 characters left out" in shown


@given(st.text())
def test_a_spelled_text_is_one_line_of_visible_characters(text):
    shown = spelled(text)
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [(5, 5), (2**53, str(2**53)), (-(2**60), str(-(2**60))), (1 << 5000, "a very large number")],
)
def test_numbers_are_exact(given_value, expected):
    assert number(given_value) == expected


def test_a_block_keeps_its_lines_and_nothing_hidden():
    assert block("a\r\n\tb\x1b[0m") == "a\n    b\\x1b[0m"
    assert block("x" * 70_000).endswith("… 4,464 characters left out")


def test_plain_spells_keys_and_values():
    assert plain({"a\x00": ["\x1b", 1, None, True, {"command": "x\ny"}]}, blocks=frozenset({"command"})) == {
        "a\\x00": ["\\x1b", 1, None, True, {"command": "x\ny"}]
    }
