"""Kinds of proposers, one module each with its options and registration."""
