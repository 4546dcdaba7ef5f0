"""Every code of a problem or warning is documented, and none is documented that can't occur."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
#: Calls that take a code, with the place of the argument if it is not `code=`.
TAKERS = {"RefusedError": 1, "_Fault": 2, "RuleError": None, "Notice": 2, "refuse": 1}


def in_the_code() -> set[str]:
    found = set()
    for path in (ROOT / "src" / "vedette" / "sigma").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in TAKERS:
                place = TAKERS[name]
                argument = next((key.value for key in node.keywords if key.arg == "code"), None)
                if argument is None and place is not None and len(node.args) > place:
                    argument = node.args[place]
                for part in ast.walk(argument) if argument is not None else ():
                    if isinstance(part, ast.Constant):
                        found.add(str(part.value))
    # Warnings of a rule pass through a list first.
    return found | {"header", "disputed-case"}


def test_every_code_is_documented() -> None:
    documented = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == in_the_code()


def test_bounds_are_as_documented() -> None:
    from vedette.predicate import regex
    from vedette.sigma import cache, conditions, documents, values

    for number in (
        documents.MAX_BYTES >> 20,
        documents.MAX_NODES,
        documents.MAX_DEPTH,
        values.MAX_WILDCARDS,
        values.MAX_ATOMS,
        regex.MAX_LENGTH,
        conditions.MAX_LENGTH,
        conditions.MAX_NESTING,
        cache.MAX_BYTES >> 20,
    ):
        assert re.search(rf"\b{number:,}\b", PAGE), number
    assert documents.MAX_CHARACTERS == 16 << 20
