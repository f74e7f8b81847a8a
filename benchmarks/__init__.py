"""Speed and memory against the plain way of doing the same work, both measured in one run."""
