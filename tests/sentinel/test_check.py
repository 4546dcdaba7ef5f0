from __future__ import annotations

import pytest
from tests.sentinel.samples import ANALYTICS, HUNTING, changed, text

from vedette.errors import UsageError
from vedette.sentinel.check import Checked, account, check


def one(path: object, checker: object = None) -> Checked:
    (found,) = check([str(path)], checker)  # type: ignore[arg-type]
    return found


def test_a_fault_has_its_place(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(text(changed(("entityMappings", 0, "fieldMappings", 0, "identifier"), "Name")))
    lines = path.read_text().splitlines()
    found = one(path)
    assert [(fault.limit, lines[fault.location.line - 1].strip()) for fault in found.faults] == [
        ("identifier-required", "- entityType: Process"),
        ("identifier-value", "- identifier: Name"),
    ]
    assert str(found.faults[1]).startswith(f"{path}:{found.faults[1].location.line}:")


def test_columns_are_those_that_microsofts_parser_finds(tmp_path, checker):
    path = tmp_path / "a.yaml"
    gone = {**ANALYTICS, "query": ANALYTICS["query"] + "\n| project Dvc, TargetProcessName"}
    path.write_text(text(gone))
    assert [fault.limit for fault in one(path, checker).faults] == ["column-absent"]
    assert one(path).faults == ()
    path.write_text(text(ANALYTICS))
    assert one(path, checker).faults == ()


def test_an_error_in_the_query_is_told_with_its_line_in_it(tmp_path, checker):
    path = tmp_path / "a.yaml"
    path.write_text(text({**HUNTING, "query": "imProcessCreate\n| where Nothing == 1"}))
    (fault,) = one(path, checker).faults
    assert fault.limit == "query-error"
    assert fault.message.startswith("line 2, column 9 of the query: ")


def test_yaml_that_is_none_is_told(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("id: [\nname: x")
    (fault,) = one(path).faults
    assert (fault.limit, fault.location.path) == ("yaml", str(path))
    assert fault.location.line > 0


def test_of_a_folder_what_has_no_query_is_passed_over(tmp_path):
    (tmp_path / "a.yaml").write_text(text(HUNTING))
    (tmp_path / "parser.yaml").write_text("ParserName: x\nParserQuery: y\n")
    (tmp_path / "notes.txt").write_text("x")
    assert [found.path for found in check([str(tmp_path)])] == [str(tmp_path / "a.yaml")]
    assert {fault.limit for fault in one(tmp_path / "parser.yaml").faults} >= {"query-missing", "id-missing"}


def test_one_id_in_two_documents_of_a_file_is_told(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(text(HUNTING) + "---\n" + text(HUNTING))
    assert [fault.limit for fault in one(path).faults] == ["id-twice"]
    path.write_text(text(HUNTING) + "---\n" + text({**HUNTING, "id": "b61dc26c-79c8-5beb-9dc5-6a0c769fae86"}))
    assert one(path).faults == ()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: " + b"x" * (1 << 20)])
def test_what_can_not_be_read_is_a_wrong_command(tmp_path, content):
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(UsageError, match=r"a\.yaml"):
        one(tmp_path / "a.yaml")


def test_a_path_without_content_is_a_wrong_command(tmp_path):
    with pytest.raises(UsageError, match="no YAML in it"):
        list(check([str(tmp_path)]))
    with pytest.raises(UsageError, match="can't read"):
        list(check([str(tmp_path / "gone.yaml")]))


def test_a_file_of_many_faults_is_bounded(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(text({**HUNTING, "tactics": ["x"] * 5000}))
    found = one(path)
    assert len(found.faults) == 200
    assert "1 file checked: 200 errors, 0 notes; without Microsoft's parser" in account([found])
