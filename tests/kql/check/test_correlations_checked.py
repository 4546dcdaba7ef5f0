"""Microsoft's parser accepts every form that a correlation is written in."""

from __future__ import annotations

import pytest
from tests.kql.correlated import converted, document

INNER = "name: inner\n" + document("event_count", ["sudo"], condition="{gte: 2}")
ALIASES = "{what is: {sudo: CommandLine, reach: DestinationPort}, where: {sudo: User, reach: User}}"
DOCUMENTS = {
    "event_count": document("event_count", ["sudo"], condition="{gte: 2, neq: 5}"),
    "all together": document("event_count", ["sudo", "reach"], group_by="[]", condition="{gte: 2}"),
    "value_count": document("value_count", ["sudo"], condition="{field: [CommandLine, ProcessId], gte: 2}"),
    "value_sum": document("value_sum", ["reach"], condition="{field: SourcePort, lt: -5}"),
    "value_avg": document("value_avg", ["reach"], condition="{field: SourcePort, gt: 1.5}"),
    "temporal": document("temporal", ["flush", "reach", "sudo"], timespan="90m"),
    "temporal_ordered": document("temporal_ordered", ["flush", "reach", "sudo"], timespan="1d"),
    "aliases": document("temporal", ["sudo", "reach"], group_by="[what is, where, Computer]", aliases=ALIASES),
    "chain": document("temporal_ordered", ["inner", "flush"]),
}


#: No field of a Syslog event is a number.
CASES = [
    (name, target)
    for name in DOCUMENTS
    for target in ("asim", "xdr", "syslog")
    if target != "syslog" or name not in ("value_sum", "value_avg")
]


@pytest.mark.parametrize("settings", [{}, {"window": "bin"}, {"style": "scan"}], ids=str)
@pytest.mark.parametrize(("name", "target"), CASES)
def test_every_form_is_accepted(tmp_path, checker, name, target, settings):
    inner = [INNER] if name == "chain" else []
    query = converted(tmp_path, DOCUMENTS[name], *inner, target=target, **settings)
    assert query.errors == ()
    assert checker.check(query.text) == ()
