from __future__ import annotations

import pytest
from tests.kql.probe import item, probe


def errors(folder, detection: str, **settings: str):
    """What refuses a rule of single records."""
    query = probe(folder, detection, "syslog", category="", service="auditd", **settings)
    return [(error.code, error.location.line, error.cause.partition("): ")[2]) for error in query.errors]


@pytest.mark.parametrize(
    ("detection", "cause"),
    [
        ("type: EXECVE\nexe: /bin/sh", "records of the type EXECVE carry no exe in syslog (Syslog)"),
        ("type: [PATH, CWD]\ncomm: sh", "records of the type CWD or PATH carry no comm in syslog (Syslog)"),
        ("type: SYSCALL\na4: x", "records of the type SYSCALL carry no a4 in syslog (Syslog)"),
        ("type: PATH\nUID: root", "records of the type PATH carry no UID in syslog (Syslog)"),
        ("type: SYSCALL\nImage: x", "Image has no column in syslog (Syslog)"),
    ],
)
def test_what_a_type_never_carries_is_an_error(tmp_path, detection, cause):
    (error,) = errors(tmp_path, item(detection))
    assert error == ("no-column", 8, cause)


@pytest.mark.parametrize(
    "detection",
    [
        "type: EXECVE\nexe: null",
        "type: EXECVE\nexe|exists: false",
        "type: [EXECVE, SYSCALL]\nexe: x",
        "type: USER_CMD\nanything_else: null\nexe: x",
        "type|startswith: EXEC\nexe: x",
        "type: EXECVE\na127: x",
    ],
)
def test_what_a_type_may_carry_is_asked(tmp_path, detection):
    found = errors(tmp_path, item(detection))
    assert [cause for _, _, cause in found if "carry" in cause] == []


def test_a_negated_field_is_no_misfit(tmp_path):
    assert errors(tmp_path, "a:\n    type: EXECVE\nb:\n    exe: x\ncondition: a and not b") == []


def test_what_stands_beside_a_misfit_does_not_save_it(tmp_path):
    detection = "a:\n    type: EXECVE\nb:\n    - exe: x\n    - a0: y\ncondition: a and b"
    assert [code for code, _, _ in errors(tmp_path, detection)] == ["no-column"]


def test_two_records_are_not_joined(tmp_path):
    detection = "a:\n    type: EXECVE\n    a0: sh\nb:\n    type: SYSCALL\n    exe: /bin/sh\ncondition: a and b"
    (error,) = errors(tmp_path, detection)
    assert error[0] == "value"
    assert "no record is of the types EXECVE and SYSCALL at once, and none are joined" in error[2]
