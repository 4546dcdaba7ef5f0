"""Columns and predicates become matches: plans, scans, matchers."""

from vedette.engine.cache import Cache
from vedette.engine.matcher import Backend, Matcher
from vedette.engine.outcome import Hit
from vedette.engine.plan import Plan, Planned, plan
from vedette.engine.query import Query

__all__ = ["Backend", "Cache", "Hit", "Matcher", "Plan", "Planned", "Query", "plan"]
