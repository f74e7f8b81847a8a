"""Referring expression comprehension as multiple choice: CLIP picks the drawn region proposal."""

__version__ = "0.1.0"
