"""Generator of a synthetic corpus: drawn scenes with referring expressions."""
