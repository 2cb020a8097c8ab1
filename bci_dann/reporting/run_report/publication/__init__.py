"""Texts of a run to publish: methods in words with citations, and tables of results."""
