"""Sigma documents out of YAML text, safely: nothing is constructed but text, integers, booleans, null, lists and maps.

Rules come from strangers. The text is bounded in bytes, depth and nodes; aliases count as often as they are used, so a
bomb of aliases meets the bound; a key that stands twice is an error where the second one stands.

Scalars follow YAML 1.2's core schema, less its floating-point numbers: `yes`, `010`, `1.10` and `2024-01-01` are text
as written, since in a rule the field decides the type and never the look of a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import msgspec
import yaml
from yaml.cyaml import CBaseLoader

from vedette.errors import Location, RuleError

#: Bounds of one file. The largest public rule has 70 KB, 1,400 nodes and a depth of 6.
MAX_BYTES: Final = 8 << 20
MAX_DEPTH: Final = 64
MAX_NODES: Final = 400_000
MAX_CHARACTERS: Final = 16 << 20

Scalar: TypeAlias = str | int | bool | None
#: What a document is made of.
Plain: TypeAlias = Any
#: Way from the top of a document to a place in it: keys and indices.
Path: TypeAlias = tuple[str | int, ...]

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_CONSTANTS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_DEEP_LINE: Final = re.compile(rf"^[ \-?:]{{{MAX_DEPTH // 2},}}", re.MULTILINE)
_STRING_TAG: Final = "tag:yaml.org,2002:str"
_USUAL_TAGS: Final = frozenset({_STRING_TAG, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"})


class Document(msgspec.Struct, frozen=True):
    """One YAML document that is a map.

    Attributes:
        content: the map.
        line: 1-based line of its first key.
        index: how many documents stand before it in the file.
    """

    content: dict[str, Any]
    line: int
    index: int


def read_documents(text: str, path: str) -> tuple[tuple[Document, ...], tuple[RuleError, ...]]:
    """All documents of a file; those before a syntax error are kept.

    Args:
        text: the file's content.
        path: how to name the file in errors.
    """
    documents: list[Document] = []
    problems: list[RuleError] = []
    try:
        for index, node in enumerate(_nodes(text)):
            if isinstance(node, yaml.ScalarNode) and node.value == "":
                continue  # an empty document, as a file that ends in `---` has
            try:
                documents.append(_document(node, index))
            except _Fault as fault:
                problems.append(fault.located(path))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Location(path, mark.line + 1, mark.column + 1) if mark is not None else Location(path)
        problems.append(RuleError(f"not YAML: {_one_line(error.problem or error)}", place, code="yaml"))
    except yaml.YAMLError as error:
        problems.append(RuleError(f"not YAML: {_one_line(error)}", Location(path), code="yaml"))
    except _Fault as fault:
        problems.append(fault.located(path))
    return tuple(documents), tuple(problems)


def decode(content: bytes, path: str) -> str:
    """A file's bytes as text.

    Raises:
        RuleError: it is too large or not UTF-8.
    """
    if len(content) > MAX_BYTES:
        raise RuleError(
            f"larger than {MAX_BYTES >> 20} MiB", Location(path), code="too-large", remedy="split it into several rules"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RuleError("not UTF-8 text", Location(path, line), code="encoding", remedy="save it as UTF-8") from None


def locate(text: str, index: int, path: Path) -> tuple[int, int]:
    """Line and column (1-based) of the deepest part of `path` that is found; costs a parse, so it is for errors alone.

    Args:
        text: the file's content, which was read without error before.
        index: which document.
        path: keys and indices; the place of a key is the key's, of an index the item's.
    """
    node = next(node for number, node in enumerate(_nodes(text)) if number == index)
    mark: Any = node.value[0][0].start_mark if node.value else node.start_mark
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == step), None)
            if pair is None:
                break
            mark, node = pair[0].start_mark, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            mark = node.start_mark
        else:
            break
    return mark.line + 1, mark.column + 1


def _document(node: yaml.Node, index: int) -> Document:
    if not isinstance(node, yaml.MappingNode):
        raise _Fault("a Sigma document is a map of keys, this is not", node, "not-a-map")
    content = _Builder().build(node)
    line = node.value[0][0].start_mark.line + 1 if node.value else 1
    return Document(content, line, index)


class _Fault(Exception):  # noqa: N818 (not an error of the program; becomes a RuleError once the path is known)
    """A part of a document that is refused."""

    def __init__(self, cause: str, node: yaml.Node | yaml.Event, code: str) -> None:
        super().__init__(cause)
        self.cause, self.code = cause, code
        mark: Any = node.start_mark
        self.line, self.column = mark.line + 1, mark.column + 1

    def located(self, path: str) -> RuleError:
        return RuleError(self.cause, Location(path, self.line, self.column), code=self.code)


class _Builder:
    """Turns a graph of nodes into plain data, and counts."""

    def __init__(self) -> None:
        self.nodes = 0
        self.characters = 0

    def build(self, node: yaml.Node, depth: int = 0) -> Plain:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Fault(f"more than {MAX_NODES:,} nodes, aliases counted as often as used", node, "too-large")
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if depth > MAX_DEPTH:
            raise _Fault(f"nested deeper than {MAX_DEPTH}", node, "too-deep")
        if node.tag not in _USUAL_TAGS and not node.tag.endswith((":map", ":seq")):
            raise _Fault(f"the tag {node.tag[:80]} is not allowed", node, "tag")
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, depth + 1) for item in node.value]
        assert isinstance(node, yaml.MappingNode)
        return self.mapping(node, depth)

    def mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Plain]:
        content: dict[str, Plain] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _Fault("a key must be text", key, "key")
            if key.value == "<<" and key.style == "":
                raise _Fault("merge keys (`<<`) are not part of Sigma; write the keys out", key, "merge-key")
            name = key.value
            if name in content:
                raise _Fault(f"the key {name!r} stands twice", key, "duplicate-key")
            self.characters += len(name)
            content[name] = self.build(value, depth + 1)
        return content

    def scalar(self, node: yaml.ScalarNode) -> Scalar:
        value: str = node.value
        self.characters += len(value)
        if self.characters > MAX_CHARACTERS:
            raise _Fault(
                f"more than {MAX_CHARACTERS:,} characters, aliases counted as often as used", node, "too-large"
            )
        if node.tag not in _USUAL_TAGS:
            raise _Fault(f"the tag {node.tag[:80]} is not allowed", node, "tag")
        if node.style or len(value) > 19:
            return value
        if value in _CONSTANTS:
            return _CONSTANTS[value]
        return int(value) if _INTEGER.fullmatch(value) else value


def _nodes(text: str) -> Iterator[yaml.Node]:
    _bound_depth(text)
    # The base loader resolves no types; only the parser's nodes are used and no constructor runs.
    yield from yaml.compose_all(text, CBaseLoader)


def _bound_depth(text: str) -> None:
    """Refuse what nests too deep before the composer, which recurses in C, meets it."""
    if text.count("[") + text.count("{") <= MAX_DEPTH and not _DEEP_LINE.search(text):
        return
    depth = 0
    for event in yaml.parse(text, CBaseLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _Fault(f"nested deeper than {MAX_DEPTH}", event, "too-deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]
