"""The rules of the house that a machine can hold: sizes, names, docstrings, import layers, and what code never does."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

import pytest
from importlinter import cli as import_linter

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "vedette"
MODULES = sorted(SOURCE.rglob("*.py"))
NAMES = [str(path.relative_to(SOURCE)) for path in MODULES]

#: Names that say where code ended up, not what it is.
NAMELESS = {"base", "common", "core", "helper", "helpers", "manager", "misc", "shared", "stuff", "util", "utils"}
#: Modules that turn bytes into code.
UNSAFE_MODULES = {"cloudpickle", "dill", "jsonpickle", "marshal", "pickle", "shelve"}
#: Calls that turn text into code, or hand it to a shell.
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.unsafe_load", "yaml.full_load"}
SAFE_LOADERS = {"CSafeLoader", "SafeLoader"}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def dotted(node: ast.expr) -> str:
    """`os.system` of the expression `os.system`, the empty text of anything that is no dotted name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


def dangers(source: str) -> list[str]:
    """What a module's text does that none may, as `line: what`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                found += [
                    f"{node.lineno}: import {name.name}" for name in node.names if top(name.name) in UNSAFE_MODULES
                ]
            case ast.ImportFrom() if node.level == 0 and top(node.module or "") in UNSAFE_MODULES:
                found.append(f"{node.lineno}: from {node.module}")
            case ast.Call():
                name = dotted(node.func)
                if name in UNSAFE_CALLS:
                    found.append(f"{node.lineno}: {name}()")
                for keyword in node.keywords:
                    if keyword.arg == "shell" and not (
                        isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                    ):
                        found.append(f"{node.lineno}: shell=")
                if name in {"yaml.load", "yaml.load_all"} and not safe_loader(node):
                    found.append(f"{node.lineno}: {name}() without a safe loader")
            case _:
                pass
    return found


def top(module: str) -> str:
    return module.partition(".")[0]


def safe_loader(call: ast.Call) -> bool:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "Loader"] + call.args[1:2]
    return len(given) == 1 and (loader := dotted(given[0])) != "" and is_safe(loader.rpartition(".")[2])


def is_safe(loader: str) -> bool:
    """A loader of PyYAML's safe two, or a class of ours that is named after them."""
    return loader in SAFE_LOADERS or loader.endswith("SafeLoader")


def test_there_is_a_house():
    assert len(MODULES) > 10


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_no_module_is_over_600_lines(path):
    assert lines(path) <= 600


def test_the_median_module_is_under_200_lines():
    assert statistics.median(lines(path) for path in MODULES) < 200


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_is_named_by_a_noun_of_the_field(path):
    parts = path.relative_to(SOURCE).with_suffix("").parts
    assert not NAMELESS & {word for part in parts for word in (part, *part.split("_"))}


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_every_folder_of_modules_is_a_package():
    folders = {folder for path in MODULES for folder in path.relative_to(SOURCE).parents}
    assert [str(folder) for folder in folders if not (SOURCE / folder / "__init__.py").is_file()] == []


def test_imports_go_down_only(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    status = import_linter.lint_imports(config_filename="pyproject.toml", cache_dir=str(tmp_path))
    assert status == import_linter.EXIT_STATUS_SUCCESS


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_no_module_turns_text_into_code(path):
    assert dangers(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import os, marshal",
        "from pickle import loads",
        "eval('1')",
        "exec(text)",
        "os.system('ls')",
        "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=flag)",
        "yaml.load(text)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.load(text, yaml.FullLoader)",
    ],
)
def test_dangers_are_seen(source):
    assert len(dangers(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import re\nre.compile('a')",
        "polars.eval(x)",
        "subprocess.run(['ls'], shell=False)",
        "yaml.load(text, Loader=yaml.CSafeLoader)",
        "yaml.load(text, BoundedSafeLoader)",
    ],
)
def test_harmless_code_is_no_danger(source):
    assert dangers(source) == []


def test_test_files_stand_in_the_room_of_what_they_test():
    rooms = {path.name for path in SOURCE.iterdir() if path.is_dir()} | {"docs", "house", "benchmarks", "long"}
    strays = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")} - rooms
    assert sorted(name for name in strays if not name.endswith(".py")) == []


def test_every_noqa_names_its_code():
    blanket = re.compile(r"#\s*noqa(?!:\s*[A-Z])", re.IGNORECASE)
    files = [path for folder in ("src", "tests", "docs") for path in (ROOT / folder).rglob("*.py")]
    hits = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if blanket.search(line)
    ]
    assert hits == []
