"""Fine-tuning with cross-entropy over sampled candidates, in one or several processes."""
