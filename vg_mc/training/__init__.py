"""Fine-tuning: cross-entropy over drawn candidates, on one process or many."""
