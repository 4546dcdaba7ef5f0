"""Findings, summaries and surveys put into words, rows and lines for people and programs."""
