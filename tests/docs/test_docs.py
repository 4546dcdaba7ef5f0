"""The documentation is held to the program: every verb, option, exit code, field, term and link."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import click
import pytest

from vedette import errors
from vedette.cli.exit import DEFECT, PRECEDENCE
from vedette.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "src").rglob("*.md")])
PAGE_NAMES = [str(path.relative_to(ROOT)) for path in PAGES]
DECISIONS = sorted((DOCS / "adr").glob("*.md"))


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commands(command: click.Command = main, context: click.Context | None = None) -> list[click.Context]:
    """A context for the program and each of its verbs that is shown."""
    context = context or command.make_context("vedette", [], resilient_parsing=True)
    found = [context]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            if not below.hidden:
                found += commands(below, below.make_context(name, [], parent=context, resilient_parsing=True))
    return found


COMMANDS = commands()
COMMAND_NAMES = [context.command_path for context in COMMANDS]


def section(page: str, heading: str) -> str:
    """The text below a heading up to the next of the same depth."""
    level = heading.partition(" ")[0]
    _, _, rest = page.partition(f"\n{heading}\n")
    return re.split(rf"\n{level} ", rest)[0]


@pytest.fixture(scope="module")
def cli_page() -> str:
    return (DOCS / "cli.md").read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_page_of_the_command_line_is_the_command_line_s_own(cli_page):
    assert script("generate_cli").render() == cli_page, "run `make docs`"


@pytest.mark.parametrize("context", COMMANDS, ids=COMMAND_NAMES)
def test_every_verb_has_its_heading_and_says_what_it_does(cli_page, context):
    assert f"\n## {context.command_path}\n" in cli_page
    assert context.command.help


@pytest.mark.parametrize("context", COMMANDS, ids=COMMAND_NAMES)
def test_every_option_is_explained_under_its_verb(cli_page, context):
    text = section(cli_page, f"## {context.command_path}")
    for parameter in context.command.get_params(context):
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"{context.command_path} {parameter.opts}"
            for option in (*parameter.opts, *parameter.secondary_opts):
                assert re.search(rf"{re.escape(option)}[\s,`/]", text), f"{context.command_path} {option}"


@pytest.mark.parametrize("page", ["README.md", "docs/cli.md"])
def test_every_exit_code_is_explained_in_the_order_in_which_it_wins(page):
    text = section((ROOT / page).read_text(encoding="utf-8"), "## Exit codes")
    explained = [int(code) for code in re.findall(r"^\| (\d+) \| \w+", text, re.MULTILINE)]
    assert explained == [*PRECEDENCE, DEFECT]


def test_no_verb_makes_up_an_exit_code():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src" / "vedette" / "cli").rglob("*.py")]
    assert [code for source in sources for code in re.findall(r"\bexit\(\d+\)", source)] == []


def test_the_page_shows_nothing_of_this_machine(cli_page):
    assert str(ROOT) not in cli_page
    assert str(Path.home()) not in cli_page


def test_shown_output_is_what_the_commands_print():
    generate = script("generate_output")
    blocks = 0
    for path in generate.pages():
        text = path.read_text(encoding="utf-8")
        blocks += len(generate.BLOCK.findall(text))
        assert text.count("<!-- output of:") == len(generate.BLOCK.findall(text)), path
        assert generate.fill(text) == text, f"{path.name}: run `make docs`"
    assert blocks


@pytest.mark.parametrize("path", PAGES, ids=PAGE_NAMES)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{path.name}: {target}"
        assert there.is_relative_to(ROOT), f"{path.name}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{path.name}: {target}"


@pytest.mark.parametrize("path", PAGES, ids=PAGE_NAMES)
def test_files_that_are_named_exist(path):
    tops = "src|tests|docs|benchmarks|requirements"
    for name in re.findall(rf"`((?:{tops})/[\w./-]*\w/?)`", prose(path)):
        assert (ROOT / name).exists(), f"{path.name}: {name}"


@pytest.mark.parametrize("path", PAGES, ids=PAGE_NAMES)
def test_make_targets_that_are_named_exist(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", path.read_text(encoding="utf-8"))) <= targets


@pytest.mark.parametrize("path", PAGES, ids=PAGE_NAMES)
def test_verbs_that_are_named_exist(path):
    verbs = set(COMMAND_NAMES)
    for verb in re.findall(r"`vedette ([a-z]+)", path.read_text(encoding="utf-8")):
        assert f"vedette {verb}" in verbs, f"{path.name}: vedette {verb}"


def test_the_project_names_no_place_of_one_machine():
    home = "work|root|home/[a-z]+|Users"
    place = re.compile(rf"(?<![\w.~*-])/(?:{home})/")
    files = [ROOT / "Makefile", ROOT / ".ci" / "run", ROOT / "pyproject.toml", *PAGES, *DOCS.rglob("*.py")]
    files += (ROOT / "requirements").iterdir()
    hits = [str(path.relative_to(ROOT)) for path in files if place.search(path.read_text(encoding="utf-8"))]
    assert hits == []


@pytest.mark.parametrize("path", DECISIONS, ids=[path.name for path in DECISIONS])
def test_a_decision_says_why_and_when_to_think_again(path):
    text = path.read_text(encoding="utf-8")
    number = path.name[:4]
    assert text.startswith(f"# {number}: ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "What would change our mind"]
    assert re.search(r"^Status: (accepted|superseded by \d{4}), \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    assert len(text.splitlines()) <= 60, "one page"


def test_decisions_are_numbered_without_gaps():
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_glossary_is_in_order_and_explains_each_term_once():
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\*\*(.+?)\*\*:? ", text, re.MULTILINE)
    assert len(terms) > 40
    assert terms == sorted(set(terms), key=str.casefold)


@pytest.mark.parametrize(
    "term",
    [
        "rule", "detection", "condition", "modifier", "log source", "filter", "correlation", "pipeline", "taxonomy",
        "coalescing", "serial", "record", "auid", "session", "hunting query", "analytics rule", "watchlist",
        "entity mapping", "ASIM", "technique", "tactic", "Navigator layer", "exclusion", "hunt pack", "reading", "view",
        "match", "verdict", "finding", "event", "predicate", "law",
    ],
)  # fmt: skip
def test_the_glossary_explains(term):
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert re.search(rf"^\*\*{re.escape(term)}\*\*:? \w", text, re.MULTILINE)


def test_the_bounds_that_are_stated_are_the_bounds():
    rows = re.findall(
        r"^\| .+ \| ([\d,]+) \| `(.+)\.(\w+)` \|$", (ROOT / "SECURITY.md").read_text("utf-8"), re.MULTILINE
    )
    stated = {(module, name): int(bound.replace(",", "")) for bound, module, name in rows}
    assert len(stated) >= 10
    assert stated == {(module, name): getattr(importlib.import_module(module), name) for module, name in stated}


def test_the_error_tree_is_drawn_whole():
    tree = errors.__doc__ or ""
    kinds = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert kinds
    assert [name for name in kinds if name not in tree] == []


def test_schemas_are_json():
    schemas = list(DOCS.rglob("*.json"))
    assert schemas
    for path in schemas:
        assert json.loads(path.read_text(encoding="utf-8"))["$schema"].startswith("https://json-schema.org/")
