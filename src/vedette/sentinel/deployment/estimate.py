"""Alerts a day: how many a rule would have made, by a hunt through logs of the past or by the workspace's own rows."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from vedette.errors import UsageError
from vedette.hunt.finding import Finding
from vedette.sentinel.connection import Connection
from vedette.sentinel.deployment.resource import Resource
from vedette.sentinel.duplicates import of_all_time

#: Alerts that a rule may make on its busiest day unless a flag says otherwise: one each quarter of an hour, about as
#: many as a person can look at who does nothing else.
MAX_PER_DAY: Final = 100


class Estimate(msgspec.Struct, frozen=True):
    """What a rule would have made.

    Attributes:
        alerts: in all.
        days: on which there was history; a day in part counts as one.
        busiest: alerts of the day with most.
        source: `logs` or `workspace`.
    """

    alerts: int
    days: int
    busiest: int
    source: str

    def __str__(self) -> str:
        """One line."""
        mean = self.alerts / self.days if self.days else 0.0
        days = "1 day" if self.days == 1 else f"{self.days:,} days"
        return f"about {mean:.1f} alerts a day, {self.busiest:,} on the busiest of {days} of {self.source}"


def of_findings(findings: Iterable[Finding], rules: Iterable[str]) -> dict[str, Estimate]:
    """Count alerts of a local hunt.

    Args:
        findings: of the hunt; those that an exclusion covers make no alert.
        rules: ids of all rules that hunted, so that those without a finding count as none.

    Returns:
        Rule id to what it would have made; the days are those from the first to the last finding of any rule.
    """
    by_rule: dict[str, Counter[str]] = {}
    days: set[str] = set()
    for one in findings:
        days.add(one.time[:10])
        if one.verdict.decision == "alert":
            by_rule.setdefault(one.rule.id, Counter())[one.time[:10]] += 1
    span = _span(days)
    return {name: _of_days(by_rule.get(name, Counter()), span, "logs") for name in rules}


def of_workspace(connection: Connection, resource: str, wanted: Sequence[Resource], days: int) -> dict[str, Estimate]:
    """Count the rows that each rule would have selected in the workspace; parts of a rule are added up.

    Raises:
        UsageError: a query is refused, or answers in part.
    """
    from azure.core.exceptions import AzureError
    from azure.monitor.query import LogsQueryStatus

    client = connection.logs(retry_total=5)
    counted: dict[str, Counter[str]] = {}
    for one in wanted:
        if one.kind != "rule":
            continue
        text = of_all_time(str(one.fields["query"]))
        query = f"{text}\n| summarize Alerts = count() by Day = bin(TimeGenerated, 1d)"
        try:
            answer = client.query_resource(resource, query, timespan=dt.timedelta(days=days))
        except AzureError as error:
            message = " ".join(str(error).split())[:300]
            raise UsageError(f"{one.title}: the workspace can't say how often it would alert: {message}") from None
        if answer.status != LogsQueryStatus.SUCCESS:
            raise UsageError(f"{one.title}: the workspace answers in part; ask for fewer days")
        counter = counted.setdefault(one.rule, Counter())
        for row in answer.tables[0].rows if answer.tables else ():
            counter[str(row[0])[:10]] += int(row[1])
    return {name: _of_days(counter, days, "workspace") for name, counter in counted.items()}


def noisy(estimates: Mapping[str, Estimate], most: int) -> dict[str, str]:
    """Rules that would alert more often than wanted, with the reason."""
    return {
        name: f"{one}; more than {most:,}, see --max-alerts-per-day and --allow-noisy"
        for name, one in estimates.items()
        if one.busiest > most
    }


def _of_days(counter: Mapping[str, Any], days: int, source: str) -> Estimate:
    return Estimate(sum(counter.values()), days, max(counter.values(), default=0), source)


def _span(days: set[str]) -> int:
    if not days:
        return 0
    first, last = dt.date.fromisoformat(min(days)), dt.date.fromisoformat(max(days))
    return (last - first).days + 1
