"""One module per command: a dataclass of its flags and a `main`."""
