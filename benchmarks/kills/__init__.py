"""Benchmarks of killed processes and full disks with ``prepare_data.py``."""
