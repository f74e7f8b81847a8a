"""Tables, plots and HTML pages, made from stored predictions."""
