"""Tables of results, and their values."""
