"""Tasks: what a training run optimises."""
