"""Grounders: expressions and their candidates in, logits out; or, as modules, batches of them."""
