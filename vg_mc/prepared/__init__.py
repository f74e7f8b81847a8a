"""The prepared dataset on disk: three plain Hugging Face datasets, a manifest and a card."""
