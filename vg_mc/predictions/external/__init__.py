"""Answers of other systems: boxes or raw replies from a file, matched with expressions."""
