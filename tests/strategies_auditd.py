"""Hypothesis strategies for audit logs: lines written as the kernel and auditd write them, out of hostile texts."""

from __future__ import annotations

from hypothesis import strategies as st

#: What an attacker would write to pose as a record, a field, a tail or an end.
FRAGMENTS = [
    b"\n",
    b"\r\n",
    b" ",
    b"  ",
    b'"',
    b"'",
    b"\x1d",
    b"\x01",
    b"\x1b[2J",
    b"type=EXECVE msg=audit(1700000000.000:1): ",
    b"\nnode=gw type=SYSCALL msg=audit(1700000000.000:1): ",
    b'argc=1 a0="evil"',
    b" a1=6576696C",
    b" a1_len=4",
    b" a1[0]=41",
    b" msg='",
    b" uid=0",
    b" auid=0",
    b' exe="/usr/bin/evil"',
    b'\x1dUID="root" AUID="root"',
    b" family=2 entries=0",
    b' op=xt_replace pid=1 comm="init"',
    b"table=filter",
    b" saddr=0200",
    b" SADDR={ saddr_fam=inet",
    b"{ }",
    b"(null)",
    b"?",
    b"=",
    b"3132",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "\u202e\u2028é".encode(),
]

#: Bytes that may stand in a C string, hostile or arbitrary.
hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=8)), max_size=8).map(
    lambda parts: b"".join(parts).replace(b"\0", b"")
)

#: The same without newline: auditd writes a blank for each.
hostile_line = hostile.map(lambda data: data.replace(b"\n", b" "))


def kernel_string(data: bytes) -> bytes:
    """An untrusted string as the kernel writes it."""
    plain = all(0x21 <= byte <= 0x7E and byte != 0x22 for byte in data)
    return b'"' + data + b'"' if plain else data.hex().upper().encode()


@st.composite
def execs(draw: st.DrawFn) -> tuple[list[bytes], list[bytes]]:
    """Arguments and the EXECVE bodies that the kernel writes for them, some in pieces over several records."""
    args = draw(st.lists(hostile, max_size=6))
    tokens = [b"argc=%d" % len(args)]
    bodies: list[bytes] = []

    def flush() -> None:
        bodies.append(b" ".join(tokens))
        tokens.clear()

    for number, arg in enumerate(args):
        if not draw(st.booleans()) or not arg:
            tokens.append(b"a%d=" % number + kernel_string(arg))
            if draw(st.integers(0, 3)) == 0:
                flush()
            continue
        plain = kernel_string(arg).startswith(b'"')
        # A long argument is fetched in parts, each written as its own text demands; a short one in one way throughout.
        is_long = draw(st.integers(0, 9)) == 0
        if is_long:
            arg += b"x" * 15_000
            args[number] = arg
        cuts = sorted(draw(st.sets(st.integers(1, max(1, len(arg) - 1)), max_size=3)))
        pieces = [arg[start:end] for start, end in zip([0, *cuts], [*cuts, len(arg)], strict=True)]
        pieces = [piece for piece in pieces if piece]
        tokens.append(b"a%d_len=%d" % (number, len(arg) if is_long or plain else 2 * len(arg)))
        for index, piece in enumerate(pieces):
            value = piece.hex().upper().encode() if not is_long and not plain else kernel_string(piece)
            tokens.append(b"a%d[%d]=" % (number, index) + value)
            if draw(st.booleans()):
                flush()
    if tokens:
        flush()
    return args, bodies


def line(record_type: str, body: bytes, *, node: bytes = b"", serial: int = 1, millisecond: int = 0) -> bytes:
    """One line of a log, without its newline."""
    prefix = b"node=" + node + b" " if node else b""
    header = b"type=%s msg=audit(1700000000.%03d:%d): " % (record_type.encode(), millisecond, serial)
    return prefix + header + body
