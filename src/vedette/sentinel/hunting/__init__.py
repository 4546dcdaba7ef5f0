"""Rules asked of a Log Analytics workspace, and its rows read as the findings of a hunt."""
