"""Searching good settings of a training: what is searched, in which order, and what came of it."""
