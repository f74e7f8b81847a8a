"""Corpora of referring expressions: one foreign format per file."""
