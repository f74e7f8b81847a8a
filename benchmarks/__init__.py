"""Benchmarks of speed and memory against a baseline implementation, measured in the same run."""
