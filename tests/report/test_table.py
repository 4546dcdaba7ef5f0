from __future__ import annotations

import io
import re
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from tests.report.samples import FLUSH, UFW_RESET, ancestor, make_correlation, make_finding

from vedette.hunt.finding import Verdict
from vedette.report import table
from vedette.report.table import share
from vedette.report.terminal import visible

WIDTHS = (40, 80, 100, 120, 150, 200)
#: Colour sequences as rich writes them; nothing else may hold an escape character.
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def shown(findings, width=120, *, colour=False, encoding="utf-8"):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", write_through=True)
    console = Console(
        file=out, width=width, force_terminal=colour, color_system="truecolor" if colour else None, highlight=False
    )
    table.write(findings, console)
    out.flush()
    return raw.getvalue().decode(encoding)


ATTACK = [
    *(make_finding(f"iptables -{flag} ufw-logging-deny") for flag in "FXZ"),
    make_finding(
        "nft flush ruleset",
        ancestors=(ancestor(9, "/bin/sh /root/clean.sh", script="/root/clean.sh"),),
        rule=msgspec.structs.replace(FLUSH, id="other", title="Flush By nft", level="critical", author="Us"),
        time="2026-11-25T00:00:01.000Z",
        user="www-data",
        login_user=None,
    ),
]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_width_shows_what_matters(width):
    text = shown(ATTACK, width)
    for word in ("08:35:30", "00:00:01", "2026-11-24 UTC", "2026-11-25 UTC", "medium", "critical", "gw-nft-01"):
        assert word in text
    assert "root (ops)" in text
    assert "+2" in text
    flat = " ".join(text.split())
    for rule in (FLUSH.title, FLUSH.id, FLUSH.license, "T1562.004", "Flush By nft", "by Us"):
        assert rule in flat
    assert f"by {FLUSH.author}" in flat
    assert "4 findings in 2 rows: 1 critical, 3 medium" in flat


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal_or_ends_in_blanks(width):
    long = make_finding(
        "x " * 5000 + "日本語",
        host="h" * 300,
        user="u" * 300,
        rule=msgspec.structs.replace(FLUSH, title="t " * 300, author="a" * 39 + " b" * 300, level="l" * 50),
        verdict=Verdict("excluded", "mf_" + "m" * 300, "w" * 300),
    )
    for line in shown([*ATTACK, long, make_finding("日" * 300)], width).splitlines():
        assert cell_len(line) <= width
        assert line == line.rstrip(" ")


def test_columns_stand_below_their_heads():
    lines = shown(ATTACK, 200).splitlines()
    head, row = lines[0], lines[2]
    for name, value in {"level": "medium", "host": "gw-nft-01", "user": "root (ops)", "rule": "Flush I"}.items():
        assert row.index(value) == head.index(name)
    assert row.index("iptables") == head.index("what")
    assert row.index("via ufw-init") == head.index("origin")
    assert row.endswith(" 3")
    assert head.endswith("count")


def test_narrow_terminals_get_paragraphs():
    lines = shown(ATTACK, 80).splitlines()
    assert lines[1].startswith("08:35:30  medium    Flush Iptables Ufw Chain · Joseliyo Sanchez")
    assert lines[1].endswith("×3")  # noqa: RUF001 (the sign is meant)
    assert lines[2].split() == ["iptables", "-F", "ufw-logging-deny", "+2"]
    assert lines[3].split("  ")[-2:] == ["root (ops)", "via ufw-init force-stop"]


def test_excluded_rows_say_so_in_words():
    covered = make_finding(verdict=Verdict("excluded", "mf_maintenance", "change 1182"))
    for width in WIDTHS:
        text = shown([covered], width)
        assert "excluded by" in text
        assert "0 findings in 1 row; 1 more excluded" in text
    assert "excluded by mf_maintenance: change 1182" in shown([covered])


@pytest.mark.parametrize("width", [60, 120, 180])
def test_a_correlation_names_all_that_it_joins_with_their_authors(width):
    text = shown([make_correlation(), make_correlation(group={"LogonId": "344"})], width)
    assert "LogonId=343" in text
    assert "LogonId=344" in text
    assert "parent not in the log" not in text
    assert "3 of Flush Iptables Ufw Chain (1 excluded)" in text
    assert "1 of New peer by Eve" in text
    assert FLUSH.author in " ".join(text.split())
    assert "(ops)" in text
    assert "? (ops)" not in text


def test_records_stand_below_their_row():
    text = shown([make_finding(raw=("type=SYSCALL x\x1by", "type=EXECVE"))])
    assert re.search(r"^ +type=SYSCALL x\\x1by$", text, re.MULTILINE)


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_text_has_no_power(width):
    evil = "[bold red]x[/] \x1b[2J\x1b]8;;http://e\x07\x9b1m \u202egnp\u2066 \r\n\u2028 :smile:"
    rule = msgspec.structs.replace(FLUSH, title=evil, author=evil, license=evil, id=evil, level=evil, attack=(evil,))
    finding = make_finding(
        evil, host=evil, user=evil, login_user=evil, rule=rule, raw=(evil,), verdict=Verdict("excluded", evil, evil),
        time=evil, ancestors=(ancestor(1, f"nc {evil}"),),
    )  # fmt: skip
    for text in (shown([finding], width), COLOUR.sub("", shown([finding], width, colour=True))):
        assert [character for character in text if not visible(character) and character != "\n"] == []
        assert "[bold red]x[/]" in shown([finding], 200)


@given(st.text(st.characters(categories=None), max_size=50), st.integers(40, 220))
def test_any_text_fits_any_width(text, width):
    finding = make_finding(text, host=text, user=text)
    for line in shown([finding], width).splitlines():
        assert cell_len(line) <= width


def test_colour_follows_the_level_and_is_never_the_only_sign():
    assert "\x1b[33mmedium" in shown(ATTACK, colour=True)
    assert "\x1b[1;31mcritical" in shown(ATTACK, colour=True)
    assert COLOUR.sub("", shown(ATTACK, colour=True)) == shown(ATTACK)


def test_a_terminal_without_unicode_gets_ascii():
    text = shown([make_finding("iptables " + "x" * 400)], 80, encoding="ascii")
    assert text.isascii()
    assert "..." in text
    assert "\\u" not in text


def test_nothing_is_printed_for_nothing():
    assert shown([]) == ""


def test_ten_thousand_findings_are_quick():
    def findings():
        for number in range(10_000):
            at = f"2026-11-24T{number // 600 % 24:02d}:{number // 10 % 60:02d}:{number % 60:02d}.000Z"
            above = (ancestor(number, f"/usr/sbin/job --number {number}"), *UFW_RESET)
            yield make_finding(f"iptables -F chain-{number} " + "y" * 200, time=at, ancestors=above)

    many = list(findings())
    begin = time.process_time()
    text = shown(many, 120, colour=True)
    assert time.process_time() - begin < 10
    assert "10,000 findings in 10,000 rows" in text


def test_room_is_shared_by_need():
    shares = {"rule": 38, "what": 40, "via": 22}
    assert share(100, {"rule": 10, "what": 20, "via": 30}, shares) == {"rule": 10, "what": 20, "via": 30}
    assert share(100, {"rule": 90, "what": 90, "via": 90}, shares) == {"rule": 38, "what": 40, "via": 22}


@given(st.integers(12, 200), st.lists(st.integers(1, 300), min_size=3, max_size=3))
def test_shares_never_exceed_the_room(room, needs):
    given_ = share(room, dict(zip(("rule", "what", "via"), needs, strict=True)), {"rule": 38, "what": 40, "via": 22})
    assert sum(given_.values()) <= room
    assert all(cells <= need for cells, need in zip(given_.values(), needs, strict=True))
