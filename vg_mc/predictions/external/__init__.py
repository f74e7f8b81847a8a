"""Answers of other systems: boxes or raw replies in a file, joined with expressions."""
