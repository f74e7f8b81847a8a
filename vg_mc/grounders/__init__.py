"""Grounders: models and rules that answer referring expressions."""
