"""Logs: from bytes to events."""
