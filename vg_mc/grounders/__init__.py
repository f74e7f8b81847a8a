"""Grounders: an image, expressions and proposals in, boxes and logits out."""
