"""Kinds of proposers: one file for each, with its options and its registration."""
