"""Everything that converts, over all public rules: Microsoft's parser has nothing against it."""

from __future__ import annotations

import pytest

from vedette.kql import convert, read_target
from vedette.sigma.ruleset import load


@pytest.mark.long
@pytest.mark.parametrize("target", ["asim", "xdr", "syslog"])
def test_no_converted_query_is_wrong(checker, sigmahq, target):
    rules = load(sorted(path for path in sigmahq.glob("rules*") if path.is_dir())).rules
    queries = [query for rule in rules if (query := convert(rule, read_target(target))).text]
    assert len(queries) > 50
    wrong = [
        (str(query.rule.location), said.code, said.message)
        for query in queries
        for said in checker.check(query.text)
        if said.code not in ("VKQL-length", "VKQL-depth")
    ]
    assert wrong == []
