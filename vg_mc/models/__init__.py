"""Pretrained models: loading (this folder), what is trained of them, their cached features."""
