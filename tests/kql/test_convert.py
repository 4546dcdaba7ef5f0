from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.kql.probe import item, probe

from vedette.errors import UsageError
from vedette.kql import COLUMNAR, Options, convert, read_target
from vedette.kql.convert import MAX_QUERY
from vedette.sigma.place import logsource_of, place_of
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

ROOT = Path(__file__).resolve().parents[2]
SEED = ROOT / "src/vedette/packs/linux-firewall/rules/proc_creation_lnx_iptables_flush_ufw.yml"
GOLDEN = (Path(__file__).parent / "golden" / "seed.kql").read_text(encoding="utf-8").rstrip("\n")


def test_the_seed_s_rule_is_the_seed_s_kql_to_the_character():
    query = convert(load([SEED], cache=False).rules[0], read_target("asim"))
    assert query.text == GOLDEN
    assert (query.table, query.checked, query.errors, query.notes) == ("imProcessCreate", False, (), ())


def test_the_golden_text_is_the_page_s(shared):
    pages = [path.read_text(encoding="utf-8") for path in (shared / "seed").iterdir()]
    assert any(GOLDEN in page for page in pages)


@pytest.mark.parametrize("entry", ["builtin", "_Im_ProcessCreate", "_Im_FileEvent"])
def test_the_entry_point_can_be_the_one_of_every_workspace(entry):
    target = read_target("asim")
    query = convert(load([SEED], cache=False).rules[0], target, Options.of({"entry": entry}, target))
    assert query.text == GOLDEN.replace("imProcessCreate", "_Im_ProcessCreate", 1)


@pytest.mark.parametrize(
    ("target", "image"), [("asim", "column"), *(("xdr", image) for image in ("column", "both", "resolved", "invoked"))]
)
def test_one_column_is_the_only_view(tmp_path, target, image):
    assert (
        probe(tmp_path, item("Image: /bin/sh"), target, image=image).text
        == probe(tmp_path, item("Image: /bin/sh"), target).text
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"entry": "imNothing"},
        {"image": "all"},
        {"missing": "drop"},
        {"prefilter": "yes"},
        {"long": "cut"},
        {"colour": "red"},
    ],
    ids=str,
)
def test_options_that_are_unknown_are_refused(settings):
    with pytest.raises(UsageError, match=next(iter(settings))):
        Options.of(settings, read_target("asim"))


def test_an_unknown_target_is_refused():
    with pytest.raises(UsageError, match="asim, xdr, syslog"):
        read_target("splunk")


@pytest.mark.parametrize("target", COLUMNAR)
def test_a_field_without_a_column_is_an_error_with_its_line(tmp_path, target):
    query = probe(tmp_path, "a:\n    Image: x\nb:\n    - Image: y\n    - Tty|contains: pts\ncondition: a or b", target)
    assert query.text == ""
    (error,) = query.errors
    assert (error.code, error.location.line) == ("no-column", 10)
    assert "probe" in error.cause
    assert "Tty has no column" in error.cause
    assert target in error.cause


def test_every_field_without_a_column_is_told(tmp_path):
    query = probe(tmp_path, "a:\n    Tty: x\n    Script: y\n    AuditKey: z\n    Image: i\ncondition: a")
    assert [re.findall(r"(\w+) has no", error.cause) for error in query.errors] == [["Tty"], ["Script"], ["AuditKey"]]
    assert [error.location.line for error in query.errors] == [7, 8, 9]


def test_a_referenced_field_without_a_column_is_told(tmp_path):
    (error,) = probe(tmp_path, item("Image|fieldref: Script")).errors
    assert "Script has no column" in error.cause
    assert error.location.line == 7


@pytest.mark.parametrize("change", ["gone", "grown", "other"])
def test_a_file_that_has_changed_since_costs_the_line_alone(tmp_path, change):
    query = probe(tmp_path, item("Image: x"))
    path = tmp_path / "probe.yml"
    if change == "gone":
        path.unlink()
    else:
        path.write_text("#" * (9 << 20) if change == "grown" else "- a list\n")
    assert isinstance(query.rule, Rule)
    assert place_of(query.rule, "Image") == logsource_of(query.rule) == query.rule.location


def test_a_log_source_without_a_table_is_an_error_at_its_line(tmp_path):
    query = probe(tmp_path, item("Image: x"), category="netfilter_change")
    (error,) = query.errors
    assert (error.code, error.location.line, query.table) == ("no-table", 2, "")
    assert "linux/netfilter_change/*" in error.cause


def test_a_service_has_no_table(tmp_path):
    (error,) = probe(tmp_path, item("Image: x"), category="process_creation\n    service: sudo").errors
    assert error.code == "no-table"


def test_keywords_are_an_error(tmp_path):
    query = probe(tmp_path, "s:\n    Image: x\nk: [ufw, nft]\ncondition: s and k")
    assert [error.code for error in query.errors] == ["keyword"]


@pytest.mark.parametrize(
    ("category", "line", "code"),
    [
        ("network_connection", "EventTime: 2026-01-01", "column-type"),
        ("network_connection", "DestinationPort|cidr: 10.0.0.0/8", "column-type"),
        ("network_connection", "Initiated|contains: tru", "value"),
        ("network_connection", "Initiated|re: tru", "value"),
        ("process_creation", "Hashes|contains: 'MD5=0123'", "value"),
        ("process_creation", "Hashes|re: '^MD5='", "value"),
        ("process_creation", "Hashes|fieldref: Image", "value"),
        ("process_creation", "User|hour: 5", "column-type"),
    ],
)
def test_what_a_column_can_t_hold_is_an_error(tmp_path, category, line, code):
    query = probe(tmp_path, item(line), category=category)
    assert [error.code for error in query.errors] == [code]
    assert query.errors[0].location.line == 7
    assert query.text == ""


def test_defender_has_no_imphash(tmp_path):
    detection = item("Hashes|contains: 'IMPHASH=0123456789abcdef0123456789abcdef'")
    assert "no column for IMPHASH" in probe(tmp_path, detection, "xdr").errors[0].cause
    assert probe(tmp_path, detection, "asim").text.endswith(
        'TargetProcessIMPHASH =~ "0123456789abcdef0123456789abcdef"'
    )


def test_what_is_missing_is_read_as_absent_where_that_is_asked_for(tmp_path):
    query = probe(tmp_path, "a:\n    Image: x\nb:\n    Tty: y\ncondition: a and not b", missing="absent")
    assert query.text == 'imProcessCreate\n| where TargetProcessName =~ "x"'
    assert query.notes == ("Tty has no column here and is read as absent",)


def test_a_rule_that_can_then_never_hold_is_refused(tmp_path):
    query = probe(tmp_path, "a:\n    Image: x\n    Tty: y\ncondition: a", missing="absent")
    assert [error.code for error in query.errors] == ["never"]
    assert "Tty" in query.errors[0].cause


@pytest.mark.parametrize(
    ("line", "condition"),
    [
        ("LogonId: '0x3e7'", "(isnotnull(LogonId) and LogonId == 999)"),
        ("LogonId: 999", "LogonId == 999"),
        ("LogonId: ['0x3e7', none]", "(isnotnull(LogonId) and LogonId == 999)"),
        ("GrandParentImage|endswith: '/sh'", 'InitiatingProcessParentFileName =~ "sh"'),
        ("GrandParentImage|endswith: 'sh'", 'InitiatingProcessParentFileName endswith "sh"'),
        ("User: root", 'AccountName =~ "root"'),
        ("ParentImage: /bin/sh", 'InitiatingProcessFolderPath =~ "/bin/sh"'),
        ("OriginalFileName: x", 'ProcessVersionInfoOriginalFileName =~ "x"'),
        ("ProcessId|gt: 5", "(isnotnull(ProcessId) and ProcessId > 5)"),
    ],
)
def test_defender(tmp_path, line, condition):
    query = probe(tmp_path, item(line), "xdr")
    assert query.text == f"DeviceProcessEvents\n| where {condition}"


def test_defender_puts_windows_users_together(tmp_path):
    query = probe(tmp_path, item("User|contains: AUTHORI"), "xdr", product="windows")
    assert query.text == (
        "DeviceProcessEvents\n"
        '| extend SigmaUser = iff(isempty(AccountDomain), AccountName, strcat(AccountDomain, "\\\\", AccountName))\n'
        '| where SigmaUser contains "AUTHORI"'
    )


@pytest.mark.parametrize("line", ["GrandParentImage: /bin/sh", "GrandParentImage|endswith: /bin/sh"])
def test_more_of_a_path_than_its_last_part_is_refused(tmp_path, line):
    assert [error.code for error in probe(tmp_path, item(line), "xdr").errors] == ["value"]


def test_a_text_that_is_no_number_never_matches_and_is_told(tmp_path):
    query = probe(tmp_path, item("DestinationPort: [22, ssh]"), category="network_connection")
    assert query.text.endswith("| where DstPortNumber == 22")
    assert query.notes == ("DestinationPort is a number here, and never the text 'ssh'",)


def test_grouping_keeps_the_tree(tmp_path):
    detection = """
    a:
        User: [root, bin]
    b:
        CommandLine|contains|all: [x, y]
    c:
        Image: null
    condition: (a or b) and not (b or c)
    """
    assert probe(tmp_path, detection).text.partition("| where ")[2] == (
        '(TargetUsername in~ ("root", "bin") or '
        '(TargetProcessCommandLine contains "x" and TargetProcessCommandLine contains "y")) and '
        'not((TargetProcessCommandLine contains "x" and TargetProcessCommandLine contains "y") or '
        "isempty(TargetProcessName))"
    )


def test_a_chain_of_many_conditions_is_not_nested_deep(tmp_path):
    values = ", ".join(f"v{number}" for number in range(5000))
    text = probe(tmp_path, item(f"CommandLine|contains: [{values}]")).text
    assert text.count(' contains "') == 5000
    assert max(chain.count(" or ") for chain in re.split(r"[()]+", text)) < 64
    depth = deepest = 0
    for sign in re.findall(r"[()]", text):
        depth += 1 if sign == "(" else -1
        deepest = max(deepest, depth)
    assert (depth, deepest) == (0, 2)


def test_a_long_query_is_told(tmp_path):
    values = ", ".join(f"value-number-{number}" for number in range(700))
    query = probe(tmp_path, item(f"CommandLine|contains: [{values}]"))
    assert len(query.text) > MAX_QUERY
    assert any("characters, more than the 10,000" in note for note in query.notes)


def test_letters_of_disputed_case_are_told(tmp_path):
    assert probe(tmp_path, item('User: "\\u212a"')).notes[-1] == "engines differ on the case of U+212A"


@pytest.mark.parametrize("name", COLUMNAR)
def test_columns_are_the_schema_s_own(name, shared):
    import json

    schemas = json.loads((shared / "reference" / "kusto_schemas.json").read_text())[name]
    outside = {"TimeGenerated", "EventType", "Dvc"}  # common to all of ASIM's schemas, and not listed
    for table in read_target(name).tables:
        schema = schemas[table.name]
        for product in ("windows", "linux", "macos"):
            for field, column in table.columns(product).items():
                names = set(column.hashes.values()) if column.hashes else {column.column}
                if column.expression:
                    bare = re.sub(r'"[^"]*"|\.\w+', "", column.expression)
                    names = set(re.findall(r"\b[A-Z]\w+", bare))
                for one in names - outside:
                    assert one in schema, (table.name, field, one)
                    if not column.expression:
                        assert schema[one] == column.type, (table.name, field, one)
