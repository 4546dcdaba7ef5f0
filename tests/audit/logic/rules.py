"""Rules for tests, out of the text of a detection section or out of predicates."""

from __future__ import annotations

import msgspec
from tests.sigma.samples import rule_text

from vedette.event import LogSource
from vedette.predicate import Predicate
from vedette.sigma.documents import read_documents
from vedette.sigma.lower import digest_of, lower_rule
from vedette.sigma.rule import Rule


def rule(detection: str, *, title: str = "sample", head: str = "", file: str = "sample.yml") -> Rule:
    """A rule with this detection section."""
    documents, problems = read_documents(rule_text(detection, title=title, head=head), file)
    assert not problems
    return lower_rule(documents[0], file, "")[0]


def of(identity: str, predicate: Predicate, logsource: LogSource | None = None) -> Rule:
    """A rule that means the predicate."""
    made = rule("a: {User: x}\ncondition: a", file=f"{identity}.yml")
    return msgspec.structs.replace(
        made,
        id=identity,
        title=identity,
        predicate=predicate,
        names={"a": predicate},
        digest=digest_of(predicate),
        logsource=logsource or made.logsource,
    )
