"""Processing of expressions: cleaning, word lists, subjects and prompt templates."""
