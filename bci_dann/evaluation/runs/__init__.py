"""Benchmark runs: tasks, workers, records of finished tasks, and result tables."""
