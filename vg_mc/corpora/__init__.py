"""Readers of referring expression corpora: one file per format."""
