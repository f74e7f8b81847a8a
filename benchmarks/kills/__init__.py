"""Faults of processes and disks, tried on ``prepare_data.py`` as its users run it."""
