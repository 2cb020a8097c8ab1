"""Regimes: situations of users, derived from a data set; and simulated data sets drawn at random."""
