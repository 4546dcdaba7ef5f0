from __future__ import annotations

import pytest
from hypothesis import given
from tests.strategies_auditd import hostile, kernel_string

from vedette.telemetry.auditd.value import audit_keys, is_encoded, trusted, unhex, untrusted, untrusted_bytes


@given(hostile)
def test_what_the_kernel_writes_comes_back(data):
    assert untrusted_bytes(kernel_string(data)) == data
    untrusted(kernel_string(data)).encode("utf-8")  # no surrogates


@pytest.mark.parametrize(
    ("raw", "as_untrusted", "as_trusted"),
    [
        (b'"-F"', "-F", "-F"),
        (b"3132", "12", "3132"),
        (b"(null)", "", ""),
        (b"(none)", "", ""),
        (b"?", "", ""),
        (b'"?"', "?", "?"),
        (b'"(null)"', "(null)", "(null)"),
        (b'""', "", ""),
        (b'"', '"', '"'),
        (b"", "", ""),
        (b"abc", "abc", "abc"),
        (b"c3a9", "é", "c3a9"),
        (b"FF", "\ufffd", "FF"),
    ],
)
def test_values(raw, as_untrusted, as_trusted):
    assert untrusted(raw) == as_untrusted
    assert trusted(raw) == as_trusted


def test_small_letters_are_no_hexadecimal_of_programs():
    assert unhex(b"c3a9", upper_only=True) is None
    assert unhex(b"C3A9", upper_only=True) == b"\xc3\xa9"


@pytest.mark.parametrize(
    ("record_type", "field", "expected"),
    [
        ("EXECVE", b"a0", True),
        ("EXECVE", b"a12[3]", True),
        ("EXECVE", b"a1_len", False),
        ("EXECVE", b"argc", False),
        ("SYSCALL", b"a0", False),
        ("SYSCALL", b"comm", True),
        ("SYSCALL", b"key", True),
        ("TTY", b"data", True),
        ("SOCKADDR", b"saddr", False),
        ("PATH", b"inode", False),
    ],
)
def test_which_fields_are_encoded(record_type, field, expected):
    assert is_encoded(record_type, field) is expected


def test_keys_of_several_rules_are_told_apart():
    assert audit_keys("exec\x01firewall") == ("exec", "firewall")
    assert audit_keys("") == ()
