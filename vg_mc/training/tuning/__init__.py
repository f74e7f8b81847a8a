"""Hyperparameter search: search spaces, studies, and trials in separate processes."""
