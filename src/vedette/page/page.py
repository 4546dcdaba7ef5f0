"""A hunt page as read: its parts, each with the line on which it stands. Data, no logic."""

from __future__ import annotations

from typing import Literal

import msgspec


class Scenario(msgspec.Struct, frozen=True):
    """One false-positive scenario of a page.

    Attributes:
        title: what follows `Scenario:`.
        description: what follows `Description:`, or the empty text.
        filter: what follows `Filter/Exclusion:`, word for word, or the empty text.
        line: 1-based line of the title.
        filter_line: 1-based line on which the filter begins, 0 where there is none; fences within it are blank lines.
        complete: all three parts are there and none breaks off.
        why: what is missing, one line; empty if complete.
        filter_column: 1-based column at which the filter begins, 0 where there is none.
    """

    title: str
    description: str
    filter: str
    line: int
    filter_line: int
    complete: bool
    why: str = ""
    filter_column: int = 0


class Unread(msgspec.Struct, frozen=True):
    """A part of the page that was not understood, kept as it stands.

    Attributes:
        line: 1-based line on which it begins.
        text: as written.
        why: why it was not read, one line.
    """

    line: int
    text: str
    why: str


class HuntPage(msgspec.Struct, frozen=True):
    """A hunt page.

    Attributes:
        name: the page's file name, without folders.
        title: the page's first heading, or the rule's title.
        prose: paragraphs of running text, joined by blank lines.
        rule_text: the Sigma rule as it stands on the page.
        rule: the rule as YAML with its indentation.
        rule_line: 1-based line on which the rule begins.
        form: whether the page had kept the rule's indentation.
        restored: number of lines whose indentation was restored.
        kql: the query, word for word, or the empty text.
        kql_line: 1-based line on which the query begins, 0 where there is none.
        scenarios: in the page's order.
        unread: what was not understood, in the page's order.
        digest: SHA-256 of the page's bytes, in hex.
    """

    name: str
    title: str
    prose: str
    rule_text: str
    rule: str
    rule_line: int
    form: Literal["indented", "flat"]
    restored: int
    kql: str
    kql_line: int
    scenarios: tuple[Scenario, ...]
    unread: tuple[Unread, ...]
    digest: str
