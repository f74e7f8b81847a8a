"""Boxes: arithmetic, formats of files, and transforms between an image and a model's input."""
