"""The page as it should have been: whole for the pack, and nothing in it is markup of a stranger's."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt

from vedette.cli.main import main
from vedette.hunt.hunt import built_in_pack
from vedette.page.block import Code, Heading, Items, Paragraph, Table, markdown, page

PACK = built_in_pack("linux-firewall")
EVIL = "</code><script>alert(1)</script> [x](http://evil) `|` \u202eabc\x1b[31m # *b*"


@pytest.fixture(scope="module")
def rendered() -> str:
    run = CliRunner().invoke(main, ["page", "render", PACK])
    assert run.exit_code == 0
    return run.stdout


def test_every_rule_stands_with_its_author_and_its_query(rendered):
    assert "By Joseliyo Sanchez, @Joseliyo\\_Jstnk, DRL-1.1" in rendered
    assert rendered.count("```kusto\nimProcessCreate\n") == 17
    assert rendered.count("KQL for xdr") >= 10
    assert "No KQL for asim" in rendered


def test_every_false_positive_stands_with_its_verdict(rendered):
    assert (
        '| process.name = "ufw" AND process.args = "reset" | no | INERT | - | 0 of 480 | 0 of 106 | REJECTED |'
        in rendered
    )
    assert "| Scheduled Firewall Maintenance Script | yes | PARTIAL | B | 25 of 547 | 0 of 232 | ACCEPTED |" in rendered
    assert "Everyday steps that still alert" in rendered


def test_html_loads_and_runs_nothing(tmp_path):
    path = tmp_path / "page.html"
    run = CliRunner().invoke(main, ["page", "render", PACK, "-f", "html", "-o", str(path)])
    assert run.exit_code == 0
    text = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"<script|\bsrc=|\bon\w+=|href=|@import|url\(", text)
    assert text.count("<table>") > 5


@pytest.fixture
def pack(tmp_path):
    """A pack with one rule and one recording, and no exclusion."""
    folder = tmp_path / "own"
    (folder / "rules").mkdir(parents=True)
    (folder / "exclusions" / "accepted").mkdir(parents=True)
    (folder / "pack.yml").write_text("title: Own\nevidence: {}\n", encoding="utf-8")
    rule = Path(PACK) / "rules" / "proc_creation_lnx_iptables_flush_ufw.yml"
    (folder / "rules" / rule.name).write_bytes(rule.read_bytes())
    return folder


def test_a_pack_without_exclusions_has_a_page_too(pack):
    run = CliRunner().invoke(main, ["page", "render", str(pack)])
    assert run.exit_code == 0
    assert "No exclusion stands beside these rules." in run.stdout


def test_what_is_not_applied_is_not_said_to_silence(pack):
    source = next((Path(PACK) / "exclusions" / "accepted").glob("*libvirt*.yml"))
    path = pack / "exclusions" / "accepted" / "own.yml"
    alerts = {}
    for expires in ("2099-01-01", "2020-01-01"):
        path.write_text(f"{source.read_text(encoding='utf-8')}    expires: {expires}\n", encoding="utf-8")
        run = CliRunner().invoke(main, ["page", "render", str(pack), "--evidence", f"{PACK}/evidence"])
        assert run.exit_code == 0
        alerts[expires] = run.stdout.count("| libvirt")
        assert ("| not applied |" in run.stdout) is ("not applied for now: EXPIRED" in run.stdout)
        assert ("| not applied |" in run.stdout) is (expires == "2020-01-01")
    assert alerts["2020-01-01"] > alerts["2099-01-01"]


BLOCKS = (Heading(EVIL), Paragraph(EVIL), Items((EVIL,)), Table((EVIL,), ((EVIL,),)), Code(EVIL + "\n```\nout"))


def test_a_stranger_s_text_is_no_markup_in_html():
    text = page(EVIL, BLOCKS)
    assert "<script" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_a_stranger_s_text_is_no_markup_in_markdown():
    made = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown(BLOCKS))
    assert "<script" not in made
    assert "<a " not in made
    assert "<em>" not in made
    assert made.count("<pre>") == 1
    assert made.count("<h") == 1


@pytest.mark.parametrize(
    "text", ["- x", "+ x", "1. x", "12) x", "---", "=== x", "&lt;b&gt; &copy;", "* x", "> x", "    x"]
)
def test_text_that_begins_like_markup_is_shown_as_it_is(text):
    shown = html.escape(text.strip(), quote=False)
    made = MarkdownIt("commonmark").enable("table").render(markdown((Paragraph(text), Items((text,)))))
    assert made == f"<p>{shown}</p>\n<ul>\n<li>{shown}</li>\n</ul>\n"


def test_text_over_several_lines_is_one_line_of_a_page():
    assert "<p>one two</p>" in page("t", (Paragraph("one\n\ttwo\n"),))


def test_a_folder_without_a_description_is_told(tmp_path):
    run = CliRunner().invoke(main, ["page", "render", str(tmp_path)])
    assert run.exit_code != 0
    assert "vedette:" in run.stderr
