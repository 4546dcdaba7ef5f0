"""What of a set is converted by itself: all but the rules that are there to be joined."""

from __future__ import annotations

from vedette.kql.convert import Options, Query, convert_parts
from vedette.kql.correlation import convert_correlation
from vedette.kql.target import Target
from vedette.sigma.references import Directory, resolve
from vedette.sigma.ruleset import RuleSet


def joined_only(loaded: RuleSet) -> frozenset[str]:
    """Ids of rules and correlations that some correlation joins, and none with `generate: true`."""
    directory = Directory(loaded.rules, loaded.correlations)
    joined: dict[str, bool] = {}
    for correlation in loaded.correlations:
        for part in resolve(correlation, directory):
            joined[part.source.id] = joined.get(part.source.id, False) or correlation.generate
    return frozenset(name for name, alone in joined.items() if not alone)


def convert_all(loaded: RuleSet, target: Target, options: Options | None = None) -> list[Query]:
    """The queries of a set: rules, then correlations, without those that are only joined."""
    without = joined_only(loaded)
    directory = Directory(loaded.rules, loaded.correlations)
    alone = (rule for rule in loaded.rules if rule.id not in without)
    found = [query for rule in alone for query in convert_parts(rule, target, options)]
    found += [
        convert_correlation(correlation, directory, target, options)
        for correlation in loaded.correlations
        if correlation.id not in without
    ]
    return found
