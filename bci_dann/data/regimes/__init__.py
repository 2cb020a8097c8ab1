"""Regimes: reduced and disturbed versions of a dataset, and random simulated datasets."""
