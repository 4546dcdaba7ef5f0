"""YAML of strangers as plain data: bounded, without anchors, aliases, tags, merge keys or doubled keys."""

from __future__ import annotations

from typing import Any, Final

import yaml

from vedette.errors import Location, PageError

_SafeLoader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: A rule has a handful of levels and at most some thousand values.
MAX_DEPTH: Final = 12
MAX_NODES: Final = 50_000


def read_mapping(text: str, path: str, first: int) -> tuple[dict[str, Any], dict[str, int]]:
    """Read one YAML document that is a mapping.

    Args:
        text: the document.
        path: the page, for errors.
        first: 1-based line of the page on which the text begins.

    Returns:
        The mapping, and the page's line of each of its own keys.

    Raises:
        PageError: it is no YAML, no mapping, not one document, or uses what a rule has no need of.
    """
    try:
        _check_events(text, path, first)
        node = yaml.compose(text, Loader=_SafeLoader)
        lines = _check_keys(node, path, first)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first + mark.line if mark else first
        raise PageError(
            f"the rule is no valid YAML: {error.problem or error.context}",
            Location(path, line),
            remedy="write the rule in a fence with its indentation, or with none at all",
            code="page-yaml",
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PageError(f"the rule is no valid YAML: {error}", Location(path, first), code="page-yaml") from None
    if not isinstance(data, dict):
        raise PageError("the rule is no mapping of keys to values", Location(path, first), code="page-yaml")
    return {str(key): value for key, value in data.items()}, lines


def _refuse(what: str, event: yaml.Event, path: str, first: int, remedy: str) -> PageError:
    return PageError(what, Location(path, _line(event, first)), remedy=remedy, code="page-yaml")


def _line(event: yaml.Event, first: int) -> int:
    return first + (event.start_mark.line if event.start_mark else 0)


def _check_events(text: str, path: str, first: int) -> None:
    depth = documents = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=_SafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise _refuse("the rule uses a YAML alias", event, path, first, "quote a value that begins with *")
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            raise _refuse("the rule uses a YAML anchor", event, path, first, "quote a value that begins with &")
        if getattr(event, "tag", None) not in (None, "!"):
            raise _refuse("the rule uses a YAML tag", event, path, first, "quote a value that begins with !")
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise PageError(
                    "a second rule begins here",
                    Location(path, _line(event, first)),
                    remedy="a hunt page has one rule; make a page for each",
                    code="page-rules",
                )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise _refuse("the rule is nested too deep or too long", event, path, first, "a rule needs a few levels")


def _check_keys(node: yaml.Node | None, path: str, first: int) -> dict[str, int]:
    """Refuse doubled and merged keys anywhere; the lines of the outermost mapping's keys."""
    outermost: dict[str, int] = {}
    stack = [node] if node is not None else []
    while stack:
        current = stack.pop()
        if isinstance(current, yaml.SequenceNode):
            stack.extend(current.value)
        elif isinstance(current, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in current.value:
                line = first + key.start_mark.line
                name = key.value if isinstance(key.value, str) else ""
                if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                    raise PageError("a key of the rule is no plain text", Location(path, line), code="page-yaml")
                if name in seen:
                    raise PageError(
                        f"the key {name!r} stands twice, first in line {seen[name]}",
                        Location(path, line),
                        remedy="keep one of them",
                        code="page-double",
                    )
                seen[name] = line
                stack.append(value)
            outermost = outermost or seen
    return outermost
