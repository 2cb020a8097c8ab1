"""Regimes: the situations of users, derived from a data set, and random simulated data sets."""
