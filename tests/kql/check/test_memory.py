"""The parser's process outlives its answers, however large the process is that started it."""

from __future__ import annotations


def test_a_large_parent_is_no_reason_to_start_again(checker):
    assert checker.check("print 1") == ()
    first = checker.pid
    ballast = bytearray(1 << 30)
    ballast[:: 1 << 12] = b"x" * (1 << 18)
    checker._process.end()
    assert checker.check("print 1") == ()
    second = checker.pid
    assert second != first
    assert checker.check("print 2") == ()
    assert checker.pid == second
    assert len(ballast) == 1 << 30
