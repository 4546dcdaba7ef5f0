"""Matches become verdicts, verdicts become findings."""
