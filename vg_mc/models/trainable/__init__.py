"""Trainable parts of a model: selection, freezing, LoRA adapters, activation checkpointing."""
