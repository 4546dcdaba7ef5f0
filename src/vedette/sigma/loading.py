"""File after file of Sigma documents, sorted into what they are; nothing that goes wrong in one stops the next."""

from __future__ import annotations

from typing import Any

from vedette.errors import Location, RuleError
from vedette.sigma.documents import Document, decode, read_documents
from vedette.sigma.files import RuleFile
from vedette.sigma.filter import Filter, lower_filter
from vedette.sigma.lower import lower_rule
from vedette.sigma.notice import Notice
from vedette.sigma.refusal import RefusedError
from vedette.sigma.rule import Rule


class Loading:
    """Collects documents.

    Attributes:
        rules: by id, in the order met; the first of an id stays.
        filters: by id, in the order met; the first of an id stays.
        correlations: documents with a `correlation`, and where they stand.
        problems: what gave no rule.
        warnings: what to know about the rest.
    """

    def __init__(self) -> None:
        self.rules: dict[str, Rule] = {}
        self.filters: dict[str, Filter] = {}
        self.correlations: list[tuple[dict[str, Any], Location]] = []
        self.problems: list[RuleError] = []
        self.warnings: list[Notice] = []

    def add(self, file: RuleFile) -> None:
        """Read all documents of a file."""
        try:
            text = decode(file.content, file.path)
        except RuleError as error:
            self.problems.append(error)
            return
        documents, problems = read_documents(text, file.path)
        for document in documents:
            try:
                self._sort(document, file, text)
            except RefusedError as refused:
                self.problems.append(refused.located(file.path, text, document.index))
            except RuleError as error:
                self.problems.append(error)
        self.problems.extend(problems)
        if not documents and not problems:
            self.problems.append(
                RuleError("an empty file holds no rule", Location(file.path), code="empty", remedy="remove the file")
            )

    def _sort(self, document: Document, file: RuleFile, text: str) -> None:
        content, place = document.content, Location(file.path, document.line)
        if "correlation" in content:
            self.correlations.append((content, place))
            self.warnings.append(
                Notice("a correlation is not evaluated yet; only the rules that it joins are", place, "correlation")
            )
        elif "filter" in content:
            self._filter(document, file, text)
        elif "detection" in content:
            self._rule(document, file, text)
        elif "action" in content:
            raise RefusedError(
                "`action` joined documents before Sigma 2", "action", ("action",), remedy="write each rule out in full"
            )
        else:
            raise RefusedError(
                "neither a rule (detection), a filter nor a correlation",
                "not-a-rule",
                remedy="move it out of the rules",
            )

    def _filter(self, document: Document, file: RuleFile, text: str) -> None:
        lowered, warnings = lower_filter(document, file.path, text, file.license)
        first = self.filters.setdefault(lowered.id, lowered)
        if first is not lowered:
            raise RefusedError(
                f"the id {lowered.id} is that of {first.location}, which stays",
                "duplicate-id",
                ("id",),
                remedy="give one of them a new id, or load only one",
            )
        self.warnings.extend(warnings)

    def _rule(self, document: Document, file: RuleFile, text: str) -> None:
        rule, warnings = lower_rule(document, file.path, text, file.license)
        first = self.rules.setdefault(rule.id, rule)
        if first is rule:
            self.warnings.extend(warnings)
            return
        raise RefusedError(
            f"the id {rule.id} is that of {first.location}, which stays",
            "duplicate-id",
            ("id",),
            remedy="give one of them a new id, or load only one",
        )
