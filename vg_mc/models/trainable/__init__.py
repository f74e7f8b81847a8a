"""What of a model is trained: its parts, frozen weights and statistics, adapters."""
