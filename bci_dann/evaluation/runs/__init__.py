"""Runs: their tasks, workers, records and result tables."""
