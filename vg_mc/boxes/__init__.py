"""Bounding boxes: arithmetic, formats, and transforms between an image and a model input."""
