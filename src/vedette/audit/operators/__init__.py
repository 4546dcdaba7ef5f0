"""Operators of evasion, one family of places a file: the words of a call, the tool, the program, the parent, claims."""
