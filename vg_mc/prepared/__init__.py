"""The prepared dataset on disk: three Hugging Face datasets, a manifest and a dataset card."""
