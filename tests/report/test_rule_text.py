from __future__ import annotations

import os

import pytest
from msgspec.structs import replace
from tests.report.samples import FLUSH

from vedette.hunt.hunt import built_in_pack
from vedette.report import rule_text as subject
from vedette.report.rule_text import rule_texts

SOURCE = f"{built_in_pack('linux-firewall')}/rules/proc_creation_lnx_iptables_flush_ufw.yml"
OTHER = """title: Other
id: 8c9c1d0e-5a60-4a33-9b5c-0f5f4b6a1d11
status: test
logsource: {product: linux, category: process_creation}
detection: {selection: {CommandLine|contains: secret-of-another-rule}, condition: selection}
level: low
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))


def test_a_rule_that_is_still_there_has_its_text_and_its_query():
    told = rule_texts([replace(FLUSH, source=SOURCE)])[FLUSH.id]
    assert "title: Flush Iptables Ufw Chain" in told.text
    assert "Joseliyo" in told.text
    assert "ufw-logging-deny" in told.kql
    assert (told.falsepositives, told.note) == (("Network administrators",), "")


@pytest.mark.parametrize("name", ["gone.yml", "passwd", "rule.txt", "nul\0.yml"])
def test_a_file_that_is_no_rule_is_not_shown(tmp_path, name):
    if "\0" not in name and name != "gone.yml":
        (tmp_path / name).write_text("root:x:0:0")
    told = rule_texts([replace(FLUSH, source=f"{tmp_path}/{name}")])[FLUSH.id]
    assert (told.text, told.kql) == ("", "")
    assert "not where it was" in told.note


def test_a_file_without_the_rule_s_id_is_not_shown(tmp_path):
    (tmp_path / "other.yml").write_text(OTHER)
    assert rule_texts([replace(FLUSH, source=f"{tmp_path}/other.yml")])[FLUSH.id].text == ""


def test_of_several_documents_only_the_rule_s_own_is_shown(tmp_path):
    from pathlib import Path

    (tmp_path / "both.yml").write_text(f"{OTHER}---\n{Path(SOURCE).read_text(encoding='utf-8')}")
    told = rule_texts([replace(FLUSH, source=f"{tmp_path}/both.yml")])[FLUSH.id]
    assert "ufw-logging-deny" in told.text
    assert "secret-of-another-rule" not in told.text


def test_neither_a_pipe_nor_a_large_file_stops_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "large.yml").write_text(OTHER + "#" * subject.MAX_FILE)
    for name in ("pipe.yml", "large.yml"):
        assert rule_texts([replace(FLUSH, source=f"{tmp_path}/{name}")])[FLUSH.id].text == ""


def test_rules_beyond_the_bound_are_named(monkeypatch):
    monkeypatch.setattr(subject, "MAX_RULES", 1)
    told = rule_texts([replace(FLUSH, source=SOURCE), replace(FLUSH, id="second", source=SOURCE)])
    assert told["second"].note == "only the first 1 rules are shown"


def test_a_rule_without_a_place_in_the_target_says_why(tmp_path):
    text = OTHER.replace("process_creation", "webserver")
    (tmp_path / "web.yml").write_text(text)
    header = replace(FLUSH, id="8c9c1d0e-5a60-4a33-9b5c-0f5f4b6a1d11", source=f"{tmp_path}/web.yml")
    told = rule_texts([header])[header.id]
    assert told.note.startswith("no KQL: ")
    assert told.text


CORRELATION = """title: Many flushes
id: 2f4b0c77-4b8f-4d24-9a6d-2a7f1a0c5e21
status: test
author: Ann
correlation:
  type: event_count
  rules: [3be619f4-d9ec-4ea8-a173-18fdd01996ab]
  group-by: [User]
  timespan: 10m
  condition: {gte: 3}
level: high
"""


def test_a_correlation_is_told_beside_the_rules_that_it_joins(tmp_path):
    (tmp_path / "many.yml").write_text(CORRELATION)
    many = replace(FLUSH, id="2f4b0c77-4b8f-4d24-9a6d-2a7f1a0c5e21", source=f"{tmp_path}/many.yml")
    told = rule_texts([many, replace(FLUSH, source=SOURCE)])
    assert "type: event_count" in told[many.id].text
    assert "ufw-logging-deny" in told[many.id].kql
    assert "ufw-logging-deny" in told[FLUSH.id].kql
    # Without the rule it can't be loaded, and the report says so.
    assert "not where it was" in rule_texts([many])[many.id].note
