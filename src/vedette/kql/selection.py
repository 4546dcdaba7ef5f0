"""What of a set is converted by itself: all but the rules that are there to be joined."""

from __future__ import annotations

import dataclasses

from vedette.hunt.exclusion import Exclusions
from vedette.kql.convert import Options, Query, convert_parts
from vedette.kql.correlation import convert_correlation
from vedette.kql.target import Target
from vedette.sigma.correlation import Correlation
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


def convert_all(
    loaded: RuleSet, target: Target, options: Options | None = None, exclusions: Exclusions | None = None
) -> list[Query]:
    """The queries of a set: rules, then correlations, without those that are only joined.

    Args:
        loaded: the set.
        target: where the queries are to run.
        options: how they are written.
        exclusions: as judged for this target. What a correlation joins is joined with all its matches: one that is
            excluded may be part of what gives an attack away.
    """
    without = joined_only(loaded)
    directory = Directory(loaded.rules, loaded.correlations)
    bound = exclusions.bound if exclusions is not None else {}
    alone = (rule for rule in loaded.rules if rule.id not in without)
    found = [query for rule in alone for query in convert_parts(rule, target, options, bound.get(rule.id, ()))]
    for correlation in loaded.correlations:
        if correlation.id in without:
            continue
        query = convert_correlation(correlation, directory, target, options)
        left = sum(len(bound.get(name, ())) for name in _rules_below(correlation, directory))
        if left and query.text:
            what = "1 exclusion of its rules is" if left == 1 else f"{left:,} exclusions of its rules are"
            note = f"{what} not taken out: an excluded match may be part of an attack"
            query = dataclasses.replace(query, notes=(*query.notes, note))
        found.append(query)
    return found


def _rules_below(correlation: Correlation, directory: Directory) -> frozenset[str]:
    """Ids of all rules that a correlation joins, also through others, each of which is looked at once."""
    found: set[str] = set()
    waiting, seen = [correlation], {correlation.id}
    while waiting:
        for part in resolve(waiting.pop(), directory):
            below = part.source
            if not isinstance(below, Correlation):
                found.add(below.id)
            elif below.id not in seen:
                seen.add(below.id)
                waiting.append(below)
    return frozenset(found)
