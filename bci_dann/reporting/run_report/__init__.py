"""The report of a run: one HTML page about its results, how to read them, and how to cite them."""
