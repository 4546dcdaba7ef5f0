"""File after file of Sigma documents, sorted into what they are; nothing that goes wrong in one stops the next."""

from __future__ import annotations

from vedette.errors import Location, RuleError
from vedette.sigma.correlation import Correlation
from vedette.sigma.documents import Document, decode, read_documents
from vedette.sigma.files import RuleFile
from vedette.sigma.filter import Filter
from vedette.sigma.lower import lower_rule
from vedette.sigma.lower_correlation import lower_correlation
from vedette.sigma.lower_filter import lower_filter
from vedette.sigma.notice import Notice
from vedette.sigma.references import Directory, check
from vedette.sigma.refusal import RefusedError
from vedette.sigma.rule import Rule


class Loading:
    """Collects documents.

    Attributes:
        rules: by id, in the order met; the first of an id stays.
        filters: by id, in the order met; the first of an id stays.
        correlations: by id, in the order met; those that don't resolve go when all files are read.
        problems: what gave no rule.
        warnings: what to know about the rest.
    """

    def __init__(self) -> None:
        self.rules: dict[str, Rule] = {}
        self.filters: dict[str, Filter] = {}
        self.correlations: dict[str, Correlation] = {}
        self._origins: dict[str, tuple[RuleFile, int]] = {}
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

    def settle(self) -> None:
        """Resolve the correlations among all that was read; those that name what is not there become problems."""
        read = tuple(self.correlations.values())
        kept, refused = check(read, Directory(self.rules.values(), read))
        for correlation, refusal in refused:
            file, index = self._origins[correlation.id]
            self.problems.append(refusal.located(file.path, decode(file.content, file.path), index))
        self.correlations = {correlation.id: correlation for correlation in kept}

    def _sort(self, document: Document, file: RuleFile, text: str) -> None:
        content = document.content
        if "correlation" in content:
            self._correlation(document, file, text)
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
            raise _taken(lowered.id, first.location)
        self.warnings.extend(warnings)

    def _correlation(self, document: Document, file: RuleFile, text: str) -> None:
        lowered, refusals, warnings = lower_correlation(document, file.path, text, file.license)
        self.problems.extend(refusal.located(file.path, text, document.index) for refusal in refusals)
        if lowered is None:
            return
        first = self.rules.get(lowered.id) or self.correlations.setdefault(lowered.id, lowered)
        if first is not lowered:
            raise _taken(lowered.id, first.location)
        self._origins[lowered.id] = file, document.index
        self.warnings.extend(warnings)

    def _rule(self, document: Document, file: RuleFile, text: str) -> None:
        rule, warnings = lower_rule(document, file.path, text, file.license)
        first = self.correlations.get(rule.id) or self.rules.setdefault(rule.id, rule)
        if first is not rule:
            raise _taken(rule.id, first.location)
        self.warnings.extend(warnings)


def _taken(identity: str, first: Location) -> RefusedError:
    return RefusedError(
        f"the id {identity} is that of {first}, which stays",
        "duplicate-id",
        ("id",),
        remedy="give one of them a new id, or load only one",
    )
