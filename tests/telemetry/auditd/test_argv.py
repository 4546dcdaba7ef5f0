from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies_auditd import execs, hostile, kernel_string

from vedette.telemetry.auditd.argv import Argv, _parse_pieces, command_line, parse_argv, proctitle


def decoded(args: list[bytes]) -> tuple[str, ...]:
    return tuple(arg.decode("utf-8", "replace") for arg in args)


@given(execs())
def test_arguments_of_any_text_come_back_whole(written):
    args, bodies = written
    assert parse_argv(bodies) == Argv(decoded(args), len(args), complete=True)


@given(st.lists(hostile, max_size=70))
def test_fast_paths_agree_with_the_general_one(args):
    body = b"argc=%d" % len(args) + b"".join(b" a%d=" % number + kernel_string(arg) for number, arg in enumerate(args))
    assert parse_argv([body]) == _parse_pieces([body]) == Argv(decoded(args), len(args), complete=True)


@given(st.lists(st.text("abc-./", max_size=5), max_size=70))
def test_plain_arguments_of_any_number_come_back(args):
    body = " ".join([f"argc={len(args)}", *(f'a{number}="{arg}"' for number, arg in enumerate(args))]).encode()
    assert parse_argv([body]) == Argv(tuple(args), len(args), complete=True)


@given(execs(), st.data())
def test_a_lost_record_is_never_silent(written, data):
    _, bodies = written
    lost = data.draw(st.integers(0, len(bodies) - 1))
    assert not parse_argv(bodies[:lost] + bodies[lost + 1 :]).complete


@given(execs(), st.data())
def test_a_cut_record_is_never_silent(written, data):
    args, bodies = written
    last = bodies[-1]
    cut = data.draw(st.integers(0, len(last) - 1))
    argv = parse_argv([*bodies[:-1], last[:cut]])
    # Only a last argument in hexadecimal can lose its end unseen: nothing in the text says how long it was.
    assert not argv.complete or argv.args[:-1] == decoded(args)[:-1]


@given(st.lists(hostile, max_size=3))
def test_bodies_of_any_bytes_never_raise(bodies):
    parse_argv(bodies)


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([], Argv((), -1, complete=False)),
        ([b""], Argv((), -1, complete=False)),
        ([b"argc=0"], Argv((), 0, complete=True)),
        ([b'argc=2 a0="a"'], Argv(("a",), 2, complete=False)),
        ([b'argc=1 a0="a" a1="b"'], Argv(("a", "b"), 1, complete=False)),
        ([b'a0="a"'], Argv(("a",), -1, complete=False)),
        ([b'argc=2 a0="a" a0="b"'], Argv(("a",), 2, complete=False)),
        ([b'argc=3 a0="a" a2="c"'], Argv(("a", "c"), 3, complete=False)),
        ([b'argc=2147483648 a2147483647="x"'], Argv(("x",), 2147483648, complete=False)),
        ([b'argc=1 a0="unclosed'], Argv(('"unclosed',), 1, complete=False)),
        ([b"argc=1 a0=ABC"], Argv(("ABC",), 1, complete=False)),
        ([b'argc=1 a0="a"\x1dUID="root"'], Argv(("a",), 1, complete=True)),
        ([b'argc=2 a0="x" a1=(null)'], Argv(("x", ""), 2, complete=True)),
        ([b'argc=1 a0_len=8 a0[0]="abcd"'], Argv(("abcd",), 1, complete=False)),
        ([b'argc=1 a0[0]="abcd"'], Argv(("abcd",), 1, complete=False)),
        ([b"argc=1 a0_len=8 a0[0]=61206220"], Argv(("a b ",), 1, complete=True)),
    ],
)
def test_edges(bodies, expected):
    assert parse_argv(bodies) == expected


def test_a_character_split_between_pieces_is_whole_again():
    assert parse_argv([b"argc=1 a0_len=2 a0[0]=C3", b"a0[1]=A9"]) == Argv(("é",), 1, complete=True)


def test_command_line_joins_with_one_blank_and_keeps_newlines():
    assert command_line(("sh", "-c", "a\nb", "")) == "sh -c a\nb "


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"proctitle=7368002D63006964", ("sh -c id", False)),
        (b'proctitle="bash"', ("bash", False)),
        (b"proctitle=3132", ("12", False)),
        (b"proctitle=(null)", ("", False)),
        (b"proctitle=" + b"61" * 126, ("a" * 126, False)),
        (b"proctitle=" + b"61" * 127, ("a" * 127, True)),
        (b'proctitle="' + b"a" * 128 + b'"', ("a" * 128, True)),
        (b"proctitle=6100", ("a", False)),
        (b"proctitle=616", ("616", True)),
    ],
)
def test_proctitle(body, expected):
    assert proctitle(body) == expected
