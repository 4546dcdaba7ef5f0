"""Rendered content in a workspace: what is there, what would change, and the change."""
