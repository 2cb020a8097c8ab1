"""Regimes: reduced and disturbed versions of a data set, and random simulated data sets."""
