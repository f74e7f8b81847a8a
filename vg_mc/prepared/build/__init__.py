"""The offline stage: from annotations and photos to a prepared dataset, once."""
