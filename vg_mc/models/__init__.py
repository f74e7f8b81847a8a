"""Dual encoders and other pretrained models: loading, training options, cached features."""
