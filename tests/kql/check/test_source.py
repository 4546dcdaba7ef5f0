from __future__ import annotations

import pytest

from vedette.errors import UsageError
from vedette.kql.check.source import Source, read_sources

RULE = """\
id: 0fb54a5c-5599-4ff9-80a2-f788c3ed285e
name: probe
query: |
  Syslog
  | where Facility has "auth"

  | take 1
kind: Scheduled
"""


def read(path) -> list[Source]:
    return list(read_sources((str(path),)))


def test_a_file_is_a_query(tmp_path):
    (tmp_path / "a.kql").write_text("\ufeffSyslog\n| take 1\n", encoding="utf-8")
    (source,) = read(tmp_path / "a.kql")
    assert source.text == "Syslog\n| take 1\n"
    assert source.place(2, 3) == (2, 3)


def test_the_query_of_a_rule_leads_back_into_its_file(tmp_path):
    (tmp_path / "a.yaml").write_text(RULE)
    (source,) = read(tmp_path / "a.yaml")
    lines = source.text.split("\n")
    assert lines[3] == "| take 1"
    line, column = source.place(4, 3)
    assert RULE.split("\n")[line - 1][column - 1 :] == "take 1"


def test_a_folded_query_is_placed_where_it_begins(tmp_path):
    (tmp_path / "a.yml").write_text("name: x\nquery: >\n  Syslog\n  | take 1\n")
    (source,) = read(tmp_path / "a.yml")
    assert (source.text, source.place(1, 10)) == ("Syslog | take 1\n", (2, 1))


def test_every_document_of_a_file_counts(tmp_path):
    (tmp_path / "a.yaml").write_text(RULE + "---\n" + RULE.replace("Syslog", "Event"))
    first, second = read(tmp_path / "a.yaml")
    assert (first.line, second.line) == (4, 13)


def test_folders_are_searched(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.kql").write_text("Syslog")
    (tmp_path / "b.yaml").write_text(RULE)
    (tmp_path / "c.yaml").write_text("title: no query")
    (tmp_path / "d.yaml").write_text("{")
    (tmp_path / "e.txt").write_text("not KQL")
    assert [source.path for source in read(tmp_path)] == [
        str(tmp_path / "b.yaml"),
        str(tmp_path / "below" / "a.kql"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("a.yaml", b"name: x", "has no `query`"),
        ("a.yaml", b"query: [1]", "has no `query`"),
        ("a.yaml", b"{", "not YAML"),
        ("a.kql", b"\xff", "not UTF-8"),
        ("a.kql", b" " * ((4 << 20) + 1), "more than 4 MiB"),
        ("a.yaml", b"query: &a [*a]", ""),
    ],
)
def test_what_can_not_be_read_is_an_error(tmp_path, name, content, cause):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read(tmp_path / name)
    assert cause in str(caught.value)


def test_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="can't read"):
        read(tmp_path / "none.kql")
    with pytest.raises(UsageError, match="no file of KQL"):
        read(tmp_path)
