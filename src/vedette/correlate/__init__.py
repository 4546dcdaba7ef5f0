"""Matches of rules, correlated."""
