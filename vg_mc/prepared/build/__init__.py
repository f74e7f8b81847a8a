"""The offline stage: creation of a prepared dataset from a corpus and its images."""
